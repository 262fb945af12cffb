/**
 * Feeds a sink from its topic. The life of a batch: read until a bound or the linger → remember its last offset in the
 * group's note → write → commit past it. A crash anywhere leaves either no note (the batch never began) or the note, and
 * then exactly this batch is read and written again, marked `recovered`; that is what makes an idempotent sink exact.
 * A sink that makes drafts gets the same treatment without a crash whenever a draft cannot be written as it is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError, toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type Metrics, MS_BUCKETS } from '../core/metrics.ts';
import { deadLetter, replayOrder } from '../log/dead-letters.ts';
import type { Assignment, EventLog, LogRecord, StoredRecord, Subscription } from '../log/port.ts';
import { deadLetterTopic, TOPICS, type TopicId } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { UnsealedRecords } from '../schemas/unsealed.ts';
import type { BatchTraces } from '../telemetry/index.ts';
import { traceSink } from '../telemetry/sink.ts';
import type { Mask } from './erasure.ts';
import { createTurns, decodeAll, type Gathered, gather, type Undecodable } from './gather.ts';
import type { BatchBounds, Draft, Refused, Sink, SinkBatch } from './port.ts';

const BACKOFF_MS = [100, 250, 500, 1_000, 2_000, 5_000, 10_000];
const READ_RECORDS = 5_000;
/** So many partitions make batches up to the sink's limits; more of them share that room, so that memory has a bound. */
const FULL_SHARES = 4;

export interface SinkRunnerParts {
  log: EventLog;
  codec: Codec;
  logger: Logger;
  metrics: Metrics;
  /** Undefined when traces are off. */
  traces?: BatchTraces | undefined;
  /** Of erased subjects. */
  mask?: Mask | undefined;
}

/** How a batch went. */
interface Outcome {
  started: number;
  /** Records that could be decoded, and their sources where some were refused. */
  count: number;
  sources: StoredRecord[];
  refused: Refused[];
  undecodable: Undecodable[];
}

export async function runSink<Id extends TopicId>(parts: SinkRunnerParts, sink: Sink<Id>): Promise<Subscription> {
  const { log, codec, logger, metrics, mask } = parts;
  const topic = TOPICS[sink.topic].name;
  const mailbox = deadLetterTopic(sink.name);
  const written = metrics.counter('parapet_sink_records_total', 'Records that a store has for good.', ['sink']);
  const refusals = metrics.counter('parapet_sink_dead_letters_total', 'Records set aside by a sink.', ['sink']);
  const failures = metrics.counter('parapet_sink_write_failures_total', 'Writes that had to be tried again.', ['sink']);
  const duration = metrics.histogram('parapet_sink_write_ms', 'Milliseconds for one batch in the store.', MS_BUCKETS, ['sink']);
  const size = metrics.histogram('parapet_sink_batch_records', 'Records in a batch.', [1, 10, 100, 1_000, 10_000, 50_000], ['sink']);
  const age = metrics.gauge('parapet_sink_oldest_unwritten_seconds', 'Age of the oldest record not yet in the store.', [
    'sink',
    'partition',
  ]);

  const lag = metrics.gauge('parapet_consumer_lag_records', 'Records between a group and the end of its partition.', [
    'group',
    'topic',
    'partition',
  ]);
  /** When the oldest record of each partition's batch happened, in milliseconds since 1970, until the store has it. */
  const oldest = new Map<number, number>();

  const turns = createTurns();
  const traced = traceSink(parts.traces, sink);
  /** Partitions of the topic that this process holds. */
  let held = 0;

  async function open(revoked?: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await sink.open();
      } catch (error) {
        const { code, message } = toParapetError(error);
        logger.error({ sink: sink.name, code, attempt, err: message }, 'store not ready, trying again');
        if (revoked?.aborted || attempt >= 100) throw error;
        await pause(attempt, revoked);
      }
    }
  }

  async function handle(assignment: Assignment): Promise<void> {
    let offset = assignment.committed.offset;
    const remembered = lastOffsetOf(assignment.committed.metadata);
    if (remembered !== undefined && remembered >= offset) {
      await redo(assignment, offset, remembered);
      offset = remembered + 1;
    }
    offset = await passHeld(assignment, offset);
    const stopped = new AbortController();
    const stop = AbortSignal.any([assignment.revoked, stopped.signal]);
    let ahead = begin(assignment, offset, stop);
    try {
      for (;;) {
        const batch = await ahead;
        if (batch === undefined || stop.aborted) return;
        const { firstOffset, lastOffset } = batch;
        await begins(assignment, batch.oldest, firstOffset);
        await assignment.commit(firstOffset, JSON.stringify({ last: lastOffset }));
        // Only read ahead, never begun: its note waits until this one's commit, so a crash finds one batch at most.
        const halt = new AbortController();
        if (sink.draft) ahead = begin(assignment, lastOffset + 1, AbortSignal.any([stop, halt.signal]));
        if (!(await write(assignment, batch))) {
          // One reader at a time: two would each make the log begin anew at another place.
          halt.abort();
          await ahead.catch(() => undefined);
          await redo(assignment, firstOffset, lastOffset);
          ahead = begin(assignment, lastOffset + 1, stop);
        }
        if (!sink.draft) ahead = begin(assignment, lastOffset + 1, stop);
      }
    } finally {
      ends(assignment.partition);
      stopped.abort();
      await ahead.catch(() => undefined);
    }
  }

  /** A group that the log has forgotten begins at the oldest record: what the store has of it must not come twice. */
  async function passHeld(assignment: Assignment, from: number): Promise<number> {
    const { partition } = assignment;
    const held = await heldOf(assignment, from);
    if (held > from) logger.warn({ sink: sink.name, partition, from, held }, 'the store has more than the group says; looking which');
    const end = Math.min(held, await assignment.end());
    for (let next = from; next < end; ) {
      const last = Math.min(next + READ_RECORDS, end) - 1;
      await redo(assignment, next, last);
      next = last + 1;
    }
    return Math.max(from, end);
  }

  async function heldOf({ partition, revoked }: Assignment, from: number): Promise<number> {
    if (sink.holds === undefined) return from;
    for (let attempt = 1; ; attempt++) {
      try {
        return await sink.holds(partition, from);
      } catch (error) {
        const { code, message } = toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
        logger.error({ sink: sink.name, code, attempt, partition, err: message }, 'the store does not say what it has, trying again');
        if (revoked.aborted) throw error;
        await pause(attempt, revoked);
      }
    }
  }

  /** What it throws is thrown where it is awaited; until then it must not count as unhandled. */
  function begin(assignment: Assignment, offset: number, stop: AbortSignal) {
    const share = Math.min(1, FULL_SHARES / held);
    const { maxRecords, maxBytes, lingerMs } = sink.limits;
    const limits = { maxRecords: Math.ceil(maxRecords * share), maxBytes: Math.ceil(maxBytes * share), lingerMs };
    const batch = gather(traced.reading, codec, assignment, offset, { limits, stop, turns, mask });
    batch.catch(() => undefined);
    return batch;
  }

  async function readThrough(assignment: Assignment, first: number, last: number): Promise<StoredRecord[]> {
    const out: StoredRecord[] = [];
    for (let next = first; next <= last; ) {
      const records = await assignment.read(next, {
        maxRecords: Math.min(READ_RECORDS, last - next + 1),
        maxBytes: 64 * 1024 * 1024,
        waitMs: 1_000,
      });
      if (records.length === 0) {
        if (assignment.revoked.aborted) throw new ParapetError('PARAPET_LOG_FENCED');
        // Nothing for a while is a log that is slow or away. Only what it says is gone for good can't be written again.
        const start = (await log.ranges(topic)).find((range) => range.partition === assignment.partition)?.start ?? 0;
        if (start > last) break;
        next = Math.max(next, start);
        continue;
      }
      for (const record of records) if (record.offset <= last) out.push(record);
      next = (records.at(-1) as StoredRecord).offset + 1;
    }
    return out;
  }

  /** False when the draft could not be written: the batch is then to be read again. */
  async function write(assignment: Assignment, batch: Gathered<UnsealedRecords[Id]>): Promise<boolean> {
    const { firstOffset, lastOffset, records, sources, size: count, draft, undecodable } = batch;
    const bounds: BatchBounds = { topic, partition: assignment.partition, firstOffset, lastOffset };
    const started = performance.now();
    const trace = traced.begin(bounds, batch);
    if (draft && count > 0 && !(await deliverDraft(assignment, draft, bounds))) return false;
    const refused = draft || count === 0 ? [] : await deliver(assignment, { ...bounds, records, recovered: false });
    await finish(assignment, lastOffset, { started, count, sources, refused, undecodable });
    trace?.end({ refused: refused.length });
    return true;
  }

  /** Writes a batch that may have been written before, wholly or in part. */
  async function redo(assignment: Assignment, firstOffset: number, lastOffset: number): Promise<void> {
    const stored = await readThrough(assignment, firstOffset, lastOffset);
    await begins(assignment, stored[0]?.timestamp ?? Date.now(), firstOffset);
    const { records, sources, undecodable } = await decodeAll(codec, sink.topic, stored, mask);
    const bounds: BatchBounds = { topic, partition: assignment.partition, firstOffset, lastOffset };
    const started = performance.now();
    const trace = traced.begin(bounds, { sources });
    const refused = records.length === 0 ? [] : await deliver(assignment, { ...bounds, records, recovered: true });
    await finish(assignment, lastOffset, { started, count: records.length, sources, refused, undecodable });
    trace?.end({ refused: refused.length, recovered: true });
  }

  /** Decisions about dead letters: a record to be replayed is a batch of one, where it stood at its source. */
  async function handleMail(assignment: Assignment): Promise<void> {
    for (let offset = assignment.committed.offset; !assignment.revoked.aborted; ) {
      const mail = await assignment.read(offset, { maxRecords: READ_RECORDS, maxBytes: 16 * 1024 * 1024, waitMs: 5_000 });
      for (const record of mail) {
        const order = replayOrder(record);
        if (order) await replay(assignment, order, record.offset);
        offset = record.offset + 1;
      }
      if (mail.length > 0) await assignment.commit(offset);
    }
  }

  async function replay(assignment: Assignment, order: StoredRecord, mailOffset: number): Promise<void> {
    const { records, sources, undecodable } = await decodeAll(codec, sink.topic, [order], mask);
    const bounds: BatchBounds = { topic, partition: order.partition, firstOffset: order.offset, lastOffset: order.offset };
    const started = performance.now();
    const trace = traced.begin(bounds, { sources });
    const refused = records.length === 0 ? [] : await deliver(assignment, { ...bounds, records, recovered: true });
    await finish(assignment, mailOffset, { started, count: records.length, sources, refused, undecodable });
    trace?.end({ refused: refused.length, recovered: true });
  }

  async function finish(assignment: Assignment, lastOffset: number, outcome: Outcome): Promise<void> {
    const { started, count, sources, refused, undecodable } = outcome;
    const dead = undecodable.map(({ record, error }) => setAside(record, 'decode', error));
    for (const { index, reason } of refused) {
      dead.push(setAside(sources[index] as StoredRecord, 'write', new ParapetError('PARAPET_STORE_REFUSED', { message: reason })));
    }
    await assignment.commit(lastOffset + 1, '', dead);
    if (assignment.topic === topic) {
      ends(assignment.partition);
      await behind(assignment, lastOffset + 1);
    }
    written.inc({ sink: sink.name }, count - refused.length);
    size.observe({ sink: sink.name }, count);
    duration.observe({ sink: sink.name }, performance.now() - started);
  }

  async function begins(assignment: Assignment, since: number, offset: number): Promise<void> {
    oldest.set(assignment.partition, since);
    growsOlder(assignment.partition);
    await behind(assignment, offset);
  }

  function ends(partition: number): void {
    oldest.delete(partition);
    growsOlder(partition);
  }

  /** Also while a store is away: that is when somebody wants to know. */
  function growsOlder(partition: number): void {
    const since = oldest.get(partition);
    age.set({ sink: sink.name, partition: String(partition) }, since === undefined ? 0 : (Date.now() - since) / 1_000);
  }

  async function behind(assignment: Assignment, offset: number): Promise<void> {
    const place = { group: sink.name, topic, partition: String(assignment.partition) };
    // A log that does not answer is found, and reported, by whoever needs its answer.
    const end = await assignment.end().catch(() => undefined);
    if (end !== undefined) lag.set(place, Math.max(0, end - offset));
  }

  /** True when the store has it; else the batch is to be read again, and written as one that may be there. */
  async function deliverDraft(assignment: Assignment, draft: Draft<UnsealedRecords[Id]>, bounds: BatchBounds): Promise<boolean> {
    try {
      return await draft.write(bounds);
    } catch (error) {
      failed(error, 1, bounds);
      if (assignment.revoked.aborted) throw error;
      await pause(1, assignment.revoked);
      return false;
    }
  }

  /** Writes until the store has it. Whether a failed write reached the store is never certain, so the next is `recovered`. */
  async function deliver(assignment: Assignment, batch: SinkBatch<UnsealedRecords[Id]>): Promise<Refused[]> {
    let attempted = batch;
    for (let attempt = 1; ; attempt++) {
      try {
        return await sink.write(attempted);
      } catch (error) {
        failed(error, attempt, batch);
        if (assignment.revoked.aborted) throw error;
        await pause(attempt, assignment.revoked);
        attempted = { ...batch, recovered: true };
      }
    }
  }

  function failed(error: unknown, attempt: number, { partition, firstOffset: first, lastOffset: last }: BatchBounds): void {
    const { code, message } = toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
    failures.inc({ sink: sink.name });
    growsOlder(partition);
    logger.error({ sink: sink.name, code, attempt, partition, first, last, err: message }, 'write failed, trying again');
  }

  function setAside(record: StoredRecord, step: string, error: ParapetError): LogRecord {
    refusals.inc({ sink: sink.name });
    logger.error(
      { sink: sink.name, step, code: error.code, partition: record.partition, offset: record.offset },
      'record set aside as a dead letter',
    );
    return deadLetter(record, { group: sink.name, step: `${sink.name}/${step}`, code: error.code, reason: error.message, attempts: 1 });
  }

  await open();
  return log.subscribe({ group: sink.name, topics: [topic, mailbox], from: 'earliest' }, async (assignment) => {
    const mail = assignment.topic === mailbox;
    if (!mail) held += 1;
    try {
      await (mail ? handleMail(assignment) : handle(assignment));
    } catch (error) {
      const { code, message } = toParapetError(error);
      logger.warn({ sink: sink.name, code, partition: assignment.partition, err: message }, 'partition given up');
    } finally {
      if (!mail) held -= 1;
    }
  });
}

function lastOffsetOf(metadata: string): number | undefined {
  if (metadata === '') return undefined;
  return (JSON.parse(metadata) as { last: number }).last;
}

function pause(attempt: number, signal?: AbortSignal): Promise<void> {
  const ms = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1];
  return sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}
