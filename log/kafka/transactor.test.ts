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
  const position = { group: 'g', topic: 't', partition: 0, offset: 1, metadata: '' };
  const record = { topic: 't', key: 'k', timestamp: 1, headers: {}, value: Buffer.from('x') };

  // After a broker's death the coordinator of the group came back later than that of the transaction: the position could
  // not be read, the next try took the producer for ready, and stored a batch that had been stored.
  it('is not ready before the position was read', async () => {
    const transactor = createTransactor({
      cluster: clusterOf({ initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }) }),
      transactionalId: 'id',
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
      partitionOf: createPartitioner(),
      partitionCount: async () => 1,
    });
    await transactor.begin(async () => undefined);
    await expect(transactor.transact([record], position)).rejects.toThrow('away');
    expect(transactor.ready).toBe(false);
  });

  /**
   * A broker that keeps one partition: it forgets the markers of the transactions that `dropped` names, counted from 0,
   * as Kafka 4.3 may while it starts.
   */
  function forgetful(dropped: number[]) {
    const events: string[] = [];
    const open: string[] = [];
    let ended = -1;
    let stored = 0;
    const broker: Partial<Broker> = {
      versions: { 61: {} },
      connectionPool: {
        async send(request) {
          const { apiName } = request.request as { apiName: string };
          if (apiName === 'Produce') {
            open.push('batch');
            events.push('produced');
            return { topics: [{ topicName: 't', partitions: [{ partition: 0, errorCode: 0, baseOffset: '0' }] }] } as never;
          }
          return (open.length > 0 ? [{ topic: 't', partition: 0 }] : []) as never;
        },
      },
      initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }),
      addPartitionsToTxn: async () => undefined,
      addOffsetsToTxn: async () => undefined,
      async txnOffsetCommit() {
        stored = 1;
      },
      async endTxn({ transactionResult }) {
        ended += 1;
        if (dropped.includes(ended)) return;
        events.push(`${transactionResult ? 'committed' : 'aborted'} ${open.length}`);
        open.length = 0;
      },
      offsetFetch: async () => ({
        responses: [{ topic: 't', partitions: [{ partition: 0, offset: String(stored || -1), metadata: '' }] }],
      }),
    };
    const transactor = createTransactor({
      cluster: clusterOf(broker),
      transactionalId: 'id',
      partitionOf: createPartitioner(),
      partitionCount: async () => 1,
      closingMs: 50,
    });
    return { transactor, events, open, forget: () => (stored = 0) };
  }

  it('aborts what a producer before it left hanging, before it writes', async () => {
    const { transactor, events, open } = forgetful([]);
    open.push('left by another process');
    await transactor.begin(async () => undefined);
    await transactor.transact([record], position);
    await transactor.transact([record], position);
    expect(events).toEqual(['aborted 1', 'produced', 'committed 1', 'produced', 'committed 1']);
  });

  it('does not take a transaction for done whose marker is missing, and ends it as the position says', async () => {
    for (const [moved, end] of [
      [true, 'committed 1'],
      [false, 'aborted 1'],
    ] as const) {
      const { transactor, events, forget } = forgetful([0]);
      await transactor.begin(async () => undefined);
      await expect(transactor.transact([record], position)).rejects.toThrow('still open');
      expect(transactor.ready).toBe(false);
      if (!moved) forget();
      await transactor.begin(async () => undefined);
      expect(events).toEqual(['produced', end]);
    }
  });
});
