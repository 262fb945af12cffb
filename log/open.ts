/** The log that the environment asks for: gateways listen to it, and every command opens it, in the same way. */
import { dataPaths, type Environment } from '../core/environment.ts';
import type { EventLog } from './port.ts';

export async function openLog(env: Environment): Promise<EventLog> {
  if (env.KAFKA_BROKERS !== undefined) {
    const { kafkaLogOptions, openKafkaLog } = await import('./kafka/index.ts');
    return openKafkaLog(kafkaLogOptions(env));
  }
  const { embeddedTopics, openEmbeddedLog } = await import('./embedded/index.ts');
  return openEmbeddedLog({ path: dataPaths(env).log, topics: embeddedTopics(env.PARAPET_PARTITIONS) });
}
