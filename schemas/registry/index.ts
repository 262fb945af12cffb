/** The registry that the environment asks for: Confluent's when its URL is set, else files in the data folder. */
import { join } from 'node:path';
import { dataPaths, type Environment } from '../../core/environment.ts';
import { openFileRegistry } from './file.ts';
import type { SchemaRegistry } from './port.ts';
import { rememberRegistry } from './remembered.ts';

export async function openRegistry(env: Environment): Promise<SchemaRegistry> {
  if (env.SCHEMA_REGISTRY_URL === undefined) return askRegistry(env);
  return rememberRegistry(await askRegistry(env), join(dataPaths(env).registry, 'remembered.json'), env.SCHEMA_REGISTRY_URL);
}

/** As `openRegistry`, but nothing is answered from memory: for those who must know what the registry says today. */
export async function askRegistry(env: Environment): Promise<SchemaRegistry> {
  if (env.SCHEMA_REGISTRY_URL === undefined) return openFileRegistry(dataPaths(env).registry);
  // Loaded when it is asked for: its client would be a tenth of every command's start.
  const { openConfluentRegistry } = await import('./confluent.ts');
  return openConfluentRegistry({ url: env.SCHEMA_REGISTRY_URL, user: env.SCHEMA_REGISTRY_USER, password: env.SCHEMA_REGISTRY_PASSWORD });
}
