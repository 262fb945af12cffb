/** A log on the broker that KAFKA_BROKERS names, as the tests want it. */
import { Kafka, logLevel } from 'kafkajs';
import { createLogger } from '../../../core/logger.ts';
import type { EventLog } from '../../port.ts';
import { type KafkaLogOptions, openKafkaLog } from '../index.ts';

export const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((each) => each !== '');
if (brokers.length === 0) throw new Error('KAFKA_BROKERS is not set: eval "$(../shared/servers/up kafka | sed \'s/^/export /\')"');

export interface TestLogOptions extends Partial<Omit<KafkaLogOptions, 'topics'>> {
  topics: Record<string, number>;
  brokers?: string[];
}

const made = new Set<string>();

export function openTestLog({ brokers: at = brokers, ...options }: TestLogOptions): Promise<EventLog> {
  for (const topic of Object.keys(options.topics)) made.add(`${options.prefix ?? ''}${topic}`);
  return openKafkaLog({
    connection: { brokers: at, clientId: 'parapet-test', ssl: false },
    replicationFactor: 1,
    maxRecordBytes: 4 * 1024 * 1024,
    logger: createLogger('kafka', process.env['PARAPET_LOG_LEVEL'] ?? 'silent'),
    ...options,
  });
}

/** Removes the topics of this process: a broker with thousands of partitions takes long to come back after a crash. */
export async function dropTopics(): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const there = await admin.listTopics();
  await admin.deleteTopics({ topics: [...made].filter((topic) => there.includes(topic)) }).catch(() => undefined);
  await admin.disconnect();
  made.clear();
}

/** Names that no other run uses. */
export const unique = (what: string) => `parapet.test-${what}-${Math.random().toString(36).slice(2, 10)}`;
