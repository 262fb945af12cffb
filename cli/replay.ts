/**
 * Rebuilds a view beside the one in use, from the log or from the lake, while traffic goes on: everything up to where the
 * view's groups stand is written by the sinks' own code; then the sinks are stopped for the last stretch, what was written is
 * counted and compared, and the two change places. The view in use is only ever replaced whole.
 *
 * A replay that was killed goes on where it stopped: how far each partition is, and under which label the rebuild stands,
 * is on disk around every batch, and the batch that was under way is written as one that may be there already.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, ParapetError } from '../core/errors.ts';
import type { EventLog, PartitionRange } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Mask } from '../sinks/erasure.ts';
import type { ObjectStore } from '../sinks/s3/index.ts';
import type { Differences, Rebuild, RebuildPart } from './rebuilds/port.ts';
import { type Batches, createBatches, type Written } from './replay-batches.ts';
import { firstWritten, forget, placeOf, type Remembered, recall, remember, writtenSince } from './replay-progress.ts';
import { openSource, type ReplaySource } from './replay-source.ts';

export interface ReplayProgress {
  done: number;
  total: number;
}

export interface ReplayResult extends Differences {
  view: string;
  source: ReplaySource;
  /** Records that belong into the view. */
  records: number;
  /** Rows of the rebuilt view, without those taken over from outside of the window. */
  rows: number;
  /** Records written that the store keeps no longer, or soon will not: they are neither counted nor compared. */
  expired: number;
  /** Records that could not be decoded or that the store refused, here as in the live view: they are dead letters. */
  skipped: number;
  /** Rows that the old view lacked, had too many of, or had otherwise. */
  differences: number;
  /** Records that an earlier run, which was interrupted, had done. */
  resumed: number;
  seconds: number;
  /** Of them, reading and writing; the others are counting, comparing and the exchange. */
  writeSeconds: number;
  eventsPerSecond: number;
}

export interface ReplayOptions {
  view: string;
  source: ReplaySource;
  /** Event times in milliseconds since 1970: only records in [from, to) are replayed, other rows are taken over as they are. */
  from?: number | undefined;
  to?: number | undefined;
  /** Records a second at most. */
  rate?: number | undefined;
  /** Forgets an earlier run that was interrupted. */
  restart?: boolean | undefined;
  /** Swaps although the source has forgotten what the view in use still holds. */
  shorter?: boolean | undefined;
}

export interface ReplayParts {
  log: EventLog;
  codec: Codec;
  lake: ObjectStore;
  /** Of erased subjects. */
  mask?: Mask | undefined;
  /** Where to remember how far it is; one file for each view. */
  progressFile: string;
  rebuild(label: string): Rebuild;
  /** Stops the view's sinks, wherever they run. */
  pause(): Promise<void>;
  onProgress(progress: ReplayProgress): void;
}

/** What the source has of one topic that the view's sink has finished. */
type Ranges = { part: RebuildPart; ranges: PartitionRange[] }[];

/** So many records may be left when the sinks are stopped; or the log grows faster than it is read. */
const LAST_STRETCH = 10_000;
const ROUNDS = 5;
const LAKE_WAIT_MS = 180_000;
/** After these the next run goes on; anything else would only be found again. */
const PASSING: readonly ErrorCode[] = ['PARAPET_STORE_UNAVAILABLE', 'PARAPET_LOG_UNAVAILABLE', 'PARAPET_REPLAY_IMPOSSIBLE'];

/**
 * Throws PARAPET_VIEW_UNKNOWN, PARAPET_REPLAY_DIFFERS when the rebuilt view is not whole, and, after which the next run goes
 * on where this one stopped, PARAPET_STORE_UNAVAILABLE, PARAPET_LOG_UNAVAILABLE and PARAPET_REPLAY_IMPOSSIBLE.
 */
export async function replayView(parts: ReplayParts, options: ReplayOptions): Promise<ReplayResult> {
  const { log, codec, lake, progressFile, onProgress } = parts;
  const { view, rate } = options;
  const started = performance.now();
  const source = openSource(options.source, { log, lake });
  const window = windowOf(options);
  if (window !== undefined && parts.rebuild('x').keepOutside === undefined) {
    throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', {
      message: `${view} can only be rebuilt whole.`,
      hint: 'Leave --from and --to out.',
    });
  }
  const state = await begin();
  const resumed = state.done;
  let writeMs = 0;
  const rebuild = parts.rebuild(state.label);
  for (const { sink } of rebuild.parts) await sink.open();

  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await write(await finished());
      if (left(await finished()) <= LAST_STRETCH) break;
    }
    await parts.pause();
    const last = await settled();
    await write(last);
    const since = (await rebuild.keptSince?.()) ?? 0;
    const [rows, written] = [await rebuild.rows(since), writtenSince(state, since)];
    if (rows !== written) {
      throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
        message: `${view}: ${written} records were written, the rebuilt view has ${rows} rows. The view in use was kept.`,
      });
    }
    await requireAsLong(last, since);
    if (window !== undefined) await rebuild.keepOutside?.(window);
    const differences = await rebuild.compare(since);
    await unchanged(last);
    state.swapping = true;
    remember(progressFile, state);
    await rebuild.swap();
    forget(progressFile);
    await unchanged(last);
    const seconds = (performance.now() - started) / 1_000;
    return {
      view,
      source: options.source,
      records: state.done,
      rows,
      expired: writtenSince(state, 0) - written,
      skipped: state.skipped,
      ...differences,
      differences: differences.missing + differences.extra,
      resumed,
      seconds,
      writeSeconds: writeMs / 1_000,
      eventsPerSecond: (state.done - resumed) / seconds,
    };
  } catch (error) {
    if (!(error instanceof ParapetError && PASSING.includes(error.code))) {
      forget(progressFile);
      await rebuild.drop().catch(() => undefined);
    }
    throw error;
  }

  /** What an earlier run left, or a fresh beginning. */
  async function begin(): Promise<Remembered> {
    const found = recall(progressFile);
    const wanted = { source: options.source, from: options.from ?? null, to: options.to ?? null };
    const same = found?.source === wanted.source && found.from === wanted.from && found.to === wanted.to;
    if (found && same && !found.swapping && !options.restart) return found;
    if (found) {
      const old = parts.rebuild(found.label);
      // Whether the exchange was done, half done or not begun: ended, and what is left of it dropped, the view is whole.
      if (found.swapping) await old.finishSwap?.();
      await old.drop();
    }
    const label = Date.now().toString(36);
    const fresh: Remembered = { label, ...wanted, places: {}, done: 0, skipped: 0, written: {}, swapping: false };
    // Before the first batch, so that whatever a kill leaves is found again.
    remember(progressFile, fresh);
    return fresh;
  }

  /** What the view's groups have finished, of what the source holds. */
  async function finished(): Promise<Ranges> {
    return Promise.all(
      rebuild.parts.map(async (part) => {
        const reached = await reachedBy(part);
        const held = await source.ranges(part.topic);
        const ranges = held.map(({ partition, start, end }) => {
          return { partition, start, end: Math.max(start, Math.min(end, reached.get(partition) ?? start)) };
        });
        return { part, ranges };
      }),
    );
  }

  /** By partition. A store that counts has positions of its own, and after a kill they are before the group's. */
  async function reachedBy({ group, topic }: RebuildPart): Promise<Map<number, number>> {
    const reached = new Map<number, number>();
    const commits = (await log.commits(group)).filter((commit) => commit.topic === TOPICS[topic].name);
    for (const { partition, offset } of [...commits, ...((await rebuild.positions?.(group)) ?? [])]) {
      reached.set(partition, Math.max(offset, reached.get(partition) ?? 0));
    }
    return reached;
  }

  /** As `finished`, with the sinks at rest; the lake, which comes after the log, is waited for. */
  async function settled(): Promise<Ranges> {
    const until = Date.now() + LAKE_WAIT_MS;
    for (;;) {
      const ranges = await finished();
      const behind = options.source === 'log' ? undefined : await behindOf(ranges);
      if (behind === undefined) return ranges;
      if (Date.now() > until) {
        throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', {
          message: `The lake does not hold yet what ${view} does: ${behind} is behind. Is the lake's sink running?`,
        });
      }
      await sleep(500);
    }
  }

  async function behindOf(all: Ranges): Promise<string | undefined> {
    for (const { part, ranges } of all) {
      for (const [partition, offset] of await reachedBy(part)) {
        if (offset > (ranges.find((range) => range.partition === partition)?.end ?? 0)) return placeOf(part.topic, partition);
      }
    }
    return undefined;
  }

  /** A source keeps some views' events for less long than the view does: what it has forgotten must not be gone by the exchange. */
  async function requireAsLong(all: Ranges, kept: number): Promise<void> {
    if (options.shorter || !all.some(({ ranges }) => ranges.some(({ start }) => start > 0))) return;
    const first = firstWritten(state) ?? Date.now();
    const rows = await rebuild.forgotten(Math.max(kept, window?.from ?? 0), Math.min(first, window?.to ?? first));
    if (rows === 0) return;
    throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
      message: `${view} holds ${rows} rows of events that the ${options.source} has forgotten: it begins at ${new Date(first).toISOString()}. The view in use was kept.`,
      hint: 'Replay from the lake (--source lake), or only what the source still has (--from), or say --shorter to give them up.',
    });
  }

  /** A sink that wrote in the meantime wrote into the view that goes. */
  async function unchanged(before: Ranges): Promise<void> {
    for (const { part, ranges } of await finished()) {
      const known = before.find((each) => each.part.group === part.group)?.ranges ?? [];
      for (const { partition, start, end } of ranges) {
        if (end <= (known.find((range) => range.partition === partition)?.end ?? start)) continue;
        throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
          message: `A sink of ${part.group} was started during the exchange. Stop it and replay again.`,
        });
      }
    }
  }

  function left(all: Ranges): number {
    let count = 0;
    for (const { part, ranges } of all) {
      for (const { partition, start, end } of ranges) {
        count += Math.max(0, end - Math.max(start, state.places[placeOf(part.topic, partition)]?.next ?? start));
      }
    }
    return count;
  }

  async function write(all: Ranges): Promise<void> {
    const total = state.done + left(all);
    const since = { at: performance.now(), done: state.done };
    const report = async () => {
      onProgress({ done: state.done, total: Math.max(total, state.done) });
      if (rate === undefined) return;
      const due = since.at + ((state.done - since.done) / rate) * 1_000;
      if (due > performance.now()) await sleep(due - performance.now());
    };
    for (const { part, ranges } of all) {
      const { maxRecords, maxBytes } = part.sink.limits;
      // A slow replay is one of small batches, not of long pauses.
      const limits = { maxRecords: Math.min(maxRecords, Math.ceil(rate ?? maxRecords)), maxBytes };
      const batches = createBatches({ source, codec, part, limits, window, mask: parts.mask, positioned: rebuild.positions !== undefined });
      for (const range of ranges) await writeRange(part, batches, range, report);
    }
    writeMs += performance.now() - since.at;
  }

  async function writeRange(part: RebuildPart, batches: Batches, range: PartitionRange, report: () => Promise<void>): Promise<void> {
    const { partition, start, end } = range;
    const name = placeOf(part.topic, partition);
    state.places[name] ??= { next: start, tried: start };
    const place = state.places[name];
    const done = ({ lastOffset, records, skipped, hours }: Written) => {
      place.next = lastOffset + 1;
      state.done += records;
      state.skipped += skipped;
      for (const [hour, count] of hours) state.written[hour] = (state.written[hour] ?? 0) + count;
      remember(progressFile, state);
      return report();
    };
    if (place.tried > place.next) await done(await batches.again({ partition, from: place.next, end: place.tried }));

    let writing: Promise<void> = Promise.resolve();
    try {
      // Asking for the next batch decodes it, while the one before is written.
      for await (const batch of batches.cut({ partition, from: Math.max(start, place.next), end })) {
        await writing;
        place.tried = batch.lastOffset + 1;
        remember(progressFile, state);
        writing = batch.write().then(done);
        // What it throws is thrown where it is awaited; until then it must not count as unhandled.
        writing.catch(() => undefined);
      }
    } finally {
      await writing.catch(() => undefined);
    }
    await writing;
    // Behind the last record there may be offsets that are nobody's.
    place.next = Math.max(place.next, end);
    place.tried = place.next;
  }
}

function windowOf({ from, to }: ReplayOptions): { from: number; to: number } | undefined {
  return from === undefined && to === undefined ? undefined : { from: from ?? 0, to: to ?? Date.UTC(2262, 0, 1) };
}
