/**
 * Feeds a sink from its topic. The life of a batch: read until a bound or the linger → remember its last offset in the
 * group's note → write → commit past it. A crash anywhere leaves either no note (the batch never began) or the note, and
 * then exactly this batch is read and written again, marked `recovered`; that is what makes an idempotent sink exact.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError, toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type Metrics, MS_BUCKETS } from '../core/metrics.ts';
import { deadLetter } from '../log/dead-letters.ts';
import type { Assignment, EventLog, LogRecord, StoredRecord, Subscription } from '../log/port.ts';
import { TOPICS, type TopicId, type TopicRecords } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Refused, Sink, SinkBatch, SinkRecord } from './port.ts';

const BACKOFF_MS = [100, 250, 500, 1_000, 2_000, 5_000, 10_000];
const READ_RECORDS = 5_000;

export interface SinkRunnerParts {
  log: EventLog;
  codec: Codec;
  logger: Logger;
  metrics: Metrics;
}

export async function runSink<Id extends TopicId>(parts: SinkRunnerParts, sink: Sink<Id>): Promise<Subscription> {
  const { log, codec, logger, metrics } = parts;
  const topic = TOPICS[sink.topic].name;
  const written = metrics.counter('parapet_sink_records_total', 'Records that a store has for good.', ['sink']);
  const refusals = metrics.counter('parapet_sink_dead_letters_total', 'Records set aside by a sink.', ['sink']);
  const failures = metrics.counter('parapet_sink_write_failures_total', 'Writes that had to be tried again.', ['sink']);
  const duration = metrics.histogram('parapet_sink_write_ms', 'Milliseconds for one batch in the store.', MS_BUCKETS, ['sink']);
  const size = metrics.histogram('parapet_sink_batch_records', 'Records in a batch.', [1, 10, 100, 1_000, 10_000, 50_000], ['sink']);
  const age = metrics.gauge('parapet_sink_oldest_unwritten_seconds', 'Age of the oldest record not yet in the store.', [
    'sink',
    'partition',
  ]);

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
      const records = await readThrough(assignment, offset, remembered);
      await write(assignment, records, offset, remembered, true);
      offset = remembered + 1;
    }
    while (!assignment.revoked.aborted) {
      const records = await gather(assignment, offset);
      const last = records.at(-1);
      if (last === undefined) continue;
      age.set({ sink: sink.name, partition: String(assignment.partition) }, (Date.now() - (records[0] as StoredRecord).timestamp) / 1_000);
      await assignment.commit(offset, JSON.stringify({ last: last.offset }));
      await write(assignment, records, offset, last.offset, false);
      offset = last.offset + 1;
      age.set({ sink: sink.name, partition: String(assignment.partition) }, 0);
    }
  }

  /** Reads from `offset` until a bound is reached or the first record has waited long enough. [] when revoked. */
  async function gather(assignment: Assignment, offset: number): Promise<StoredRecord[]> {
    const { maxRecords, maxBytes, lingerMs } = sink.limits;
    const out: StoredRecord[] = [];
    let bytes = 0;
    let next = offset;
    let until = 0;
    while (!assignment.revoked.aborted) {
      const waitMs = out.length === 0 ? 5_000 : until - performance.now();
      if (out.length > 0 && waitMs <= 0) return out;
      const records = await assignment.read(next, {
        maxRecords: Math.min(READ_RECORDS, maxRecords - out.length),
        maxBytes: maxBytes - bytes,
        waitMs,
      });
      if (records.length === 0) continue;
      if (out.length === 0) until = performance.now() + lingerMs;
      for (const record of records) {
        out.push(record);
        bytes += record.value.length;
      }
      next = (records.at(-1) as StoredRecord).offset + 1;
      if (out.length >= maxRecords || bytes >= maxBytes) return out;
    }
    // A batch that was not begun is simply read again by whoever takes the partition.
    return [];
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
        // Expired meanwhile: what is gone from the log can't be written again.
        break;
      }
      for (const record of records) if (record.offset <= last) out.push(record);
      next = (records.at(-1) as StoredRecord).offset + 1;
    }
    return out;
  }

  async function write(
    assignment: Assignment,
    stored: StoredRecord[],
    firstOffset: number,
    lastOffset: number,
    recovered: boolean,
  ): Promise<void> {
    await codec.prepare(
      sink.topic,
      stored.map((record) => record.value),
    );
    const dead: LogRecord[] = [];
    const sources: StoredRecord[] = [];
    const records: SinkRecord<TopicRecords[Id]>[] = [];
    for (const record of stored) {
      try {
        const value = codec.decode(sink.topic, record.value) as TopicRecords[Id];
        records.push({
          offset: record.offset,
          timestamp: record.timestamp,
          key: record.key,
          headers: record.headers,
          value,
          raw: record.value,
        });
        sources.push(record);
      } catch (error) {
        dead.push(setAside(record, 'decode', toParapetError(error, 'PARAPET_RECORD_INVALID')));
      }
    }
    const batch: SinkBatch<TopicRecords[Id]> = { topic, partition: assignment.partition, firstOffset, lastOffset, records, recovered };
    const started = performance.now();
    const refused = records.length === 0 ? [] : await deliver(assignment, batch);
    for (const { index, reason } of refused) {
      dead.push(setAside(sources[index] as StoredRecord, 'write', new ParapetError('PARAPET_STORE_REFUSED', { message: reason })));
    }
    await assignment.commit(lastOffset + 1, '', dead);
    written.inc({ sink: sink.name }, records.length - refused.length);
    size.observe({ sink: sink.name }, records.length);
    duration.observe({ sink: sink.name }, performance.now() - started);
  }

  /** Writes until the store has it. Whether a failed write reached the store is never certain, so the next is `recovered`. */
  async function deliver(assignment: Assignment, batch: SinkBatch<TopicRecords[Id]>): Promise<Refused[]> {
    let attempted = batch;
    for (let attempt = 1; ; attempt++) {
      try {
        return await sink.write(attempted);
      } catch (error) {
        const { code, message } = toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
        failures.inc({ sink: sink.name });
        logger.error(
          { sink: sink.name, code, attempt, partition: batch.partition, first: batch.firstOffset, last: batch.lastOffset, err: message },
          'write failed, trying again',
        );
        if (assignment.revoked.aborted) throw error;
        await pause(attempt, assignment.revoked);
        attempted = { ...batch, recovered: true };
      }
    }
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
  return log.subscribe({ group: sink.name, topics: [topic], from: 'earliest' }, async (assignment) => {
    try {
      await handle(assignment);
    } catch (error) {
      const { code, message } = toParapetError(error);
      logger.warn({ sink: sink.name, code, partition: assignment.partition, err: message }, 'partition given up');
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
