import { openEmbeddedLog } from '../../log/embedded/index.ts';
import type { EventLog } from '../../log/port.ts';
import { partitionsByTopic } from '../../log/topics.ts';

export const PARTITIONS = 4;

/** `where` is a folder, or a word before every topic on the broker that KAFKA_BROKERS names. */
export async function openExactLog(kind: 'embedded' | 'kafka', where: string): Promise<EventLog> {
  const topics = partitionsByTopic(PARTITIONS);
  if (kind === 'embedded') return openEmbeddedLog({ path: where, topics });
  const { openTestLog } = await import('../../log/kafka/testing/harness.ts');
  return openTestLog({ topics, prefix: where });
}
