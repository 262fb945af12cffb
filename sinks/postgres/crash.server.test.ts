/**
 * The server dies in the middle of writing (SIGKILL by its pid file) and comes back; and people edit while a rebuild is swapped
 * in under running sinks. Needs DATABASE_URL to be the one of `shared/servers`, whose pid file and script are used.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, migrate, positions, rebuildSchema, swapIn } from './index.ts';
import { type AnyBatch, ask, asPerson, DATABASE_URL, deliver, freshSchema, openServer, schemaOf, tablesOf, tidy } from './testing.ts';

const servers = process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers');
const pidFile = join(servers, 'run/postgres.pid');
const up = join(import.meta.dirname, '../../../shared/servers/up');
const canKill = DATABASE_URL !== undefined && existsSync(pidFile) && existsSync(up);
if (!canKill) console.warn('SKIPPED: PostgreSQL was not killed, because it is not a server of shared/servers.');

/** What is left of the killed server may still be going when the next one starts, which then gives up: again. */
async function start(): Promise<void> {
  const once = () => promisify(execFile)(up, ['postgres'], { timeout: 150_000 });
  await once().catch(once).catch(once);
}

const wait = () => sleep(50);

/** Batches of both topics in two partitions, each agent's records in one of them. */
function traffic(count: number): AnyBatch[] {
  const parts = [1, 2].map((seed) => createFixtures({ seed, stepMs: 60_000, startMs: Date.UTC(2024 + seed, 0, 1) }));
  return Array.from({ length: count }, (_, n) => n).flatMap((n) =>
    parts.flatMap((fixtures, partition): AnyBatch[] => {
      const range = { first: n * 250, last: n * 250 + 249, partition };
      return [fixtures.batch('assessed', range), fixtures.batch('threats', range)];
    }),
  );
}

describe.skipIf(!canKill)('the PostgreSQL sinks over a crash of the server', () => {
  it('have counted every record once after SIGKILL in the middle', async () => {
    const store = await openServer({ schema: freshSchema('crash') });
    try {
      await migrate(store);
      const batches = traffic(16);
      let written = 0;
      let failures = 0;
      /** One writer for each partition of each topic, as the runner has them. */
      const lanes = [0, 1, 2, 3].map(async (lane) => {
        for (const batch of batches.filter((_, index) => index % 4 === lane)) {
          failures += await deliver(store, batch, undefined, wait);
          written += 1;
        }
      });
      for (const target of [12, 36]) {
        while (written < target) await sleep(2);
        process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
        await start();
      }
      await Promise.all(lanes);
      expect(failures).toBeGreaterThan(0);
      const calm = schemaOf(store, freshSchema('crash'));
      await migrate(calm);
      for (const batch of batches) await deliver(calm, batch);
      expect(await tablesOf(store)).toEqual(await tablesOf(calm));
    } finally {
      await tidy(store, `t_crash_${process.pid}`);
      await store.close();
    }
  }, 300_000);
});

describe.skipIf(DATABASE_URL === undefined)('a rebuild under traffic and edits', () => {
  it('is swapped in while sinks write and people edit, without losing a record or an edit', async () => {
    const store = await openServer({ schema: freshSchema('swap'), poolSize: 10 });
    try {
      await migrate(store);
      const batches = traffic(10);
      const [before, after] = [batches.slice(0, 20), batches.slice(20)];
      for (const batch of before) await deliver(store, batch, undefined, wait);
      const rebuilt = rebuildSchema(store, 'live');
      for (const view of ['interactions', 'threats'] as const) await createPostgresSink({ store, view, rebuilt }).open();
      // Ahead of the live schema, so that sinks may write all through the swap: what is counted there is skipped after it.
      for (const batch of batches) await deliver(store, batch, rebuilt, wait);

      const ids = (await ask<{ id: string }>(store, 'SELECT id::text FROM violations ORDER BY id LIMIT 60')).map(({ id }) => id);
      const incidents = (await ask<{ id: string }>(store, 'SELECT id::text FROM incidents ORDER BY id LIMIT 60')).map(({ id }) => id);
      expect(ids.length + incidents.length).toBe(120);
      let edits = 0;
      const people = (async () => {
        for (const [n, id] of ids.entries()) {
          await asPerson(store, 'UPDATE violations SET remediated = true WHERE id = $1', [id]);
          await asPerson(store, `UPDATE incidents SET assigned_to = $2, status = 'acknowledged' WHERE id = $1`, [
            incidents[n],
            `person-${n}`,
          ]);
          edits += 1;
        }
      })();
      while (edits < 20) await sleep(1);
      const swapped = swapIn(store, rebuilt);
      const lanes = [0, 1, 2, 3].map(async (lane) => {
        for (const batch of after.filter((_, index) => index % 4 === lane)) {
          await deliver(store, batch, undefined, wait);
        }
      });
      expect(await swapped).toEqual({ left: null });
      await Promise.all([people, ...lanes]);
      const [kept] = await ask(
        store,
        `SELECT (SELECT count(*) FROM violations WHERE remediated)::int AS violations,
        (SELECT count(*) FROM incidents WHERE status = 'acknowledged' AND assigned_to IS NOT NULL)::int AS incidents`,
      );
      expect(kept).toEqual({ violations: 60, incidents: 60 });
      expect((await positions(store, 'postgres.threats')).map(({ nextOffset }) => nextOffset)).toEqual([2_500, 2_500]);
      const calm = schemaOf(store, freshSchema('swap'));
      await migrate(calm);
      for (const batch of batches) await deliver(calm, batch);
      expect(await tablesOf(store)).toEqual(await tablesOf(calm));
    } finally {
      await tidy(store, `t_swap_${process.pid}`);
      await store.close();
    }
  }, 120_000);
});
