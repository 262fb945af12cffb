/**
 * A registry whose answers are kept on disk, so that a process starts also while the registry is away. The registry is
 * always asked first: one that was set up anew gives other ids, and they are the ones that count.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ParapetError } from '../../core/errors.ts';
import type { SchemaRegistry } from './port.ts';

type Schema = { [key: string]: unknown };

interface Remembered {
  /** Of which registry this is. */
  url: string;
  /** By subject and the SHA-256 of the schema. */
  ids: Record<string, number>;
  schemas: Record<string, Schema>;
}

/** `file` is made when it is missing, and begun anew when it is another registry's or cannot be read. */
export function rememberRegistry(registry: SchemaRegistry, file: string, url: string): SchemaRegistry {
  const remembered = read(file, url);
  /** Once it did not answer, the next questions need not wait for it too. */
  let away = false;

  async function ask<T>(question: () => Promise<T>, known: T | undefined): Promise<T> {
    if (away && known !== undefined) return known;
    try {
      return await question();
    } catch (error) {
      if (known === undefined || !(error instanceof ParapetError) || error.code !== 'PARAPET_STORE_UNAVAILABLE') throw error;
      away = true;
      return known;
    }
  }

  return {
    async register(subject, schema) {
      const name = `${subject}/${createHash('sha256').update(JSON.stringify(schema)).digest('hex')}`;
      const id = await ask(() => registry.register(subject, schema), remembered.ids[name]);
      if (remembered.ids[name] !== id) {
        remembered.ids[name] = id;
        write(file, remembered);
      }
      return id;
    },

    async schemaOf(id) {
      const schema = await ask(() => registry.schemaOf(id), remembered.schemas[id]);
      if (schema !== undefined && !isDeepStrictEqual(schema, remembered.schemas[id])) {
        remembered.schemas[id] = schema;
        write(file, remembered);
      }
      return schema;
    },
  };
}

function read(file: string, url: string): Remembered {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Remembered;
    if (found.url === url) return found;
  } catch {
    // Missing, or cut short by a full disk: the registry knows it all.
  }
  return { url, ids: {}, schemas: {} };
}

/** Whole or not at all; several processes may write at once. That it cannot be kept is no reason not to go on. */
function write(file: string, remembered: Remembered): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(remembered));
    renameSync(temporary, file);
  } catch {
    // A full disk, a folder that may only be read.
  }
}
