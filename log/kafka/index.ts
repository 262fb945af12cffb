/**
 * The event log in Kafka: for many machines. Appends and commits are Kafka transactions, so a batch is stored whole or
 * not at all, and a processor's outputs and its position move together. Offsets have gaps here: each transaction ends
 * with a marker that takes one and that readers never see.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../core/environment.ts';
import { ParapetError } from '../../core/errors.ts';
import { createLogger, type Logger } from '../../core/logger.ts';
import type { Commit, EventLog, LogRecord, Standing, Subscription } from '../port.ts';
import { isDeadLetterTopic, partitionsByTopic } from '../topics.ts';
import { type Appender, createAppender, PRODUCER_GROUP } from './appender.ts';
import { createCluster, type KafkaConnection, kafkaConnection } from './connection.ts';
import { createCoordinator, GROUP, groupsOf } from './coordinator.ts';
import { finalError, isExpelled, isRebalance, persist, unavailable } from './faults.ts';
import type { Cluster } from './internals.ts';
import type { Timing } from './member.ts';
import { createPartitioner } from './partitioner.ts';
import { withPrefix } from './prefix.ts';
import { leaderOf, offsetsAt, READ_UNCOMMITTED } from './protocol.ts';
import { createReader } from './reader.ts';
import { recordBytes } from './record-batch.ts';
import { startSubscription } from './subscription.ts';
import { createTopics, type TopicSettings } from './topics.ts';

/** Room for everything in an event that is not content. */
const EVENT_BYTES = 1024 * 1024;
/** How long to try to connect, and how long to wait for an answer at most. */
const CONNECT_MS = 6_000;
const OPEN_MS = 10_000;
const WITHIN_MS = 30_000;
const ASK_MS = 10_000;
const TIMING: Timing = { sessionMs: 7_000, heartbeatMs: 1_000, drainMs: 20_000 };

export interface KafkaLogOptions extends TopicSettings {
  connection: KafkaConnection;
  /** Topics to make, with their number of partitions. Dead-letter topics are made when first written, with one. */
  topics: Record<string, number>;
  /** A word before every topic, group and transactional id of this log. */
  prefix?: string;
  logger?: Logger;
  timing?: Partial<Timing>;
  /** Milliseconds for which an append or a commit is tried before PARAPET_LOG_UNAVAILABLE. */
  withinMs?: number;
}

/** What the environment asks for. Throws PARAPET_CONFIG_INVALID when a file that it names can't be read. */
export function kafkaLogOptions(env: Environment): KafkaLogOptions {
  return {
    connection: kafkaConnection(env),
    topics: partitionsByTopic(env.PARAPET_PARTITIONS),
    prefix: env.KAFKA_PREFIX,
    replicationFactor: env.KAFKA_REPLICATION_FACTOR,
    maxRecordBytes: 4 * env.PARAPET_CONTENT_LIMIT_BYTES + EVENT_BYTES,
  };
}

/** Throws PARAPET_LOG_UNAVAILABLE, within about ten seconds, with what to do when Kafka can't be reached or refuses. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const { connection, maxRecordBytes, withinMs = WITHIN_MS, prefix = '' } = options;
  const wanted = Object.fromEntries(Object.entries(options.topics).map(([name, partitions]) => [`${prefix}${name}`, partitions]));
  const logger = options.logger ?? createLogger('kafka');
  const cluster = createCluster(connection, logger);
  const topics = createTopics(connection, cluster, options);
  try {
    await reach(cluster, connection);
    await topics.ensure(wanted);
  } catch (error) {
    // Not awaited: a broker that does not answer holds this up too.
    void cluster.disconnect().catch(() => undefined);
    throw finalError(error) ?? unavailable(error, connection.brokers);
  }
  const partitionOf = createPartitioner();
  const subscriptions = new Set<Subscription>();
  const appenders = new Map<string, Appender>();
  const reader = createReader(cluster, topics.partitionCount);
  const anonymous = { id: `anonymous.${randomUUID()}`, next: 1 };
  let closing = false;

  async function check(records: readonly LogRecord[]): Promise<void> {
    const seen = new Set<string>();
    for (const record of records) {
      const bytes = recordBytes(record);
      if (bytes > maxRecordBytes) {
        throw new ParapetError('PARAPET_RECORD_TOO_LARGE', {
          message: `A record of ${bytes} bytes for ${record.topic}; ${maxRecordBytes} are allowed.`,
        });
      }
      if (seen.has(record.topic)) continue;
      seen.add(record.topic);
      await known(record.topic);
    }
  }

  async function known(topic: string): Promise<void> {
    try {
      await persist(() => topics.partitionCount(topic), { withinMs });
    } catch (error) {
      if (!(error instanceof ParapetError && error.code === 'PARAPET_LOG_TOPIC_UNKNOWN' && isDeadLetterTopic(topic.slice(prefix.length))))
        throw error;
      await topics.ensure({ [topic]: 1 });
    }
  }

  function appenderOf(producerId: string): Appender {
    const existing = appenders.get(producerId);
    if (existing) return existing;
    const appender = createAppender({
      cluster,
      producerId,
      topic: Object.keys(wanted)[0] as string,
      partitionOf,
      partitionCount: topics.partitionCount,
      withinMs,
      logger,
      closing: () => closing,
    });
    appenders.set(producerId, appender);
    return appender;
  }

  const log: EventLog = {
    transactional: true,

    async append(records, producer) {
      if (records.length === 0) return [];
      await check(records);
      if (producer) return appenderOf(producer.id).append(records, producer.firstSequence);
      // Numbered here, so that a try whose end is not known is not stored twice.
      const firstSequence = anonymous.next;
      anonymous.next += records.length;
      return appenderOf(anonymous.id).append(records, firstSequence);
    },

    async subscribe(asked, handler) {
      for (const topic of asked.topics) await known(topic);
      const own = createCluster(connection, logger);
      await reach(own, connection);
      for (const topic of asked.topics) await own.addTargetTopic(topic);
      const subscription = startSubscription({
        ...asked,
        cluster: own,
        logger,
        timing: { ...TIMING, ...options.timing },
        partitionOf,
        partitionCount: topics.partitionCount,
        check,
        withinMs,
        handler,
      });
      subscriptions.add(subscription);
      return {
        async close() {
          if (subscriptions.delete(subscription)) await subscription.close();
        },
      };
    },

    read: reader.read,
    ranges: reader.ranges,

    async commits(group) {
      const coordinator = createCoordinator(cluster, group, GROUP);
      const { responses } = await persist(() => coordinator.ask((broker) => broker.offsetFetch({ groupId: group, topics: [] })), {
        withinMs: ASK_MS,
      });
      return responses.flatMap(({ topic, partitions }) =>
        partitions
          .filter(({ offset }) => Number(offset) >= 0)
          .map(({ partition, offset, metadata }): Commit => ({ topic, partition, offset: Number(offset), metadata: metadata ?? '' })),
      );
    },

    async seek(group, { topic, partition, offset }, metadata = '') {
      await topics.partitionCount(topic);
      const coordinator = createCoordinator(cluster, group, GROUP);
      const topicsOf = [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }];
      await persist(
        async () => {
          try {
            // Without a member or a generation: Kafka takes it only while the group has no member.
            await coordinator.ask((broker) =>
              broker.offsetCommit({ groupId: group, groupGenerationId: -1, memberId: '', topics: topicsOf }),
            );
          } catch (error) {
            if (!isExpelled(error) && !isRebalance(error)) throw error;
            throw new ParapetError('PARAPET_LOG_FENCED', {
              message: `${group} has members that are reading; stop them first.`,
              cause: error,
            });
          }
        },
        { withinMs: ASK_MS },
      );
    },

    async standings(topic) {
      const count = await topics.partitionCount(topic);
      const found: Standing[] = [];
      for (const group of await groupsOf(cluster)) {
        // A producer's number is noted as the offset of a group of its name: that is no place in a topic.
        if (group.startsWith(PRODUCER_GROUP)) continue;
        const coordinator = createCoordinator(cluster, group, GROUP);
        const asked = Array.from({ length: count }, (_, partition) => ({ partition }));
        const { responses } = await persist(
          () => coordinator.ask((broker) => broker.offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] })),
          { withinMs: ASK_MS },
        );
        for (const { partition, offset } of responses.flatMap(({ partitions }) => partitions)) {
          if (Number(offset) >= 0) found.push({ group, partition, offset: Number(offset) });
        }
      }
      return found;
    },

    async expire(topic, before, limits) {
      const partitions = Array.from({ length: await topics.partitionCount(topic) }, (_, i) => i);
      const ranges = await reader.ranges(topic);
      const firstKept = await offsetsAt(cluster, topic, partitions, Math.ceil(before), READ_UNCOMMITTED);
      let removed = 0;
      for (const { partition, start, end } of ranges) {
        const found = firstKept.get(partition) ?? -1;
        // What Kafka finds may be a marker, whose time is that of its transaction: look on for the first record.
        const kept = await reader.firstSince({ topic, partition, offset: found < 0 ? end : Math.max(start, found) }, end, before);
        const to = limits === undefined ? kept : Math.min(kept, limits.get(partition) ?? start);
        if (to <= start) continue;
        const broker = await cluster.findBroker({ nodeId: leaderOf(cluster, topic, partition) });
        await broker.deleteRecords({ topics: [{ topic, partitions: [{ partition, offset: String(to) }] }] });
        removed += to - start;
      }
      reader.forget();
      return removed;
    },

    async close() {
      closing = true;
      await Promise.all([...subscriptions].map((each) => each.close()));
      await Promise.all([...appenders.values()].map((each) => each.idle()));
      await cluster.disconnect().catch(() => undefined);
    },
  };
  return withPrefix(log, prefix);
}

/** Connects, or says within OPEN_MS why not. A listener that takes connections and says nothing is told by the time alone. */
async function reach(cluster: Cluster, { brokers }: KafkaConnection): Promise<void> {
  const over = new AbortController();
  const late = sleep(OPEN_MS, undefined, { signal: over.signal }).then(() => {
    throw unavailable(new Error(`no answer in ${OPEN_MS / 1_000} s`), brokers);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([
      late,
      persist(() => cluster.connect(), { withinMs: CONNECT_MS, until: () => over.signal.aborted }).catch((error) => {
        const final = finalError(error);
        throw final === undefined || final.code === 'PARAPET_LOG_UNAVAILABLE' ? unavailable(final?.cause ?? error, brokers) : final;
      }),
    ]);
  } finally {
    over.abort();
  }
}
