/**
 * Runs a step over a topic. A batch's outputs, its dead letters and the group's new position are committed together; on
 * a transactional log that makes each output appear exactly once. What a step remembers is committed with them and read
 * back when the partition is taken, so that it is always of the group's position. A record that keeps failing is set
 * aside with its reason, and the ones behind it go on.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ParapetError, toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type Metrics, MS_BUCKETS } from '../core/metrics.ts';
import { deadLetter, replayOrder } from '../log/dead-letters.ts';
import type { Assignment, EventLog, LogRecord, PartitionRange, StoredRecord, Subscription } from '../log/port.ts';
import { deadLetterTopic, TOPICS, type TopicId, type TopicRecords } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { BatchTraces } from '../telemetry/index.ts';
import type { Memory, Outcome, Placed, Processor, Raw, StatefulProcessor, StepInput } from './step.ts';

/** How long a batch keeps the thread to itself: heartbeats and the other partitions' answers wait meanwhile. */
const TURN_MS = 20;
/** One look into what was remembered. */
const RESTORED = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024 };

type Work<Id extends TopicId> = (input: StepInput<TopicRecords[Id]> & Raw & Placed) => Outcome | Promise<Outcome>;

export interface RunnerParts {
  log: EventLog;
  codec: Codec;
  logger: Logger;
  metrics: Metrics;
  /** Undefined when traces are off. */
  traces?: BatchTraces | undefined;
}

export interface RunnerOptions {
  maxRecords?: number;
  maxBytes?: number;
  /** Tries of a record before it becomes a dead letter. */
  attempts?: number;
  /** First pause between tries, doubled each time. */
  backoffMs?: number;
  /** Small batches begin so long after one another: to commit one costs the log as much as to commit a large one. */
  paceMs?: number;
}

export async function runProcessor<Id extends TopicId>(
  parts: RunnerParts,
  processor: Processor<Id> | StatefulProcessor<Id>,
  options: RunnerOptions = {},
): Promise<Subscription> {
  const { log, codec, logger, metrics, traces } = parts;
  const { maxRecords = 1_000, maxBytes = 8 * 1024 * 1024, attempts = 5, backoffMs = 50, paceMs = 100 } = options;
  const topic = TOPICS[processor.input].name;
  const mailbox = deadLetterTopic(processor.name);
  const labels = { processor: processor.name };
  const processed = metrics.counter('parapet_processor_records_total', 'Records that a processor finished.', ['processor', 'outcome']);
  const retried = metrics.counter('parapet_processor_retries_total', 'Tries after a failure.', ['processor']);
  const lag = metrics.gauge('parapet_consumer_lag_records', 'Records between a group and the end of its partition.', [
    'group',
    'topic',
    'partition',
  ]);
  const duration = metrics.histogram('parapet_processor_batch_ms', 'Milliseconds for one batch, commit included.', MS_BUCKETS, [
    'processor',
  ]);

  /** The record's outputs; its dead letter when it kept failing, or when what the step made does not fit its own schema. */
  async function settle(record: StoredRecord, step: Work<Id>): Promise<LogRecord[]> {
    let failure: ParapetError | undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      try {
        const value = codec.decode(processor.input, record.value) as TopicRecords[Id];
        const { key, timestamp, headers, offset } = record;
        const outcome = step({ value, bytes: record.value, key, timestamp, headers, offset });
        return outputsOf(record, outcome instanceof Promise ? await outcome : outcome, value);
      } catch (error) {
        failure = toParapetError(error);
        // Bytes that do not fit their schema will not fit it the next time either.
        if (failure.code === 'PARAPET_RECORD_INVALID') break;
        if (attempt < attempts) {
          retried.inc(labels);
          await sleep(backoffMs * 2 ** (attempt - 1));
        }
      }
    }
    logger.error(
      { group: processor.name, code: failure?.code, topic: record.topic, partition: record.partition, offset: record.offset },
      'record set aside as a dead letter',
    );
    return outputsOf(record, { kind: 'dead', reason: `${failure?.code}: ${failure?.message}` });
  }

  function outputsOf(record: StoredRecord, outcome: Outcome, input: object = {}): LogRecord[] {
    const outputs = recordsOf(record, outcome, input);
    processed.inc({ ...labels, outcome: outcome.kind });
    return outputs;
  }

  function recordsOf(record: StoredRecord, outcome: Outcome, input: object): LogRecord[] {
    if (outcome.kind === 'drop') return [];
    if (outcome.kind === 'dead') {
      const code = /^PARAPET_[A-Z_]+/.exec(outcome.reason)?.[0] ?? 'PARAPET_INTERNAL';
      return [deadLetter(record, { group: processor.name, step: processor.name, code, reason: outcome.reason, attempts })];
    }
    const from = { topic: processor.input, value: input, bytes: record.value };
    return outcome.records.map(({ topic: id, key, timestamp, value }) => ({
      topic: TOPICS[id].name,
      key,
      timestamp,
      headers: record.headers,
      value: codec.encode(id, value as never, from),
    }));
  }

  async function handle(assignment: Assignment): Promise<void> {
    const place = { group: processor.name, topic: assignment.topic, partition: String(assignment.partition) };
    const memory = 'states' in processor && assignment.topic !== mailbox ? await recall(processor, assignment) : undefined;
    const step: Work<Id> = memory ? (input) => memory.step(input) : 'step' in processor ? processor.step : tooLate;
    const traced = { operation: 'process', group: processor.name, topic: assignment.topic, partition: assignment.partition } as const;
    let offset = assignment.committed.offset;
    /** When the last batch was read, and whether more was at hand. */
    let began = Number.NEGATIVE_INFINITY;
    let full = false;
    /** The commit under way: the next batch is read and worked on meanwhile, and committed after it. */
    let committing: Promise<void> = Promise.resolve();
    try {
      while (!assignment.revoked.aborted) {
        const early = began + paceMs - performance.now();
        if (early > 0 && !full) await sleep(early, undefined, { signal: assignment.revoked }).catch(() => undefined);
        const records = await assignment.read(offset, { maxRecords, maxBytes, waitMs: 5_000 });
        began = performance.now();
        full = records.length === maxRecords;
        if (records.length === 0) {
          lag.set(place, 0);
          continue;
        }
        const started = performance.now();
        const work = assignment.topic === mailbox ? records.flatMap((record) => replayOrder(record) ?? []) : records;
        const trace = traces?.begin(traced, traces.collect(work));
        await codec.prepare(
          processor.input,
          work.map((record) => record.value),
        );
        const outputs: LogRecord[] = [];
        for (let turn = performance.now(), at = 0; at < work.length; at++) {
          outputs.push(...(await settle(work[at] as StoredRecord, step)));
          if (performance.now() - turn < TURN_MS) continue;
          await nextTurn();
          turn = performance.now();
        }
        if (memory) outputs.push(...memory.changes());
        await committing;
        const next = (records.at(-1) as StoredRecord).offset + 1;
        committing = commit(assignment, next, outputs).then(async () => {
          duration.observe(labels, performance.now() - started);
          trace?.end();
          lag.set(place, Math.max(0, (await assignment.end()) - next));
        });
        // It is waited for below; until then its failure is not a stray one.
        committing.catch(() => undefined);
        offset = next;
      }
    } finally {
      await committing;
    }
  }

  /** What was committed with the group's position, which nobody else can move any more. */
  async function recall(
    { states, remember }: StatefulProcessor<Id>,
    { partition, revoked }: Assignment,
  ): Promise<Memory<TopicRecords[Id]>> {
    const memory = remember();
    const [ranges, inputs] = [await log.ranges(states), await log.ranges(topic)];
    if (ranges.length !== inputs.length) {
      throw new ParapetError('PARAPET_CONFIG_INVALID', {
        message: `${states} has ${ranges.length} partitions and ${topic} ${inputs.length}; what ${processor.name} remembers would be elsewhere.`,
        hint: 'Give both topics the same number of partitions.',
      });
    }
    const { start, end } = ranges[partition] as PartitionRange;
    for (let offset = start; offset < end && !revoked.aborted; ) {
      const records = await log.read({ topic: states, partition, offset }, RESTORED);
      const last = records.at(-1);
      if (last === undefined) break;
      for (const record of records) memory.restore(record);
      offset = last.offset + 1;
    }
    return memory;
  }

  /** Tries until the log takes it: the work is done, so only the partition's loss can end the wait. */
  async function commit(assignment: Assignment, next: number, outputs: LogRecord[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await assignment.commit(next, '', outputs);
      } catch (error) {
        const { code, message } = toParapetError(error);
        if (code === 'PARAPET_LOG_FENCED') throw error;
        logger.error({ group: processor.name, code, attempt, err: message }, 'commit failed, trying again');
        if (assignment.revoked.aborted && attempt > 3) throw error;
        await sleep(Math.min(5_000, 100 * 2 ** attempt));
      }
    }
  }

  return log.subscribe({ group: processor.name, topics: [topic, mailbox], from: 'earliest' }, async (assignment) => {
    try {
      await handle(assignment);
    } catch (error) {
      const { code, message } = toParapetError(error);
      logger.warn({ group: processor.name, code, partition: assignment.partition, err: message }, 'partition given up');
    }
  });
}

/** A dead letter comes again out of its order and where its past is not at hand: those after it were judged without it. */
const tooLate = (): Outcome => ({ kind: 'drop', reason: 'it comes too late to be remembered' });

export type { Processor };
