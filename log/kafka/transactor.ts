/**
 * One transactional producer: records and a group's position, both or neither. Whoever begins under the same id fences
 * the one before and ends what it left open. Nothing is retried in the middle of a transaction: after any failure the
 * next one begins anew, and the caller looks at the committed position to see whether the failed one had come through.
 *
 * The subtle point is what a broker's death leaves open (`open-transactions.ts`). A transaction counts as done when it has
 * been seen closed in every partition. Who begins first ends what hangs of the group's position, and before the first
 * record in a partition what hangs there, both as the coordinator had decided.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord, Position } from '../port.ts';
import { createCoordinator, GROUP, TRANSACTION } from './coordinator.ts';
import { isConcurrentTransaction } from './faults.ts';
import type { Cluster, OffsetTopics, ProducerIdentity } from './internals.ts';
import { type Decision, decisionOn, openTransactions, type PartitionName } from './open-transactions.ts';
import type { Partitioner } from './partitioner.ts';
import { leaderOf, type PartitionBatch, produce } from './protocol.ts';
import { recordBytes } from './record-batch.ts';

/**
 * Longest life of a transaction. Readers stop at the first open one, so that of a producer which was killed and never
 * comes back holds them up for so long (and until the broker's next look, every 10 s).
 */
const TRANSACTION_MS = 15_000;
/** A batch is one unit to the broker and has to fit into its message.max.bytes, 1 MiB where nobody changed it. */
const BATCH_BYTES = 1_000_000;
const BATCH_OVERHEAD_BYTES = 100;
const ROUND_BYTES = 16_000_000;
const CONCURRENT_PAUSE_MS = 2;
const CONCURRENT_LIMIT_MS = 10_000;
const CLOSING_MS = 5_000;
const SEQUENCES = 2 ** 31;

export interface GroupPosition {
  topic: string;
  partition: number;
  offset: number;
  metadata: string;
}

export interface Transactor {
  /** False before `begin` and after a failure. */
  readonly ready: boolean;
  /**
   * Fences every other producer of the id and ends its open transaction; then, with nobody left who could change it,
   * `look` reads where things stand. Only when that has succeeded is the transactor ready: a producer that goes on
   * without having looked repeats what had been stored.
   */
  begin<T>(look: () => Promise<T>): Promise<T>;
  /** One transaction. Where a record went is at its index. */
  transact(records: readonly LogRecord[], position: GroupPosition): Promise<Position[]>;
}

export interface TransactorParts {
  cluster: Cluster;
  transactionalId: string;
  /** Whose position moves with the records. */
  group: string;
  partitionOf: Partitioner;
  /** The number of a topic's partitions; throws PARAPET_LOG_TOPIC_UNKNOWN. */
  partitionCount(topic: string): Promise<number>;
  /** How long the markers of a committed transaction are waited for; they come within milliseconds. */
  closingMs?: number;
}

export function createTransactor({
  cluster,
  transactionalId,
  group,
  partitionOf,
  partitionCount,
  closingMs = CLOSING_MS,
}: TransactorParts): Transactor {
  const coordinator = createCoordinator(cluster, transactionalId, TRANSACTION);
  const groupCoordinator = createCoordinator(cluster, group, GROUP);
  let identity: ProducerIdentity | undefined;
  let sequences = new Map<string, number>();
  /** Partitions in which nothing of this producer hangs open. */
  let settled = new Set<string>();
  /** Of the transaction before the newest beginning; what hangs open is ended so. Kept until a beginning has used it. */
  let decision: Decision = 'none';

  async function produceRound(writer: ProducerIdentity, round: readonly PartitionBatch[]): Promise<number[]> {
    const byLeader = Map.groupBy(round, ({ topic, partition }) => leaderOf(cluster, topic, partition));
    const offsets = new Map<PartitionBatch, number>();
    await Promise.all(
      [...byLeader].map(async ([nodeId, batches]) => {
        const broker = await cluster.findBroker({ nodeId });
        const first = await produce(broker, { transactionalId, ...writer }, batches);
        for (const [i, batch] of batches.entries()) offsets.set(batch, first[i] as number);
      }),
    );
    return round.map((batch) => offsets.get(batch) as number);
  }

  function addPartitions(step: Step, partitions: readonly PartitionName[]): Promise<unknown> {
    const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
    const topics = [...byTopic].map(([topic, mine]) => ({ topic, partitions: mine.map(({ partition }) => partition) }));
    return unhurried(() => coordinator.ask((broker) => broker.addPartitionsToTxn({ ...step, topics })));
  }

  /** Ends what hangs open of a producer that has nothing under way: a marker more in those partitions. */
  async function settle(step: Step, partitions: readonly PartitionName[]): Promise<void> {
    const open = await openTransactions(cluster, step.producerId, partitions);
    if (open.length > 0) {
      await addPartitions(step, open);
      await coordinator.ask((broker) => broker.endTxn({ ...step, transactionResult: decision === 'committed' }));
      await closed(step, open);
    }
    for (const each of partitions) settled.add(nameOf(each));
  }

  async function closed(step: Step, partitions: readonly PartitionName[]): Promise<void> {
    const deadline = performance.now() + closingMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
      if ((await openTransactions(cluster, step.producerId, partitions)).length === 0) return;
      if (performance.now() > deadline) throw new Error('Kafka has ended a transaction, and it is still open');
      await sleep(pause);
    }
  }

  /** The coordinator forgets with the next beginning, so what it said once counts until that has come to its end. */
  async function decide(): Promise<void> {
    const now = await decided();
    if (now !== 'none') decision = now;
  }

  async function decided(): Promise<Decision> {
    const deadline = performance.now() + CONCURRENT_LIMIT_MS;
    for (let pause = CONCURRENT_PAUSE_MS; ; pause = Math.min(pause * 1.5, 100)) {
      const now = await coordinator.ask((broker) => decisionOn(broker, transactionalId));
      if (now !== 'deciding') return now;
      if (performance.now() > deadline) throw new Error('Kafka does not come to the end of a transaction');
      await sleep(pause);
    }
  }

  /** A marker more for the group's position: nothing happens, unless one is missing there. */
  async function settlePosition(step: Step): Promise<void> {
    if (decision === 'none') return;
    await unhurried(() => coordinator.ask((broker) => broker.addOffsetsToTxn({ ...step, groupId: group })));
    await coordinator.ask((broker) => broker.endTxn({ ...step, transactionResult: decision === 'committed' }));
    // The position can be read when the marker stands.
    await decided();
  }

  return {
    get ready() {
      return identity !== undefined;
    },

    async begin(look) {
      identity = undefined;
      await decide();
      const fresh = await unhurried(() =>
        coordinator.ask((broker) => broker.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_MS })),
      );
      settled = new Set();
      await settlePosition({ transactionalId, ...fresh });
      const found = await look();
      sequences = new Map();
      identity = fresh;
      return found;
    },

    async transact(records, { topic, partition, offset, metadata }) {
      if (identity === undefined) throw new Error('begin() comes first');
      const writer = identity;
      // Set again at the end: whatever throws on the way leaves the transactor to begin anew.
      identity = undefined;
      const step = { transactionalId, ...writer };
      const places: Position[] = new Array(records.length);
      const queues = await placed(records, places);
      const touched = [...queues.values()].map((each): PartitionName => ({ topic: each.topic, partition: each.partition }));
      const unsure = touched.filter((each) => !settled.has(nameOf(each)));
      if (unsure.length > 0) await settle(step, unsure);
      const rounds = planRounds(queues);
      await addPartitions(step, touched);
      const positions: OffsetTopics[] = [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }];
      await coordinator.ask((broker) => broker.addOffsetsToTxn({ ...step, groupId: group }));
      const note = groupCoordinator.ask((broker) => broker.txnOffsetCommit({ ...step, groupId: group, topics: positions }));
      note.catch(() => undefined);
      for (const round of rounds) {
        for (const batch of round) {
          const name = nameOf(batch);
          batch.firstSequence = sequences.get(name) ?? 0;
          sequences.set(name, (batch.firstSequence + batch.records.length) % SEQUENCES);
        }
        const firsts = await produceRound(writer, round);
        round.forEach((batch, i) => {
          const first = firsts[i] as number;
          for (let r = 0; r < batch.indexes.length; r++) (places[batch.indexes[r] as number] as Position).offset = first + r;
        });
      }
      await note;
      await coordinator.ask((broker) => broker.endTxn({ ...step, transactionResult: true }));
      await closed(step, touched);
      identity = writer;
      return places;
    },
  };

  /** Records by partition, in their order; fills in `places` what is known so far. */
  async function placed(records: readonly LogRecord[], places: Position[]): Promise<Map<string, Queue>> {
    const queues = new Map<string, Queue>();
    const counts = new Map<string, number>();
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as LogRecord;
      let partitions = counts.get(record.topic);
      if (partitions === undefined) {
        partitions = await partitionCount(record.topic);
        // The client keeps the leaders of the topics that it was told of.
        await cluster.addTargetTopic(record.topic);
        counts.set(record.topic, partitions);
      }
      const partition = partitionOf(record.key, partitions);
      const name = nameOf({ topic: record.topic, partition });
      let queue = queues.get(name);
      if (queue === undefined) {
        queue = { topic: record.topic, partition, records: [], indexes: [] };
        queues.set(name, queue);
      }
      queue.records.push(record);
      queue.indexes.push(i);
      places[i] = { topic: record.topic, partition, offset: -1 };
    }
    return queues;
  }
}

type Step = ProducerIdentity & { transactionalId: string };

const nameOf = ({ topic, partition }: PartitionName) => `${topic}/${partition}`;

interface Queue {
  topic: string;
  partition: number;
  records: LogRecord[];
  indexes: number[];
}

type IndexedBatch = PartitionBatch & { indexes: number[] };

/** Requests in turn, each with at most one batch of a partition: the broker takes no more. */
function planRounds(queues: Map<string, Queue>): IndexedBatch[][] {
  const rounds: { batches: IndexedBatch[]; bytes: number }[] = [];
  for (const { topic, partition, records, indexes } of queues.values()) {
    let number = 0;
    for (let from = 0; from < records.length; ) {
      let bytes = BATCH_OVERHEAD_BYTES;
      let to = from;
      while (to < records.length) {
        const more = recordBytes(records[to] as LogRecord);
        if (to > from && bytes + more > BATCH_BYTES) break;
        bytes += more;
        to += 1;
      }
      while (number < rounds.length && (rounds[number] as { bytes: number }).bytes + bytes > ROUND_BYTES) number += 1;
      const round = rounds[number] ?? { batches: [], bytes: 0 };
      rounds[number] = round;
      const whole = from === 0 && to === records.length;
      round.batches.push({
        topic,
        partition,
        firstSequence: 0,
        records: whole ? records : records.slice(from, to),
        indexes: whole ? indexes : indexes.slice(from, to),
      });
      round.bytes += bytes;
      number += 1;
      from = to;
    }
  }
  return rounds.map(({ batches }) => batches);
}

/** Waits for the transaction before this one to be written out, a matter of milliseconds. */
async function unhurried<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + CONCURRENT_LIMIT_MS;
  for (let pause = CONCURRENT_PAUSE_MS; ; pause = Math.min(pause * 1.5, 100)) {
    try {
      return await work();
    } catch (error) {
      if (!isConcurrentTransaction(error) || performance.now() > deadline) throw error;
      await sleep(pause);
    }
  }
}
