/**
 * The spool: where an interaction is durable before its client has the last byte, on the gateway's own disk, whatever
 * the event log is doing. An intent is the event that will be shipped if this process dies; an end takes its place.
 * Group commit: while one block is being synced, everything that arrives gathers for the next.
 *
 * Nothing that was admitted may be lost for want of space, so space is refused at the door: `admit` throws
 * PARAPET_SPOOL_FULL while what is held would pass the bound, and a write that fails is tried again until it succeeds.
 *
 * Both sequences are given when a record is put into a block, not before, and blocks become durable in order: so a
 * crash leaves no gap in what is on disk, and a number that was given but not written is given again.
 */
import { mkdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import type { LogRecord } from '../port.ts';
import { count, emptyCheckpoint, merge, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { BlockBuilder, type EntryHead, type Status } from './format.ts';
import { lockFolder } from './lock.ts';
import { type Place, type Recovered, type SegmentState, scanSegments } from './recover.ts';
import { closeSegment, type Segment, type SegmentFiles, segmentFiles, writeBlock } from './segments.ts';
import { readEntries, type Shipper } from './ship.ts';

/** Shortest time between two syncs, and between two appends to the log: the log's disk is often the spool's, and each sync of one delays the other's. */
const COMMIT_GAP_MS = 1;
/** From so many interactions under way on, throughput is what matters; below, latency. */
const BUSY = 12;
const SHIP_GAP_MS = 20;
const RETRY_MS = [50, 100, 200, 400, 800, 1_600, 3_000];
/** How long `close` waits for a disk or a log that no longer answers at all. */
const HUNG_MS = 1_000;

export interface SpoolOptions {
  folder: string;
  gatewayId: string;
  /** Bound of what the spool holds, in bytes. On disk stand up to two segments more: the rest of the one in use, and the next. */
  maxBytes: number;
  segmentBytes?: number;
  /**
   * When an end counts as stored: on this disk (the default), or only in the event log, for gateways whose disk is gone with
   * them. While the log takes nothing, the second admits nobody: PARAPET_LOG_UNAVAILABLE.
   */
  durability?: 'disk' | 'log';
  /** Records shipped in one append, and their bytes. */
  shipRecords?: number;
  shipBytes?: number;
  /** Puts a block on disk; tests put a disk here that fails or waits. */
  writeBlock?: typeof writeBlock;
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
  /** Lets one interaction in, which then must end. Throws PARAPET_SPOOL_FULL, PARAPET_SPOOL_FAILED, PARAPET_LOG_UNAVAILABLE or PARAPET_DRAINING. */
  admit(): void;
  /**
   * Resolves when the intent is on disk. `make` is given the next gateway sequence, and called before this returns; if it
   * throws, the number is not used up.
   */
  intent(make: (gatewaySequence: number) => LogRecord): Promise<void>;
  /**
   * Resolves when the end is stored (see `durability`), in place of the intent with this gateway sequence; 0 when there was no intent, and
   * `make` is then given the next number. `startedAt` in microseconds since 1970.
   */
  end(gatewaySequence: number, make: (gatewaySequence: number) => LogRecord, status: Status, startedAt: number): Promise<void>;
  /** A record that is no interaction (audit). Resolves when it is on disk. */
  note(record: LogRecord): Promise<void>;
  stats(): SpoolStats;
  /** Resolves when everything recorded so far is in the event log, or when the spool closes. */
  shipped(): Promise<void>;
  /**
   * Stops admitting, writes what is pending and ships, for at most `shipMs` in all. What is not shipped then stays for the
   * next start. What could not be written is refused with PARAPET_SPOOL_FAILED, and so is everything that comes later.
   */
  close(shipMs?: number): Promise<void>;
}

export async function openSpool(makeShipper: (path: (segment: number) => string) => Shipper, options: SpoolOptions): Promise<Spool> {
  mkdirSync(options.folder, { recursive: true });
  const unlock = lockFolder(options.folder);
  try {
    return await openLocked(makeShipper, options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked(
  makeShipper: (path: (segment: number) => string) => Shipper,
  options: SpoolOptions,
  unlock: () => void,
): Promise<Spool> {
  const { folder, gatewayId, maxBytes, durability = 'disk' } = options;
  const segmentBytes = Math.min(options.segmentBytes ?? 32 * 1024 * 1024, Math.max(64 * 1024, Math.floor(maxBytes / 4)));
  const shipRecords = options.shipRecords ?? 2_000;
  const shipBytes = options.shipBytes ?? 8 * 1024 * 1024;
  const putBlock = options.writeBlock ?? writeBlock;
  const report = options.onFault ?? (() => undefined);

  const files = segmentFiles(folder, segmentBytes);
  const checkpoint = (await readCheckpoint(folder)) ?? emptyCheckpoint(gatewayId);
  await removeRetired(files, checkpoint.retiredThrough);
  const found = await scanSegments(files, checkpoint);

  const segments: SegmentState[] = found.segments;
  const stateOf = new Map(segments.map((each) => [each.number, each]));
  const openIntents = new Map<number, Place>();
  /** Bytes of the open intents: about what their ends will need at the least. */
  let openBytes = 0;
  const queue = found.unshipped;
  const shipper = makeShipper(files.path);
  let gatewaySequence = found.gatewaySequence;
  let shipSequence = found.shipSequence;
  let inFlight = 0;
  let shippedThrough = checkpoint.shippedThrough;
  let failing = false;
  let shipFailing = false;
  /** Aborts when nothing more is admitted; shipping is tried once more then, and not again. */
  const closing = new AbortController();
  /** Aborts when nothing more is written. */
  const closed = new AbortController();

  let active: Segment | undefined;
  let next: Promise<Segment> | undefined;
  let segmentNumber = Math.max(checkpoint.retiredThrough, ...segments.map((each) => each.number), 0);

  let gathering = newBatch();
  let idle: BlockBuilder | undefined;
  let writing: Promise<void> | undefined;
  let wakeShipper: (() => void) | undefined;
  let lastWrite = 0;
  let lastShip = 0;
  const shipWaiters = new Set<() => void>();

  interface Waiting {
    head: EntryHead;
    place: Place;
  }
  interface Batch {
    block: BlockBuilder;
    entries: Waiting[];
    done: Promise<void>;
    resolve: () => void;
    reject: (error: unknown) => void;
  }

  function newBatch(block = new BlockBuilder()): Batch {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    return { block, entries: [], done: promise, resolve, reject };
  }

  function write(head: EntryHead, record: LogRecord): Promise<void> {
    if (closed.signal.aborted) return Promise.reject(closedError());
    const { offset, length } = gathering.block.add(head, record);
    gathering.entries.push({ head, place: { segment: 0, offset, length } });
    const { done } = gathering;
    writing ??= writeAll();
    return done;
  }

  async function writeAll(): Promise<void> {
    // Let everything of this turn of the event loop join the first block.
    await new Promise((resolve) => setImmediate(resolve));
    while (gathering.entries.length > 0) {
      if (inFlight >= BUSY) await pause(lastWrite, COMMIT_GAP_MS);
      lastWrite = performance.now();
      const batch = gathering;
      gathering = newBatch(idle);
      idle = undefined;
      try {
        await retry('write', () => commit(batch));
      } catch (cause) {
        batch.reject(closedError(cause));
        continue;
      }
      batch.block.reset();
      idle = batch.block;
      for (const entry of batch.entries) entered(entry);
      batch.resolve();
      wakeShipper?.();
    }
    writing = undefined;
  }

  /** Under load a moment's wait makes one sync, or one append, of many. */
  async function pause(since: number, gapMs: number): Promise<void> {
    const left = gapMs - (performance.now() - since);
    if (left > 0 && !closing.signal.aborted) await sleep(left);
  }

  async function commit(batch: Batch): Promise<void> {
    if (active === undefined || active.position + batch.block.bytes > active.size) await roll(batch.block.bytes);
    const segment = active as Segment;
    const base = segment.position;
    await putBlock(segment, batch.block.seal(segment.number));
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
    const full = active;
    active = fresh;
    const state: SegmentState = { number: fresh.number, size: fresh.size, live: 0, gatewaySequence: 0, ledger: {} };
    segments.push(state);
    stateOf.set(state.number, state);
    retireDead();
    next = files.prepare(++segmentNumber, segmentBytes);
    // Its failure is met when the segment is needed; until then it is not an unhandled one.
    next.catch(() => undefined);
    if (full) closeSegment(full);
  }

  /** The entry is on disk: from now on it counts. */
  function entered({ head, place }: Waiting): void {
    const state = stateOf.get(place.segment) as SegmentState;
    state.live += 1;
    state.gatewaySequence = Math.max(state.gatewaySequence, head.gatewaySequence);
    if (head.kind === 'intent') {
      openIntents.set(head.gatewaySequence, place);
      openBytes += place.length;
      return;
    }
    if (head.kind === 'end') {
      inFlight -= 1;
      count(state.ledger, head.hour, head.status);
      const intent = openIntents.get(head.gatewaySequence);
      if (intent !== undefined) {
        openIntents.delete(head.gatewaySequence);
        openBytes -= intent.length;
        (stateOf.get(intent.segment) as SegmentState).live -= 1;
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
    checkpoint.shippedThrough = shippedThrough;
    const snapshot = structuredClone(checkpoint);
    retiring = retiring
      .then(async () => {
        await retry('checkpoint', () => writeCheckpoint(folder, snapshot));
        for (const each of dead) await files.retire(each.number).catch((error) => report({ step: 'checkpoint', error, attempt: 1 }));
      })
      // Only at the close: the files stay, and the next start finds them again, as whole as the older checkpoint.
      .catch(() => undefined);
  }

  async function retry(step: 'write' | 'ship' | 'checkpoint', work: () => Promise<void>): Promise<void> {
    const { signal } = step === 'write' ? closed : closing;
    for (let attempt = 1; ; attempt++) {
      if (step === 'write') signal.throwIfAborted();
      try {
        await work();
        if (step === 'write') failing = false;
        if (step === 'ship') shipFailing = false;
        return;
      } catch (error) {
        if (step === 'write') failing = true;
        if (step === 'ship') shipFailing = true;
        report({ step, error, attempt });
        if (signal.aborted) throw error;
        await sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1], undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async function ship(): Promise<void> {
    while (!closed.signal.aborted) {
      if (queue.length === 0) {
        if (closing.signal.aborted && writing === undefined) return;
        await new Promise<void>((resolve) => {
          wakeShipper = resolve;
        });
        wakeShipper = undefined;
        continue;
      }
      // Where somebody waits for the log, what gathers meanwhile is what gathers while it works.
      if (durability === 'disk' && queue.length < shipRecords) await pause(lastShip, SHIP_GAP_MS);
      lastShip = performance.now();
      const batch = nextBatch();
      const first = (batch[0] as (typeof queue)[number]).shipSequence;
      try {
        await retry('ship', () => shipper.ship(batch, first));
      } catch {
        return;
      }
      queue.splice(0, batch.length);
      for (const each of batch) (stateOf.get(each.segment) as SegmentState).live -= 1;
      shippedThrough = first + batch.length - 1;
      if (!closed.signal.aborted) retireDead();
      for (const waiter of [...shipWaiters]) waiter();
    }
  }

  /** What is appended next: the log numbers a batch on from its first record, so it holds no gap. */
  function nextBatch(): typeof queue {
    const batch: typeof queue = [];
    let bytes = 0;
    for (const each of queue) {
      if (batch.length >= shipRecords || (batch.length > 0 && bytes + each.length > shipBytes)) break;
      if (batch[0] && each.shipSequence !== batch[0].shipSequence + batch.length) break;
      batch.push(each);
      bytes += each.length;
    }
    return batch;
  }

  function usedBytes(): number {
    let used = gathering.block.bytes;
    for (const each of segments) used += each.number === active?.number ? active.position : each.size;
    return used;
  }

  function end(sequence: number, record: LogRecord, status: Status, hour: number): Promise<void> {
    const number = shipSequence + 1;
    const done = write({ kind: 'end', status, hour, gatewaySequence: sequence, shipSequence: number }, record);
    shipSequence = number;
    return done;
  }

  /** Resolves when everything up to this number is in the log, or when the spool closes. */
  async function untilShipped(number: number): Promise<void> {
    while (shippedThrough < number && !closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        const waiter = () => {
          shipWaiters.delete(waiter);
          resolve();
        };
        shipWaiters.add(waiter);
      });
    }
  }

  async function storedInLog(done: Promise<void>, number: number): Promise<void> {
    await done;
    await untilShipped(number);
    if (shippedThrough < number) throw closedError();
  }

  async function recover({ open }: Recovered): Promise<void> {
    const ended: Promise<void>[] = [];
    for (const place of open) {
      const [record] = (await readEntries(files.path, [place])) as [LogRecord];
      openIntents.set(place.gatewaySequence, place);
      openBytes += place.length;
      inFlight += 1;
      ended.push(end(place.gatewaySequence, record, 'orphaned', Math.floor(record.timestamp / 3_600_000)));
    }
    await Promise.all(ended);
  }

  // A crash left these: each becomes the event that its intent holds, before the first request is admitted.
  await recover(found);
  if (active === undefined) await roll(0);

  const shipping = ship();

  return {
    admit() {
      if (closing.signal.aborted) throw new ParapetError('PARAPET_DRAINING', { retryAfterSeconds: 1 });
      if (failing) throw new ParapetError('PARAPET_SPOOL_FAILED', { retryAfterSeconds: 5 });
      if (durability === 'log' && shipFailing) throw new ParapetError('PARAPET_LOG_UNAVAILABLE', { retryAfterSeconds: 5 });
      const used = usedBytes();
      // Each interaction that is under way will still write its end: room is kept for them.
      if (used + segmentBytes / 2 + openBytes > maxBytes) {
        throw new ParapetError('PARAPET_SPOOL_FULL', {
          message: `The spool holds ${used} of ${maxBytes} bytes and the event log does not take them.`,
          retryAfterSeconds: 5,
        });
      }
      inFlight += 1;
    },
    intent(make) {
      const sequence = gatewaySequence + 1;
      const done = write({ kind: 'intent', status: 'orphaned', hour: 0, gatewaySequence: sequence, shipSequence: 0 }, make(sequence));
      gatewaySequence = sequence;
      return done;
    },
    end(sequence, make, status, startedAt) {
      const own = sequence === 0 ? gatewaySequence + 1 : sequence;
      const done = end(own, make(own), status, Math.floor(startedAt / 3_600_000_000));
      gatewaySequence = Math.max(gatewaySequence, own);
      return durability === 'disk' ? done : storedInLog(done, shipSequence);
    },
    note(record) {
      const number = shipSequence + 1;
      const done = write({ kind: 'note', status: 'answered', hour: 0, gatewaySequence: 0, shipSequence: number }, record);
      shipSequence = number;
      return done;
    },
    stats() {
      return { gatewaySequence, inFlight, unshipped: queue.length, usedBytes: usedBytes(), maxBytes, orphaned: found.open.length, failing };
    },
    async shipped() {
      const target = shipSequence;
      await writing;
      await untilShipped(target);
    },
    async close(shipMs = 5_000) {
      if (closing.signal.aborted) return;
      closing.abort();
      wakeShipper?.();
      const timer = new AbortController();
      const late = sleep(shipMs, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([Promise.resolve(writing).then(() => wakeShipper?.()), late]);
      await Promise.race([shipping, late]);
      timer.abort();
      closed.abort();
      wakeShipper?.();
      // A disk or a log that hangs is left behind; what it may still finish changes nothing here.
      const quiet = await Promise.race([
        Promise.all([writing, shipper.close().then(() => shipping), retiring]).then(() => true),
        sleep(HUNG_MS, false, { ref: false }),
      ]);
      if (quiet) {
        checkpoint.shippedThrough = shippedThrough;
        await writeCheckpoint(folder, checkpoint).catch((error) => report({ step: 'checkpoint', error, attempt: 1 }));
        if (active) closeSegment(active);
        await next?.then(closeSegment, () => undefined);
        unlock();
      }
      for (const waiter of [...shipWaiters]) waiter();
    },
  };
}

/** What the crash of a retirement left: its checkpoint was written, its files were still there. */
async function removeRetired(files: SegmentFiles, retiredThrough: number): Promise<void> {
  for (const { number } of await files.list()) if (number <= retiredThrough) await unlink(files.path(number));
}

function closedError(cause?: unknown): ParapetError {
  return new ParapetError('PARAPET_SPOOL_FAILED', { message: 'The spool closed before this could be written.', cause });
}
