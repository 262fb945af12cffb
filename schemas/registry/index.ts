/** The registry that the environment asks for: Confluent's when its URL is set, else files in the data folder. */
import { dataPaths, type Environment } from '../../core/environment.ts';
import { openConfluentRegistry } from './confluent.ts';
import { openFileRegistry } from './file.ts';
import type { SchemaRegistry } from './port.ts';

export async function openRegistry(env: Environment): Promise<SchemaRegistry> {
  if (env.SCHEMA_REGISTRY_URL === undefined) return openFileRegistry(dataPaths(env).registry);
  return openConfluentRegistry({ url: env.SCHEMA_REGISTRY_URL, user: env.SCHEMA_REGISTRY_USER, password: env.SCHEMA_REGISTRY_PASSWORD });
}
