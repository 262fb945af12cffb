/**
 * The spool: where an interaction is durable before its client has the last byte, on the gateway's own disk, whatever
 * the event log is doing. An intent is the event that will be shipped if this process dies; an end takes its place.
 * Group commit: while one block is being synced, everything that arrives gathers for the next.
 *
 * Nothing that was admitted may be lost for want of space, so space is refused at the door: `admit` throws
 * PARAPET_SPOOL_FULL while what is held would pass the bound, and a write that fails is tried again until it succeeds.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import type { LogRecord } from '../port.ts';
import { count, emptyCheckpoint, merge, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { BlockBuilder, type EntryHead, type Status } from './format.ts';
import { lockFolder } from './lock.ts';
import { type Place, type SegmentState, scanSegments } from './recover.ts';
import { closeSegment, type Segment, segmentFiles, writeBlock } from './segments.ts';
import { readEntries, type Shipper } from './ship.ts';

const RETRY_MS = [50, 100, 200, 400, 800, 1_600, 3_000];

export interface SpoolOptions {
  folder: string;
  gatewayId: string;
  /** Bound of the spool on disk, in bytes. */
  maxBytes: number;
  segmentBytes?: number;
  /** Records shipped in one append, and their bytes. */
  shipRecords?: number;
  shipBytes?: number;
  /** Told of faults that the spool works around: a write or an append that has to be tried again. */
  onFault?: (fault: { step: 'write' | 'ship' | 'checkpoint'; error: unknown; attempt: number }) => void;
}

export interface SpoolStats {
  /** Interactions accepted since the gateway exists; the number of the newest one. */
  gatewaySequence: number;
  /** Admitted and not ended. */
  inFlight: number;
  unshipped: number;
  usedBytes: number;
  maxBytes: number;
  /** Intents that an earlier crash left and this start turned into orphaned interactions. */
  orphaned: number;
  failing: boolean;
}

export interface Spool {
  /** Takes the next gateway sequence. Throws PARAPET_SPOOL_FULL, PARAPET_SPOOL_FAILED or PARAPET_DRAINING. */
  admit(): number;
  /** Resolves when the intent is on disk. */
  intent(gatewaySequence: number, record: LogRecord): Promise<void>;
  /** Resolves when the end is on disk, in place of the intent. `startedAt` in microseconds since 1970. */
  end(gatewaySequence: number, record: LogRecord, status: Status, startedAt: number): Promise<void>;
  /** A record that is no interaction (audit). Resolves when it is on disk. */
  note(record: LogRecord): Promise<void>;
  stats(): SpoolStats;
  /** Resolves when everything recorded so far is in the event log. */
  shipped(): Promise<void>;
  /** Stops admitting, writes what is pending, ships for at most `shipMs`. What is not shipped then stays for the next start. */
  close(shipMs?: number): Promise<void>;
}

export async function openSpool(makeShipper: (path: (segment: number) => string) => Shipper, options: SpoolOptions): Promise<Spool> {
  const { folder, gatewayId, maxBytes } = options;
  const segmentBytes = Math.min(options.segmentBytes ?? 32 * 1024 * 1024, Math.max(64 * 1024, Math.floor(maxBytes / 4)));
  const shipRecords = options.shipRecords ?? 2_000;
  const shipBytes = options.shipBytes ?? 8 * 1024 * 1024;
  const report = options.onFault ?? (() => undefined);

  mkdirSync(folder, { recursive: true });
  const unlock = lockFolder(folder);
  const files = segmentFiles(folder, segmentBytes);
  const checkpoint = (await readCheckpoint(folder)) ?? emptyCheckpoint(gatewayId);
  const found = await scanSegments(files, checkpoint);

  const segments: SegmentState[] = found.segments;
  const stateOf = new Map(segments.map((each) => [each.number, each]));
  const openIntents = new Map<number, number>();
  const queue = found.unshipped;
  const shipper = makeShipper(files.path);
  let gatewaySequence = found.gatewaySequence;
  let shipSequence = found.shipSequence;
  let inFlight = 0;
  let shippedThrough = checkpoint.shippedThrough;
  let closing = false;
  let failing = false;

  let active: Segment | undefined;
  let next: Promise<Segment> | undefined;
  let segmentNumber = Math.max(checkpoint.retiredThrough, ...segments.map((each) => each.number), 0);

  let gathering = newBatch();
  let writing: Promise<void> | undefined;
  let wakeShipper: (() => void) | undefined;

  interface Waiting {
    head: EntryHead;
    place: Place;
  }
  interface Batch {
    block: BlockBuilder;
    entries: Waiting[];
    done: Promise<void>;
    resolve: () => void;
  }

  function newBatch(block = new BlockBuilder()): Batch {
    let resolve: () => void = () => undefined;
    const done = new Promise<void>((settle) => {
      resolve = settle;
    });
    return { block, entries: [], done, resolve };
  }

  function write(head: EntryHead, record: LogRecord): Promise<void> {
    const { offset, length } = gathering.block.add(head, record);
    gathering.entries.push({ head, place: { segment: 0, offset, length } });
    const { done } = gathering;
    writing ??= writeAll();
    return done;
  }

  let idle: BlockBuilder | undefined;

  async function writeAll(): Promise<void> {
    // Let everything of this turn of the event loop join the first block.
    await new Promise((resolve) => setImmediate(resolve));
    while (gathering.entries.length > 0) {
      const batch = gathering;
      gathering = newBatch(idle);
      idle = undefined;
      await retry('write', () => commit(batch));
      batch.block.reset();
      idle = batch.block;
      for (const entry of batch.entries) entered(entry);
      batch.resolve();
      wakeShipper?.();
    }
    writing = undefined;
  }

  async function commit(batch: Batch): Promise<void> {
    if (active === undefined || active.position + batch.block.bytes > active.size) await roll(batch.block.bytes);
    const segment = active as Segment;
    const base = segment.position;
    await writeBlock(segment, batch.block.seal(segment.number));
    for (const { place } of batch.entries) {
      place.segment = segment.number;
      place.offset += base;
    }
  }

  /** Makes the next segment the active one; the one after it is prepared meanwhile. */
  async function roll(bytes: number): Promise<void> {
    let fresh: Segment | undefined;
    if (next) {
      const prepared = next;
      next = undefined;
      fresh = await prepared;
      if (fresh.size < bytes) {
        closeSegment(fresh);
        await files.retire(fresh.number);
        fresh = undefined;
      }
    }
    fresh ??= await files.prepare(++segmentNumber, bytes);
    if (active) closeSegment(active);
    active = fresh;
    const state: SegmentState = { number: fresh.number, size: fresh.size, live: 0, gatewaySequence: 0, ledger: {} };
    segments.push(state);
    stateOf.set(state.number, state);
    retireDead();
    next = files.prepare(++segmentNumber, segmentBytes);
    // Its failure is met when the segment is needed; until then it is not an unhandled one.
    next.catch(() => undefined);
  }

  /** The entry is on disk: from now on it counts. */
  function entered({ head, place }: Waiting): void {
    const state = stateOf.get(place.segment) as SegmentState;
    state.live += 1;
    state.gatewaySequence = Math.max(state.gatewaySequence, head.gatewaySequence);
    if (head.kind === 'intent') {
      openIntents.set(head.gatewaySequence, place.segment);
      return;
    }
    if (head.kind === 'end') {
      inFlight -= 1;
      count(state.ledger, head.hour, head.status);
      const intentSegment = openIntents.get(head.gatewaySequence);
      if (intentSegment !== undefined) {
        openIntents.delete(head.gatewaySequence);
        (stateOf.get(intentSegment) as SegmentState).live -= 1;
      }
    }
    queue.push({ ...place, shipSequence: head.shipSequence });
  }

  /** Retires segments from the oldest on, while nothing in them matters any more. */
  let retiring: Promise<void> = Promise.resolve();
  function retireDead(): void {
    const dead: SegmentState[] = [];
    while (segments[0] && segments[0].live === 0 && segments[0].number !== active?.number) dead.push(segments.shift() as SegmentState);
    if (dead.length === 0) return;
    for (const each of dead) {
      merge(checkpoint.ledger, each.ledger);
      checkpoint.retiredThrough = each.number;
      // Only what these segments hold: a number that was given but not written yet must be given again after a crash.
      checkpoint.gatewaySequence = Math.max(checkpoint.gatewaySequence, each.gatewaySequence);
      stateOf.delete(each.number);
    }
    Object.assign(checkpoint, { shippedThrough, shipSequence });
    const snapshot = structuredClone(checkpoint);
    retiring = retiring.then(async () => {
      await retry('checkpoint', () => writeCheckpoint(folder, snapshot));
      for (const each of dead) await files.retire(each.number).catch((error) => report({ step: 'checkpoint', error, attempt: 1 }));
    });
  }

  async function retry(step: 'write' | 'ship' | 'checkpoint', work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        if (step === 'write') failing = false;
        return;
      } catch (error) {
        if (step === 'write') failing = true;
        report({ step, error, attempt });
        if (step === 'ship' && closing) throw error;
        await sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1]);
      }
    }
  }

  async function ship(): Promise<void> {
    for (;;) {
      if (queue.length === 0) {
        if (closing && writing === undefined) return;
        await new Promise<void>((resolve) => {
          wakeShipper = resolve;
        });
        wakeShipper = undefined;
        continue;
      }
      const batch: typeof queue = [];
      let bytes = 0;
      for (const each of queue) {
        if (batch.length >= shipRecords || (batch.length > 0 && bytes + each.length > shipBytes)) break;
        batch.push(each);
        bytes += each.length;
      }
      try {
        await retry('ship', () => shipper.ship(batch, (batch[0] as (typeof queue)[number]).shipSequence));
      } catch {
        return;
      }
      queue.splice(0, batch.length);
      for (const each of batch) (stateOf.get(each.segment) as SegmentState).live -= 1;
      shippedThrough = (batch.at(-1) as (typeof queue)[number]).shipSequence;
      retireDead();
      for (const waiter of [...shipWaiters]) waiter();
    }
  }

  const shipWaiters = new Set<() => void>();

  function usedBytes(): number {
    let used = gathering.block.bytes;
    for (const each of segments) used += each.number === active?.number ? active.position : each.size;
    return used;
  }

  // A crash left these: each becomes the event that its intent holds, before the first request is admitted.
  for (const place of found.open) {
    const [record] = (await readEntries(files.path, [place])) as [LogRecord];
    openIntents.set(place.gatewaySequence, place.segment);
    inFlight += 1;
    void write(
      {
        kind: 'end',
        status: 'orphaned',
        hour: Math.floor(record.timestamp / 3_600_000),
        gatewaySequence: place.gatewaySequence,
        shipSequence: ++shipSequence,
      },
      record,
    );
  }
  await writing;
  if (active === undefined) await roll(0);

  const shipping = ship();

  return {
    admit() {
      if (closing) throw new ParapetError('PARAPET_DRAINING', { retryAfterSeconds: 1 });
      if (failing) throw new ParapetError('PARAPET_SPOOL_FAILED', { retryAfterSeconds: 5 });
      const used = usedBytes();
      // Each interaction that is under way will still write its end; half a segment is kept free for them.
      if (used + segmentBytes / 2 > maxBytes) {
        throw new ParapetError('PARAPET_SPOOL_FULL', {
          message: `The spool holds ${used} of ${maxBytes} bytes and the event log does not take them.`,
          retryAfterSeconds: 5,
        });
      }
      inFlight += 1;
      gatewaySequence += 1;
      return gatewaySequence;
    },
    intent(sequence, record) {
      return write({ kind: 'intent', status: 'orphaned', hour: 0, gatewaySequence: sequence, shipSequence: 0 }, record);
    },
    end(sequence, record, status, startedAt) {
      shipSequence += 1;
      return write({ kind: 'end', status, hour: Math.floor(startedAt / 3_600_000_000), gatewaySequence: sequence, shipSequence }, record);
    },
    note(record) {
      shipSequence += 1;
      return write({ kind: 'note', status: 'answered', hour: 0, gatewaySequence: 0, shipSequence }, record);
    },
    stats() {
      return { gatewaySequence, inFlight, unshipped: queue.length, usedBytes: usedBytes(), maxBytes, orphaned: found.open.length, failing };
    },
    async shipped() {
      const target = shipSequence;
      await writing;
      while (shippedThrough < target && !closing) {
        await new Promise<void>((resolve) => {
          const waiter = () => {
            shipWaiters.delete(waiter);
            resolve();
          };
          shipWaiters.add(waiter);
        });
      }
    },
    async close(shipMs = 5_000) {
      closing = true;
      await writing;
      wakeShipper?.();
      await Promise.race([shipping, sleep(shipMs, undefined, { ref: false })]);
      await shipper.close();
      await retiring;
      Object.assign(checkpoint, { shippedThrough });
      await writeCheckpoint(folder, checkpoint).catch((error) => report({ step: 'checkpoint', error, attempt: 1 }));
      if (active) closeSegment(active);
      await next?.then(closeSegment, () => undefined);
      for (const waiter of shipWaiters) waiter();
      unlock();
    },
  };
}
