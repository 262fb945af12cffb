/** What a deployment does before it starts anything new: today's schemas into the registry, or its reason why not. */
import { TOPIC_IDS, TOPICS } from '../log/topics.ts';
import { fullSchema } from '../schemas/definitions.ts';
import type { SchemaRegistry } from '../schemas/registry/port.ts';

export interface RegisteredSchema {
  subject: string;
  record: string;
  id: number;
}

/**
 * Registers the schema of every topic; what is there already keeps its id.
 * Throws PARAPET_SCHEMA_INCOMPATIBLE with the registry's reason, PARAPET_STORE_UNAVAILABLE when it does not answer.
 */
export async function registerSchemas(registry: SchemaRegistry): Promise<RegisteredSchema[]> {
  const registered: RegisteredSchema[] = [];
  for (const topic of TOPIC_IDS) {
    const { name, record } = TOPICS[topic];
    const subject = `${name}-value`;
    registered.push({ subject, record, id: await registry.register(subject, fullSchema(record)) });
  }
  return registered;
}
