import { describe, expect, it } from 'vitest';
import type { Broker, Cluster } from './internals.ts';
import { createPartitioner } from './partitioner.ts';
import { createTransactor } from './transactor.ts';

/** A cluster of one broker, of which a test answers some requests. */
function clusterOf(broker: Partial<Broker>): Cluster {
  const whole = { nodeId: 1, versions: {}, ...broker } as Broker;
  return {
    brokerPool: { metadata: {}, brokers: {} },
    connect: async () => undefined,
    disconnect: async () => undefined,
    refreshMetadata: async () => undefined,
    addTargetTopic: async () => undefined,
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1, partitionErrorCode: 0 }],
    findBroker: async () => whole,
    findGroupCoordinator: async () => whole,
  };
}

describe('a transactor', () => {
  const position = { topic: 't', partition: 0, offset: 1, metadata: '' };
  const record = { topic: 't', key: 'k', timestamp: 1, headers: {}, value: Buffer.from('x') };

  // After a broker's death the coordinator of the group came back later than that of the transaction: the position could
  // not be read, the next try took the producer for ready, and stored a batch that had been stored.
  it('is not ready before the position was read', async () => {
    const transactor = createTransactor({
      cluster: clusterOf({ initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }) }),
      transactionalId: 'id',
      group: 'g',
      partitionOf: createPartitioner(),
      partitionCount: async () => 1,
    });
    await expect(transactor.begin(() => Promise.reject(new Error('not the coordinator')))).rejects.toThrow('not the coordinator');
    expect(transactor.ready).toBe(false);
    await expect(transactor.transact([record], position)).rejects.toThrow('begin');
    expect(await transactor.begin(async () => 42)).toBe(42);
    expect(transactor.ready).toBe(true);
  });

  it('has to begin anew after any failure of a transaction', async () => {
    const transactor = createTransactor({
      cluster: clusterOf({
        initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }),
        addPartitionsToTxn: () => Promise.reject(new Error('away')),
      }),
      transactionalId: 'id',
      group: 'g',
      partitionOf: createPartitioner(),
      partitionCount: async () => 1,
    });
    await transactor.begin(async () => undefined);
    await expect(transactor.transact([record], position)).rejects.toThrow('away');
    expect(transactor.ready).toBe(false);
  });

  /**
   * A broker that keeps one partition and one position. Of the ends that `drops` names, counted from 0, it forgets the
   * markers of the one, the other or both, as Kafka 4.3 may while it starts.
   */
  function forgetful(drops: Record<number, ('data' | 'position')[]> = {}) {
    const events: string[] = [];
    const open: string[] = [];
    let pending: number | undefined;
    let stored = -1;
    let decision = 'none';
    let ended = -1;
    let touches: ('data' | 'position')[] = [];
    const broker: Partial<Broker> = {
      versions: { 61: {}, 65: {} },
      connectionPool: {
        async send(request) {
          const { apiName } = request.request as { apiName: string };
          if (apiName === 'DescribeTransactions') return decision as never;
          if (apiName === 'DescribeProducers') return (open.length > 0 ? [{ topic: 't', partition: 0 }] : []) as never;
          open.push('batch');
          events.push('produced');
          return { topics: [{ topicName: 't', partitions: [{ partition: 0, errorCode: 0, baseOffset: '0' }] }] } as never;
        },
      },
      async initProducerId() {
        decision = 'none';
        return { producerId: '1', producerEpoch: 0 };
      },
      async addPartitionsToTxn() {
        touches.push('data');
      },
      async addOffsetsToTxn() {
        touches.push('position');
      },
      async txnOffsetCommit({ topics }) {
        pending = Number(topics[0]?.partitions[0]?.offset);
      },
      async endTxn({ transactionResult }) {
        ended += 1;
        decision = transactionResult ? 'committed' : 'aborted';
        const written = touches.filter((each) => !drops[ended]?.includes(each));
        touches = [];
        if (written.includes('data') && open.length > 0) events.push(`${decision} ${open.splice(0).length}`);
        if (!written.includes('position')) return;
        if (transactionResult && pending !== undefined) stored = pending;
        pending = undefined;
      },
    };
    const transactor = createTransactor({
      cluster: clusterOf(broker),
      transactionalId: 'id',
      group: 'g',
      partitionOf: createPartitioner(),
      partitionCount: async () => 1,
      closingMs: 50,
    });
    return { transactor, events, open, position: async () => stored };
  }

  it('ends what a producer before it left hanging, before it writes', async () => {
    const { transactor, events, open } = forgetful();
    open.push('left by another process');
    await transactor.begin(async () => undefined);
    await transactor.transact([record], position);
    await transactor.transact([record], position);
    expect(events).toEqual(['aborted 1', 'produced', 'committed 1', 'produced', 'committed 1']);
  });

  it('does not take a transaction for done whose markers are missing, and ends it as was decided', async () => {
    for (const dropped of [['data', 'position'], ['data']] as const) {
      const { transactor, events, position: stored } = forgetful({ 0: [...dropped] });
      await transactor.begin(async () => undefined);
      await expect(transactor.transact([record], position)).rejects.toThrow('still open');
      expect(transactor.ready).toBe(false);
      expect(await transactor.begin(stored)).toBe(1);
      await transactor.transact([record], { ...position, offset: 2 });
      expect(events).toEqual(['produced', 'committed 1', 'produced', 'committed 1']);
    }
  });

  // The records were there, the position was not: they were written again.
  it('finds the position moved whose marker alone is missing', async () => {
    const { transactor, position: stored } = forgetful({ 0: ['position'] });
    await transactor.begin(async () => undefined);
    await transactor.transact([record], position);
    expect(await stored()).toBe(-1);
    expect(await transactor.begin(stored)).toBe(1);
  });

  it('remembers what was decided when a beginning fails half-way', async () => {
    const { transactor, position: stored } = forgetful({ 0: ['position'], 1: ['position'] });
    await transactor.begin(async () => undefined);
    await transactor.transact([record], position);
    await expect(transactor.begin(() => Promise.reject(new Error('loading')))).rejects.toThrow('loading');
    expect(await transactor.begin(stored)).toBe(1);
  });
});
