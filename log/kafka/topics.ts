/** Topics of the log in Kafka: made when missing, checked when there. */
import { Kafka, logLevel } from 'kafkajs';
import { ParapetError } from '../../core/errors.ts';
import { isCompacted, STATE_TOPICS } from '../topics.ts';
import type { KafkaConnection } from './connection.ts';
import { isUnknownTopic, persist, protocolError } from './faults.ts';
import type { Cluster } from './internals.ts';
import { LATEST, offsetsAt } from './protocol.ts';

const APPEAR_MS = 10_000;
const LEADER_NOT_AVAILABLE = 5;

export interface TopicSettings {
  /** Copies of each partition. From three on, two must have a record before it counts as stored. */
  replicationFactor: number;
  /** Bytes of the largest record, with its headers. */
  maxRecordBytes: number;
  /** What stands before the log's own name of a topic. */
  prefix?: string;
}

/** What a topic is made with. */
export function topicConfig(name: string, { replicationFactor, maxRecordBytes, prefix = '' }: TopicSettings): Record<string, string> {
  const own = name.slice(prefix.length);
  // States are compacted, and those that nobody writes any more are deleted like events.
  const policy = STATE_TOPICS.includes(own) ? 'compact,delete' : isCompacted(own) ? 'compact' : 'delete';
  return {
    'cleanup.policy': policy,
    // Kafka looks at the clock alone. Parapet deletes records itself, and only what every consumer has finished (log/retention.ts).
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'max.message.bytes': String(Math.max(2 * 1024 * 1024, maxRecordBytes + 64 * 1024)),
    'message.timestamp.type': 'CreateTime',
    // A record that arrives late (a spool that was away for a week) is as welcome as any.
    'message.timestamp.before.max.ms': '9223372036854775807',
    // And one from a gateway whose clock is ahead must not stand in the way of those behind it.
    'message.timestamp.after.max.ms': '9223372036854775807',
    'compression.type': 'producer',
    ...(replicationFactor >= 3 ? { 'min.insync.replicas': '2' } : {}),
    // A replica that was not in sync must never become leader: what was acknowledged would be gone.
    'unclean.leader.election.enable': 'false',
  };
}

export interface Topics {
  /** Makes what is missing; throws PARAPET_CONFIG_INVALID when a topic has fewer partitions than wanted. */
  ensure(wanted: Record<string, number>): Promise<void>;
  /** Throws PARAPET_LOG_TOPIC_UNKNOWN. */
  partitionCount(topic: string): Promise<number>;
}

export function createTopics(connection: KafkaConnection, cluster: Cluster, settings: TopicSettings): Topics {
  const counts = new Map<string, number>();

  async function look(topic: string): Promise<number | undefined> {
    try {
      await cluster.addTargetTopic(topic);
    } catch (error) {
      if (isUnknownTopic(error)) return undefined;
      throw error;
    }
    const partitions = cluster.findTopicPartitionMetadata(topic);
    if (partitions.length === 0) return undefined;
    if (partitions.some(({ leader }) => leader < 0)) throw protocolError(LEADER_NOT_AVAILABLE);
    return partitions.length;
  }

  async function create(topics: [name: string, partitions: number][]): Promise<void> {
    const { brokers, clientId, ssl, sasl } = connection;
    const kafka = new Kafka({ brokers, clientId, ssl, sasl, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 5 } });
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.createTopics({
        waitForLeaders: false,
        topics: topics.map(([topic, numPartitions]) => ({
          topic,
          numPartitions,
          replicationFactor: settings.replicationFactor,
          configEntries: Object.entries(topicConfig(topic, settings)).map(([name, value]) => ({ name, value })),
        })),
      });
    } catch (error) {
      // Another process may have been faster: whether the topics are there now is what counts.
      if (!JSON.stringify(error).includes('TOPIC_ALREADY_EXISTS')) throw notCreated(error, topics, settings);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  return {
    async ensure(wanted) {
      const missing: [string, number][] = [];
      for (const [name, partitions] of Object.entries(wanted)) {
        if ((await persist(() => look(name), { withinMs: APPEAR_MS })) === undefined) missing.push([name, partitions]);
      }
      if (missing.length > 0) await create(missing);
      const made = new Set(missing.map(([name]) => name));
      for (const [name, partitions] of Object.entries(wanted)) {
        const count = await persist(
          async () => {
            const found = await look(name);
            if (found === undefined) throw protocolError(LEADER_NOT_AVAILABLE);
            // The leader of a new partition is known a moment before it knows it itself.
            if (made.has(name))
              await offsetsAt(
                cluster,
                name,
                Array.from({ length: found }, (_, i) => i),
                LATEST,
              );
            return found;
          },
          { withinMs: APPEAR_MS, mend: () => cluster.refreshMetadata() },
        );
        if (count < partitions) {
          throw new ParapetError('PARAPET_CONFIG_INVALID', {
            message: `The topic ${name} has ${count} partitions, ${partitions} are configured.`,
            hint: 'Set PARAPET_PARTITIONS to what the topic has, or add partitions while nothing is being written.',
          });
        }
        counts.set(name, count);
      }
    },

    async partitionCount(topic) {
      const known = counts.get(topic);
      if (known !== undefined) return known;
      const count = await look(topic);
      if (count === undefined) throw new ParapetError('PARAPET_LOG_TOPIC_UNKNOWN', { message: `The event log has no topic ${topic}.` });
      counts.set(topic, count);
      return count;
    },
  };
}

function notCreated(error: unknown, topics: [name: string, partitions: number][], { replicationFactor }: TopicSettings): ParapetError {
  const all = (error as { errors?: Error[] }).errors ?? [error as Error];
  const reasons = [...new Set(all.map(({ message }) => message))].join('; ');
  return new ParapetError('PARAPET_LOG_UNAVAILABLE', {
    message: `Kafka did not make the topics ${topics.map(([name]) => name).join(', ')} (replication factor ${replicationFactor}): ${reasons}`,
    hint: 'Lower KAFKA_REPLICATION_FACTOR to the number of brokers, give the principal the right to create topics, or make them beforehand.',
    cause: error,
  });
}
