/** The broker that keeps a group's or a transactional id's state. It is asked for once and again after a failure. */
import { typesOf } from './faults.ts';
import type { Broker, Cluster } from './internals.ts';

export const GROUP = 0;
export const TRANSACTION = 1;

export interface Coordinator {
  /** Runs `work` at the coordinator; a failure that hints at another one makes the next call look it up again. */
  ask<T>(work: (broker: Broker) => Promise<T>): Promise<T>;
}

const MOVED = [
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
];

export function createCoordinator(cluster: Cluster, id: string, coordinatorType: 0 | 1): Coordinator {
  let nodeId: number | undefined;
  return {
    async ask(work) {
      try {
        if (nodeId === undefined) nodeId = (await cluster.findGroupCoordinator({ groupId: id, coordinatorType })).nodeId;
        return await work(await cluster.findBroker({ nodeId }));
      } catch (error) {
        if (nodeId === undefined || typesOf(error).some((type) => MOVED.includes(type))) {
          nodeId = undefined;
          await cluster.refreshMetadata().catch(() => undefined);
        }
        throw error;
      }
    },
  };
}

/** Every group of the cluster that this principal may see. */
export async function groupsOf(cluster: Cluster): Promise<string[]> {
  await cluster.refreshMetadata();
  const groups = new Set<string>();
  for (const nodeId of Object.keys(cluster.brokerPool.brokers)) {
    const listed = await (await cluster.findBroker({ nodeId })).listGroups();
    for (const { groupId } of listed.groups) groups.add(groupId);
  }
  return [...groups];
}

export interface CommittedOffset {
  offset: number;
  metadata: string;
}

/** Where the group stands in a partition; undefined when it never committed. */
export async function committedOffset(
  coordinator: Coordinator,
  groupId: string,
  topic: string,
  partition: number,
): Promise<CommittedOffset | undefined> {
  const { responses } = await coordinator.ask((broker) =>
    broker.offsetFetch({ groupId, topics: [{ topic, partitions: [{ partition }] }] }),
  );
  const found = responses[0]?.partitions[0];
  if (found === undefined || Number(found.offset) < 0) return undefined;
  return { offset: Number(found.offset), metadata: found.metadata ?? '' };
}
