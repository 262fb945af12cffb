/**
 * Rebuilds a view beside the one in use, from the log or from the lake, while traffic goes on: everything up to where the
 * view's group stands is written by the sink's own code; then the sink is stopped for the last stretch, what was written is
 * counted and compared, and the two change places. The view in use is only ever replaced whole.
 *
 * A replay that was killed goes on where it stopped: how far each partition is, and under which label the rebuild stands,
 * is on disk after every batch, and the batch that was under way is written as one that may be there already.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../core/errors.ts';
import type { EventLog, PartitionRange, StoredRecord } from '../log/port.ts';
import { TOPICS, type TopicId } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { decodeAll } from '../sinks/gather.ts';
import type { BatchBounds, Draft } from '../sinks/port.ts';
import { type LakeTopic, lakeRanges, type ObjectStore, readLake } from '../sinks/s3/index.ts';
import type { Differences, Rebuild } from './rebuilds.ts';

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
  /** Records that could not be decoded or that the store refused, here as in the live view: they are dead letters. */
  skipped: number;
  /** Rows that the old view lacked, had too many of, or had otherwise. */
  differences: number;
  /** Records that an earlier run, which was interrupted, had done. */
  resumed: number;
  seconds: number;
  eventsPerSecond: number;
}

export type ReplaySource = 'log' | 'lake';

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
}

export interface ReplayParts {
  log: EventLog;
  codec: Codec;
  lake: ObjectStore;
  /** Where to remember how far it is; one file for each view. */
  progressFile: string;
  rebuild(label: string): Rebuild;
  /** Stops the view's sink, wherever it runs. */
  pause(): Promise<void>;
  onProgress(progress: ReplayProgress): void;
}

/** How far a replay is: enough to go on after a kill. */
interface Remembered {
  label: string;
  source: ReplaySource;
  from: number | null;
  to: number | null;
  /** Next offset by partition. */
  next: Record<number, number>;
  done: number;
  written: number;
  skipped: number;
}

interface Written {
  /** Where to read on. */
  next: number;
  records: number;
  written: number;
  skipped: number;
}

const BATCH_RECORDS = 50_000;
const BATCH_BYTES = 64 * 1024 * 1024;
const READ_RECORDS = 5_000;
/** Few enough that what they decode to dies young. */
const DECODE_RECORDS = 200;
/** So many records may be left when the sink is stopped; or the log grows faster than it is read. */
const LAST_STRETCH = 10_000;
const ROUNDS = 5;
const LAKE_WAIT_MS = 180_000;
const SILENT_READS = 50;
const SILENT_MS = 200;

/**
 * Throws PARAPET_VIEW_UNKNOWN, PARAPET_REPLAY_IMPOSSIBLE, PARAPET_REPLAY_DIFFERS when the rebuilt view is not whole, and
 * PARAPET_STORE_UNAVAILABLE, after which the next run goes on where this one stopped.
 */
export async function replayView(parts: ReplayParts, options: ReplayOptions): Promise<ReplayResult> {
  const { log, progressFile, onProgress } = parts;
  const { view, source } = options;
  const started = performance.now();
  const { state, interrupted } = await begin();
  const resumed = state.done;
  const rebuild = parts.rebuild(state.label);
  const { sink } = rebuild;
  const topic = TOPICS[rebuild.topic].name;
  const within = windowOf(options);
  /** A slow replay is one of small batches, not of long pauses. */
  const batchRecords = Math.min(BATCH_RECORDS, Math.ceil(options.rate ?? BATCH_RECORDS));
  const chunkRecords = Math.min(READ_RECORDS, batchRecords);
  if (within !== undefined && rebuild.keepOutside === undefined) {
    throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', { message: `${view} can only be rebuilt whole, without --from and --to.` });
  }
  /** Partitions that this run has written to. */
  const touched = new Set<number>();
  await sink.open();

  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const ranges = await finished();
      await write(ranges);
      if (left(await finished()) <= LAST_STRETCH) break;
    }
    await parts.pause();
    const last = await settled();
    await write(last);
    const rows = await rebuild.rows();
    if (rows !== state.written) {
      throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
        message: `${view}: ${state.written} records were written, the rebuilt view has ${rows} rows. The view in use was kept.`,
      });
    }
    if (within !== undefined) await rebuild.keepOutside?.(within);
    const differences = await rebuild.compare();
    await unchanged(last);
    await rebuild.swap();
    rmSync(progressFile, { force: true });
    await unchanged(last);
    const seconds = (performance.now() - started) / 1_000;
    return {
      view,
      source,
      records: state.done,
      rows,
      skipped: state.skipped,
      ...differences,
      differences: differences.missing + differences.extra,
      resumed,
      seconds,
      eventsPerSecond: (state.done - resumed) / seconds,
    };
  } catch (error) {
    // What failed for the moment can go on later; what is wrong must not be found again.
    if (!(error instanceof ParapetError && error.code === 'PARAPET_STORE_UNAVAILABLE')) await forget();
    throw error;
  }

  /** What an earlier run left, or a fresh beginning. */
  async function begin(): Promise<{ state: Remembered; interrupted: boolean }> {
    const found = readRemembered(progressFile);
    const wanted = { source, from: options.from ?? null, to: options.to ?? null };
    if (found && !options.restart && found.source === wanted.source && found.from === wanted.from && found.to === wanted.to) {
      return { state: found, interrupted: true };
    }
    if (found) await parts.rebuild(found.label).drop();
    const fresh = { label: Date.now().toString(36), ...wanted, next: {}, done: 0, written: 0, skipped: 0 };
    // Before the first batch, so that whatever a kill leaves is found again.
    remember(progressFile, fresh);
    return { state: fresh, interrupted: false };
  }

  async function forget(): Promise<void> {
    rmSync(progressFile, { force: true });
    await rebuild.drop().catch(() => undefined);
  }

  /** What the view's group has finished, of what the source holds. */
  async function finished(): Promise<PartitionRange[]> {
    const commits = await log.commits(view);
    const held = source === 'log' ? await log.ranges(topic) : await lakeRanges(parts.lake, lakeTopic(rebuild.topic));
    return held.map(({ partition, start, end }) => {
      const committed = commits.find((each) => each.topic === topic && each.partition === partition)?.offset ?? start;
      return { partition, start, end: Math.max(start, Math.min(end, committed)) };
    });
  }

  /** As `finished`, with the sink at rest; the lake, which comes after the log, is waited for. */
  async function settled(): Promise<PartitionRange[]> {
    const until = Date.now() + LAKE_WAIT_MS;
    for (;;) {
      const ranges = await finished();
      const commits = (await log.commits(view)).filter((commit) => commit.topic === topic);
      const behind = commits.filter(({ partition, offset }) => offset > (ranges.find((range) => range.partition === partition)?.end ?? 0));
      if (source === 'log' || behind.length === 0) return ranges;
      if (Date.now() > until) {
        throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', {
          message: `The lake does not hold yet what ${view} does: partition ${behind[0]?.partition} is behind. Is the lake's sink running?`,
        });
      }
      await sleep(500);
    }
  }

  /** A sink that wrote in the meantime wrote into the view that goes. */
  async function unchanged(ranges: readonly PartitionRange[]): Promise<void> {
    const now = await finished();
    if (now.every(({ partition, end }) => ranges.find((range) => range.partition === partition)?.end === end)) return;
    throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
      message: `A sink of ${view} was started during the exchange. Stop it and replay again.`,
    });
  }

  function left(ranges: readonly PartitionRange[]): number {
    return ranges.reduce((sum, { partition, start, end }) => sum + Math.max(0, end - Math.max(start, state.next[partition] ?? start)), 0);
  }

  async function write(ranges: readonly PartitionRange[]): Promise<void> {
    const total = state.done + left(ranges);
    const since = { at: performance.now(), done: state.done };
    for (const { partition, start, end } of ranges) {
      // The first batch of an interrupted run may be there already, wholly or in part.
      let recovered = interrupted && !touched.has(partition);
      touched.add(partition);
      for (;;) {
        const from = Math.max(start, state.next[partition] ?? start);
        if (from >= end) break;
        const batch = await writeBatch(partition, from, end, recovered);
        recovered = false;
        state.next[partition] = batch.next;
        state.done += batch.records;
        state.written += batch.written;
        state.skipped += batch.skipped;
        remember(progressFile, state);
        onProgress({ done: state.done, total: Math.max(total, state.done) });
        if (options.rate !== undefined) {
          const due = since.at + ((state.done - since.done) / options.rate) * 1_000;
          if (due > performance.now()) await sleep(due - performance.now());
        }
      }
    }
  }

  async function writeBatch(partition: number, from: number, end: number, recovered: boolean): Promise<Written> {
    const room = {
      records: options.rate === undefined ? BATCH_RECORDS : Math.min(BATCH_RECORDS, Math.ceil(options.rate)),
      bytes: BATCH_BYTES,
    };
    const draft = recovered ? undefined : sink.draft?.(partition);
    let next = from;
    let records = 0;
    let written = 0;
    let skipped = 0;
    let drafted = 0;
    for await (const chunk of readChunks(partition, from, end)) {
      next = (chunk.at(-1) as StoredRecord).offset + 1;
      records += chunk.length;
      const fitting = chunk.filter(({ timestamp }) => within === undefined || (timestamp >= within.from && timestamp < within.to));
      if (draft) {
        const taken = await addTo(draft, fitting);
        drafted += taken;
        skipped += fitting.length - taken;
      } else {
        const put = await writeWhole(partition, fitting, recovered);
        written += put;
        skipped += fitting.length - put;
      }
      room.records -= chunk.length;
      room.bytes -= chunk.reduce((sum, { value }) => sum + value.length, 0);
      if (room.records <= 0 || room.bytes <= 0) break;
    }
    if (records === 0) return { next: end, records, written, skipped };
    const bounds: BatchBounds = { topic, partition, firstOffset: from, lastOffset: next - 1 };
    if (draft && drafted > 0) {
      // Where some record does not fit, the slow way finds it.
      if (!(await draft.write(bounds))) return writeBatch(partition, from, next, true);
      written += drafted;
    }
    return { next, records, written, skipped };
  }

  async function addTo(draft: Draft<never>, chunk: readonly StoredRecord[]): Promise<number> {
    let taken = 0;
    for (let at = 0; at < chunk.length; at += DECODE_RECORDS) {
      const { records } = await decodeAll(parts.codec, rebuild.topic, chunk.slice(at, at + DECODE_RECORDS));
      draft.add(records as never);
      taken += records.length;
    }
    return taken;
  }

  async function writeWhole(partition: number, chunk: readonly StoredRecord[], recovered: boolean): Promise<number> {
    if (chunk.length === 0) return 0;
    const { records } = await decodeAll(parts.codec, rebuild.topic, chunk);
    if (records.length === 0) return 0;
    const [firstOffset, lastOffset] = [(chunk[0] as StoredRecord).offset, (chunk.at(-1) as StoredRecord).offset];
    const refused = await sink.write({ topic, partition, firstOffset, lastOffset, records: records as never, recovered });
    return records.length - refused.length;
  }

  /** The records of [from, end) by the thousand, in order. */
  async function* readChunks(partition: number, from: number, end: number): AsyncGenerator<StoredRecord[]> {
    if (source === 'lake') {
      let chunk: StoredRecord[] = [];
      for await (const record of readLake(parts.lake, lakeTopic(rebuild.topic), { partition, fromOffset: from })) {
        if (record.offset >= end) break;
        chunk.push(record);
        if (chunk.length < chunkRecords) continue;
        yield chunk;
        chunk = [];
      }
      if (chunk.length > 0) yield chunk;
      return;
    }
    for (let offset = from, silent = 0; offset < end; ) {
      const read = await log.read({ topic, partition, offset }, { maxRecords: chunkRecords, maxBytes: 16 * 1024 * 1024 });
      const chunk = read.filter((record) => record.offset < end);
      const last = chunk.at(-1);
      if (last !== undefined) {
        yield chunk;
        offset = last.offset + 1;
        silent = 0;
        continue;
      }
      if (read.length > 0) return;
      // The group has finished records here: either they have expired since, or the log is slow.
      const oldest = (await log.ranges(topic)).find((range) => range.partition === partition)?.start ?? 0;
      if (oldest > offset) offset = oldest;
      else if (++silent > SILENT_READS) {
        throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
          message: `The event log gives nothing of ${topic}/${partition} from ${offset} on.`,
        });
      } else await sleep(SILENT_MS);
    }
  }
}

function windowOf({ from, to }: ReplayOptions): { from: number; to: number } | undefined {
  return from === undefined && to === undefined ? undefined : { from: from ?? 0, to: to ?? Date.UTC(2262, 0, 1) };
}

function lakeTopic(topic: TopicId): LakeTopic {
  if (topic === 'enriched') throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', { message: 'The lake does not hold this topic.' });
  return topic;
}

function readRemembered(path: string): Remembered | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Remembered;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all. */
function remember(path: string, state: Remembered): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}
