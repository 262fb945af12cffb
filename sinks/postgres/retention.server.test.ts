/** How long violations and incidents stay, on a real PostgreSQL. Needs DATABASE_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, type Postgres } from './index.ts';
import { applyRetention, reportRetention } from './retention.ts';
import { ask, asPerson, DATABASE_URL, freshSchema, openServer, tidy } from './testing.ts';

if (DATABASE_URL === undefined) console.warn('SKIPPED: the retention of PostgreSQL was not tested, because DATABASE_URL is not set.');

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

describe.skipIf(DATABASE_URL === undefined)('the retention of PostgreSQL', () => {
  const schema = freshSchema('retention');
  const fixtures = createFixtures({ startMs: Date.UTC(2026, 2, 1), stepMs: 3_600_000 });
  let store: Postgres;
  beforeAll(async () => {
    store = await openServer({ schema });
  });
  afterAll(async () => {
    await tidy(store, schema);
    await store.close();
  });
  const count = async (table: string, where = 'true') =>
    Number((await ask<{ n: string }>(store, `SELECT count(*)::text AS n FROM ${table} WHERE ${where}`))[0]?.n);

  it('has nothing to say before the first sink has opened', async () => {
    expect(await reportRetention(store, parseRetention(''), NOW)).toEqual([]);
    expect(await applyRetention(store, parseRetention(''), NOW)).toEqual([]);
  });

  it('deletes what is older than threats are kept anywhere, and keeps counters and positions', async () => {
    const sink = createPostgresSink({ store, view: 'threats' });
    await sink.open();
    await sink.write(fixtures.batch('threats', { first: 0, last: 999 }));
    // More than one chunk of old ones.
    await asPerson(
      store,
      `INSERT INTO violations (id, org, agent_id, source, rule, effect, severity, description, interaction_id, occurred_at)
        SELECT gen_random_uuid(), 'o', 'a', 'policy', 'r', 'e', 'low', 'd', 'i', '2020-01-01' FROM generate_series(1, 12000)`,
    );
    const table = parseRetention('threats=10d/70d');
    const since = new Date(NOW - 70 * DAY_MS).toISOString();
    const before = { violations: await count('violations'), incidents: await count('incidents') };
    const old = {
      violations: await count('violations', `occurred_at < '${since}'`),
      incidents: await count('incidents', `last_seen < '${since}'`),
    };
    expect(old.violations).toBeGreaterThan(12_000);
    expect(old.incidents).toBeGreaterThan(0);
    expect((await reportRetention(store, table, NOW)).map(({ what, verdict, rows }) => [what, verdict, rows])).toEqual([
      [`${schema}.violations`, 'overdue', before.violations],
      [`${schema}.incidents`, 'overdue', before.incidents],
      [`${schema}.verdicts`, 'ok', 0],
    ]);
    const [positions] = await ask<{ next_offset: string }>(store, 'SELECT next_offset::text FROM parapet_positions');
    const agents = await ask(store, 'SELECT * FROM agents ORDER BY 1, 2');

    expect(await applyRetention(store, table, NOW)).toMatchObject([{ removed: old.violations }, { removed: old.incidents }]);
    expect(await applyRetention(store, table, NOW)).toEqual([]);
    expect(await count('violations')).toBe(before.violations - old.violations);
    expect((await reportRetention(store, table, NOW)).every(({ verdict }) => verdict === 'ok')).toBe(true);
    expect(await ask(store, 'SELECT next_offset::text FROM parapet_positions')).toEqual([positions]);
    expect(await ask(store, 'SELECT * FROM agents ORDER BY 1, 2')).toEqual(agents);
  });

  it('keeps verdicts as long as the audit trail, and deletes them then', async () => {
    await createPostgresSink({ store, view: 'verdicts' }).write(fixtures.batch('verdicts', { first: 0, last: 999 }));
    expect(await applyRetention(store, parseRetention('threats=10d/70d,audit=90d/200d'), NOW)).toEqual([]);
    const table = parseRetention('threats=10d/70d,audit=10d/70d');
    const since = new Date(NOW - 70 * DAY_MS).toISOString();
    const old = await count('verdicts', `occurred_at < '${since}'`);
    expect(old).toBeGreaterThan(0);
    expect((await reportRetention(store, table, NOW)).at(-1)).toMatchObject({ class: 'audit', verdict: 'overdue', rows: 1_000 });
    expect(await applyRetention(store, table, NOW)).toMatchObject([{ what: `${schema}.verdicts`, removed: old }]);
    expect(await count('verdicts')).toBe(1_000 - old);
  });

  it('deletes nothing that is kept for ever', async () => {
    expect(await applyRetention(store, parseRetention('threats=forever/forever,audit=forever/forever'), Date.UTC(2100, 0, 1))).toEqual([]);
  });
});
