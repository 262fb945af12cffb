import { describe, expect, it } from 'vitest';
import type { Broker, Cluster } from './internals.ts';
import { createPartitioner } from './partitioner.ts';
import { createTransactor } from './transactor.ts';

/** A cluster of one broker, of which a test answers some requests. */
function clusterOf(broker: Partial<Broker>): Cluster {
  const whole = { nodeId: 1, ...broker } as Broker;
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
});
