/**
 * A schema registry in a folder, for one machine: one file per id. Several processes may register at once: a file is
 * linked into place whole, so an id belongs to whoever linked first and the other takes the next.
 */
import { link, mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { canonicalText, incompatibilities } from '../compatibility.ts';
import type { SchemaRegistry } from './port.ts';

interface Entry {
  id: number;
  subject: string;
  version: number;
  schema: { [key: string]: unknown };
}

export async function openFileRegistry(folder: string): Promise<SchemaRegistry> {
  await mkdir(folder, { recursive: true });
  const known = new Map<number, Entry>();

  async function refresh(): Promise<void> {
    for (const file of await readdir(folder)) {
      const id = Number(/^(\d+)\.json$/.exec(file)?.[1]);
      if (Number.isInteger(id) && !known.has(id)) known.set(id, JSON.parse(await readFile(join(folder, file), 'utf8')));
    }
  }

  return {
    async register(subject, schema) {
      const text = canonicalText(schema);
      for (;;) {
        await refresh();
        const versions = [...known.values()].filter((entry) => entry.subject === subject).sort((a, b) => a.version - b.version);
        const same = versions.find((entry) => canonicalText(entry.schema) === text);
        if (same) return same.id;
        const problems = incompatibilities(
          schema,
          versions.map((entry) => ({ version: String(entry.version), schema: entry.schema })),
        );
        if (problems.length > 0) throw new ParapetError('PARAPET_SCHEMA_INCOMPATIBLE', { message: `${subject}: ${problems.join('; ')}` });
        const entry: Entry = { id: Math.max(0, ...known.keys()) + 1, subject, version: (versions.at(-1)?.version ?? 0) + 1, schema };
        if (await claim(folder, entry)) {
          known.set(entry.id, entry);
          return entry.id;
        }
      }
    },

    async schemaOf(id) {
      if (!known.has(id)) await refresh();
      return known.get(id)?.schema;
    },
  };
}

/** Puts the entry's file in place whole; false when another process has taken the id. */
async function claim(folder: string, entry: Entry): Promise<boolean> {
  const temporary = join(folder, `.${entry.id}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  await writeFile(temporary, `${JSON.stringify(entry, null, 2)}\n`, { flush: true });
  try {
    await link(temporary, join(folder, `${entry.id}.json`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}
