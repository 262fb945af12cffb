/**
 * Appends of one producer. They queue, and what has queued up while a transaction ran is the next one: the more there
 * is to do, the fewer transactions a record costs. Each transaction also commits the number of its last record, as the
 * position of a group that nobody joins; so after a crash anywhere the next process reads there what has been stored.
 */
import { ParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { LogRecord, Position, Producer } from '../port.ts';
import { createCoordinator, GROUP } from './coordinator.ts';
import { finalError, persist, reportTo } from './faults.ts';
import type { Transactor, TransactorParts } from './transactor.ts';
import { createTransactor } from './transactor.ts';

/** Before a producer's id: the group that nobody joins, and its transactional id. */
export const PRODUCER_GROUP = 'parapet.producer.';

const MERGE_BYTES = 8_000_000;
const MERGE_RECORDS = 20_000;

export interface Appender {
  append(records: readonly LogRecord[], firstSequence: number): Promise<Position[]>;
  /** Resolves when nothing is queued any more. */
  idle(): Promise<void>;
}

export interface AppenderParts extends Omit<TransactorParts, 'transactionalId' | 'group'> {
  producerId: Producer['id'];
  /** A topic that exists: offsets are kept by topic, also this one. */
  topic: string;
  /** How long an append is tried before it fails with PARAPET_LOG_UNAVAILABLE. */
  withinMs: number;
  logger: Logger;
  /** The log is closing: no more tries. */
  closing(): boolean;
}

interface Waiting {
  records: readonly LogRecord[];
  firstSequence: number;
  resolve(positions: Position[]): void;
  reject(error: unknown): void;
}

export function createAppender(parts: AppenderParts): Appender {
  const { cluster, producerId, topic } = parts;
  const group = `${PRODUCER_GROUP}${producerId}`;
  const coordinator = createCoordinator(cluster, group, GROUP);
  const transactor: Transactor = createTransactor({ ...parts, transactionalId: group, group });
  let waiting: Waiting[] = [];
  let last = 0;
  let running: Promise<void> | undefined;

  /** The number of the last record stored, whichever topic it was noted under. */
  async function readLast(): Promise<number> {
    const { responses } = await coordinator.ask((broker) => broker.offsetFetch({ groupId: group, topics: [] }));
    return Math.max(0, ...responses.flatMap((each) => each.partitions.map(({ offset }) => Number(offset))));
  }

  async function store(batch: readonly Waiting[]): Promise<Position[][]> {
    return persist(
      async () => {
        if (!transactor.ready) last = await transactor.begin(readLast);
        const fresh: LogRecord[] = [];
        const skipped: number[] = [];
        let reached = last;
        for (const { records, firstSequence } of batch) {
          const skip = Math.min(records.length, Math.max(0, reached + 1 - firstSequence));
          skipped.push(skip);
          for (let i = skip; i < records.length; i++) fresh.push(records[i] as LogRecord);
          if (skip < records.length) reached = firstSequence + records.length - 1;
        }
        const places = fresh.length === 0 ? [] : await transactor.transact(fresh, { topic, partition: 0, offset: reached, metadata: '' });
        last = reached;
        let next = 0;
        return batch.map(({ records }, b) =>
          records.map((record, i) =>
            i < (skipped[b] as number) ? { topic: record.topic, partition: -1, offset: -1 } : (places[next++] as Position),
          ),
        );
      },
      {
        withinMs: parts.withinMs,
        until: parts.closing,
        mend: () => cluster.refreshMetadata(),
        onFailure: reportTo(parts.logger, { producer: producerId }),
      },
    );
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      waiting = waiting.slice(batch.length);
      try {
        const positions = await store(batch);
        for (const [i, each] of batch.entries()) each.resolve(positions[i] as Position[]);
      } catch (error) {
        // What waits behind has higher numbers: stored now, it would make this batch look stored when it is tried again.
        const failed = [...batch, ...waiting];
        waiting = [];
        for (const each of failed) each.reject(finalError(error) ?? error);
      }
    }
    running = undefined;
  }

  return {
    append(records, firstSequence) {
      if (parts.closing()) return Promise.reject(new ParapetError('PARAPET_LOG_UNAVAILABLE', { message: 'The event log is closed.' }));
      return new Promise((resolve, reject) => {
        waiting.push({ records, firstSequence, resolve, reject });
        running ??= Promise.resolve().then(run);
      });
    },
    async idle() {
      await running;
    },
  };
}

function takeBatch(waiting: readonly Waiting[]): Waiting[] {
  let bytes = 0;
  let records = 0;
  let count = 0;
  for (const each of waiting) {
    for (const { value } of each.records) bytes += value.length;
    records += each.records.length;
    if (count > 0 && (bytes > MERGE_BYTES || records > MERGE_RECORDS)) break;
    count += 1;
  }
  return waiting.slice(0, count);
}
