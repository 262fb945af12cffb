/** The suites on PGlite, and what is true of PGlite alone: one process holds the folder, and a kill loses nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { openPostgres, type Postgres, tallyPostgres } from './index.ts';
import { rebuildSuite } from './rebuild.suite.ts';
import { postgresSuite } from './suite.ts';
import { deliver } from './testing.ts';
import { verdictsSuite } from './verdicts.suite.ts';

/** The pinned runtime, whichever one runs the tests. */
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');

const folders: string[] = [];
async function folder(): Promise<string> {
  folders.push(await mkdtemp(join(tmpdir(), 'parapet-pglite-')));
  return folders.at(-1) as string;
}
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));

/** One for all suites: to make one costs seconds. */
let shared: Promise<Postgres> | undefined;
async function open(): Promise<Postgres> {
  shared ??= openPostgres({ path: await folder() });
  return { ...(await shared), close: async () => {} };
}
afterAll(async () => (await shared)?.close());

postgresSuite('PGlite', open, 2);
rebuildSuite('PGlite', open);
verdictsSuite('PGlite', open);

describe('a PGlite folder', () => {
  let path = '';
  beforeAll(async () => {
    path = join(await folder(), 'store');
  });

  it('is held by one process at a time, survives a kill, and is for its owner alone', async () => {
    const child = spawn(NODE, [join(import.meta.dirname, 'embedded.child.ts'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 1) {
        await expect(openPostgres({ path })).rejects.toMatchObject({
          code: 'PARAPET_STORE_UNAVAILABLE',
          message: expect.stringContaining('is used by another process'),
          hint: expect.stringContaining('one process at a time'),
        });
      }
      if (acknowledged === 4) child.kill('SIGKILL');
    }
    await exited;
    expect((await stat(path)).mode & 0o077).toBe(0);

    const store = await openPostgres({ path });
    try {
      await expect(openPostgres({ path })).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
      const fixtures = createFixtures();
      const counted = async () => (await tallyPostgres(store)).reduce((sum, { interactions }) => sum + interactions, 0);
      expect(await counted()).toBeGreaterThanOrEqual(acknowledged * 100);
      for (let n = 0; n < 12; n++) await deliver(store, fixtures.batch('assessed', { first: n * 100, last: n * 100 + 99 }));
      expect(await counted()).toBe(1_200);
    } finally {
      await store.close();
    }
  }, 180_000);
});
