/** The promise of the sinks, which both engines must keep: `embedded.test.ts` and `postgres.server.test.ts` run it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { createPostgresEraser, createPostgresSink, migrate, type Postgres, positions, tallyPostgres } from './index.ts';
import { MIGRATIONS } from './migrations.ts';
import { DASHBOARD_QUERIES } from './queries.ts';
import { type AnyBatch, ask, asPerson, cut, deliver, expected, freshSchema, schemaOf, tablesOf, tidy } from './testing.ts';

/** A store that dies at a statement, with or without having committed, as `crashes` says. */
function crashing(store: Postgres, crashes: number[]): Postgres {
  return {
    ...store,
    async transaction(act) {
      const at = crashes.shift() ?? Number.POSITIVE_INFINITY;
      let statements = 0;
      const step = <T>(act: () => Promise<T>): Promise<T> => {
        statements += 1;
        if (statements === at) throw new Error('the connection ended');
        return act();
      };
      const result = await store.transaction((session) =>
        act({
          query: (text, values) => step(() => session.query(text, values)),
          script: (text) => step(() => session.script(text)),
        }),
      );
      if (at === 0) throw new Error('the answer to COMMIT was lost');
      return result;
    },
  };
}

export function postgresSuite(engine: string, open: () => Promise<Postgres>, runs: number): void {
  describe(`the PostgreSQL sinks on ${engine}`, () => {
    const fixtures = createFixtures({ stepMs: 420_000 });
    let store: Postgres;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(async () => {
      await tidy(store, `t_suite_${process.pid}`);
      await store.close();
    });

    async function fresh(): Promise<Postgres> {
      const own = schemaOf(store, freshSchema('suite'));
      await migrate(own);
      return own;
    }

    async function holds(own: Postgres, batches: AnyBatch[]): Promise<void> {
      const tally = await tallyPostgres(own);
      const wanted = expected(batches);
      const tables = await tablesOf(own);
      const total = (of: 'interactions' | 'threats') => tally.reduce((sum, row) => sum + row[of], 0);
      expect({ interactions: total('interactions'), threats: total('threats') }).toEqual({
        interactions: wanted.interactions,
        threats: wanted.threats,
      });
      expect((tables.violations as { id: string }[]).map(({ id }) => id)).toEqual(wanted.violations);
      const incidents = tables.incidents as { id: string; threats: number; severity: string }[];
      expect(incidents.map(({ id, threats, severity }) => ({ id, threats, severity }))).toEqual(
        wanted.incidents.map(({ id, threats, severity }) => ({ id, threats, severity })),
      );
    }

    it('count every record once, when batches come again, whole or cut otherwise', async () => {
      const own = await fresh();
      const assessed = fixtures.batch('assessed', { first: 0, last: 299 });
      const threats = fixtures.batch('threats', { first: 0, last: 299 });
      for (const batch of [assessed, threats]) {
        await deliver(own, cut(batch, 0, 99));
        await deliver(own, cut(batch, 50, 180));
        await deliver(own, batch);
        await deliver(own, batch);
      }
      await holds(own, [assessed, threats]);
      expect(await positions(own, 'postgres.interactions')).toEqual([{ partition: 0, nextOffset: 300, uncounted: 0 }]);
      expect(expected([threats]).incidents.length).toBeGreaterThan(20);
      expect(expected([threats]).incidents.some(({ threats }) => threats > 1)).toBe(true);
    });

    it('come to the same tables however batches are cut, repeated and interrupted', async () => {
      const size = 60;
      // As in the log, where an agent's records are in one partition: the second one's are a year later.
      const batches = [2025, 2026].flatMap((year, partition): AnyBatch[] => {
        const own = createFixtures({ seed: year, stepMs: 420_000, startMs: Date.UTC(year, 0, 1) });
        const range = { first: 0, last: size - 1, partition };
        return [own.batch('assessed', range), own.batch('threats', range)];
      });
      const straight = await fresh();
      for (const batch of batches) await deliver(straight, batch);
      const wanted = await tablesOf(straight);
      await holds(straight, batches);
      const plan = fc.record({
        cuts: fc.array(fc.array(fc.integer({ min: 1, max: size - 1 }), { maxLength: 4 }), { minLength: 4, maxLength: 4 }),
        back: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 24, maxLength: 24 }),
        crashes: fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 12 }),
        order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(plan, async ({ cuts, back, crashes, order }) => {
          const own = await fresh();
          const shaky = crashing(own, [...crashes]);
          let n = 0;
          for (const which of [0, 1, 2, 3].sort((a, b) => (order[a] as number) - (order[b] as number))) {
            let from = 0;
            for (const to of [...new Set([...(cuts[which] as number[]), size])].sort((a, b) => a - b)) {
              await deliver(shaky, cut(batches[which] as AnyBatch, Math.max(0, from - (back[n++] as number)), to - 1));
              from = to;
            }
          }
          expect(await tablesOf(own)).toEqual(wanted);
          await tidy(own, own.schema);
        }),
        { numRuns: runs, endOnFailure: true },
      );
    }, 300_000);

    it('write the same rows side by side without losing one to the other', async () => {
      const own = await fresh();
      const batches = [0, 1, 2, 3].flatMap((partition): AnyBatch[] => [
        fixtures.batch('assessed', { first: 0, last: 149, partition }),
        fixtures.batch('threats', { first: 0, last: 149, partition }),
      ]);
      await Promise.all(batches.flatMap((batch) => [deliver(own, cut(batch, 0, 79)), deliver(own, batch)]));
      const total = (await tallyPostgres(own)).reduce((sum, row) => sum + row.interactions + row.threats, 0);
      expect(total).toBe(8 * 150);
    }, 120_000);

    it('take names that PostgreSQL cannot hold as names that it can, and never two as one', async () => {
      const own = await fresh();
      const batch = fixtures.batch('assessed', { first: 0, last: 5 });
      const names = ['a\0', 'a\uFFFD', 'a\uD800', `${'x'.repeat(9_000)}1`, `${'x'.repeat(9_000)}2`, "Ω'); DROP TABLE agents; --"];
      batch.records.forEach((record, index) => {
        const { interaction } = record.value;
        const name = names[index] as string;
        record.value = {
          ...record.value,
          interaction: { ...interaction, org: 'o', agentId: name, userId: name, modelUsed: name, vendor: 'v' },
        };
      });
      await deliver(own, batch);
      const agents = await ask<{ agent_id: string }>(own, 'SELECT agent_id FROM agents');
      expect(agents).toHaveLength(6);
      expect(agents.map(({ agent_id }) => agent_id)).toContain(names[5]);
      expect(await ask(own, 'SELECT FROM models')).toHaveLength(6);
      expect(await ask(own, 'SELECT FROM users')).toHaveLength(6);
    });

    it('refuse records that cannot be counted, alone, and sum tokens beyond what 64 bits hold', async () => {
      const own = await fresh();
      const sink = createPostgresSink({ store: own, view: 'interactions' });
      const batch = fixtures.batch('assessed', { first: 0, last: 9 });
      const usage = (inputTokens: number) => (value: (typeof batch.records)[0]['value']) => ({
        ...value,
        enrichment: { ...value.enrichment, usage: { ...value.enrichment.usage, inputTokens } },
      });
      const change = (index: number, by: ReturnType<typeof usage>) => {
        const record = batch.records[index];
        if (record) record.value = by(record.value);
      };
      change(2, usage(Number.NaN));
      change(3, usage(-1));
      change(4, usage(1e300));
      change(5, (value) => ({ ...value, interaction: { ...value.interaction, startedAt: 8.7e18 } }));
      change(6, (value) => ({ ...value, enrichment: { ...value.enrichment, costUsd: Number.POSITIVE_INFINITY } }));
      const refused = await sink.write(batch);
      expect(refused.map(({ index }) => index)).toEqual([2, 3, 4, 5, 6]);
      for (const { reason } of refused) expect(reason).toMatch(/^(usage\.inputTokens|startedAt|costUsd) is not /);
      expect(await positions(own, 'postgres.interactions')).toEqual([{ partition: 0, nextOffset: 10, uncounted: 5 }]);
      await asPerson(
        own,
        `UPDATE models SET input_tokens = 9223372036854775807 WHERE model_name = (SELECT model_name FROM models LIMIT 1)`,
      );
      await deliver(own, fixtures.batch('assessed', { first: 10, last: 99 }));
      const [row] = await ask<{ most: string }>(own, 'SELECT max(input_tokens)::text AS most FROM models');
      expect(BigInt(row?.most ?? 0)).toBeGreaterThan(2n ** 63n);
    });

    it('find by halving what PostgreSQL refuses, and count its dead letter when it is sent again, once', async () => {
      const own = await fresh();
      const sink = createPostgresSink({ store: own, view: 'interactions' });
      const batch = fixtures.batch('assessed', { first: 0, last: 99 });
      const bad = batch.records[41];
      if (bad) bad.value = { ...bad.value, interaction: { ...bad.value.interaction, agentId: 'forbidden' } };
      await asPerson(own, `ALTER TABLE agents ADD CONSTRAINT allowed CHECK (agent_id <> 'forbidden')`);
      const refused = await sink.write(batch);
      expect(refused).toEqual([
        { index: 41, reason: expect.stringContaining('state 23514: a check constraint is not met (table agents, constraint allowed)') },
      ]);
      expect(await sink.write({ ...batch, recovered: true })).toEqual(refused);
      expect(await positions(own, 'postgres.interactions')).toEqual([{ partition: 0, nextOffset: 100, uncounted: 1 }]);
      await asPerson(own, 'ALTER TABLE agents DROP CONSTRAINT allowed');
      const letter = cut(batch, 41, 41);
      await deliver(own, letter);
      await deliver(own, letter);
      await holds(own, [batch]);
      expect(await positions(own, 'postgres.interactions')).toEqual([{ partition: 0, nextOffset: 100, uncounted: 0 }]);
    });

    it('take it for a fault of the tables when most of a batch is refused', async () => {
      const own = await fresh();
      const sink = createPostgresSink({ store: own, view: 'interactions' });
      const batch = fixtures.batch('assessed', { first: 0, last: 59 });
      await asPerson(own, 'ALTER TABLE agents ADD CONSTRAINT nobody CHECK (interactions < 0)');
      await expect(sink.write(batch)).rejects.toMatchObject({
        code: 'PARAPET_STORE_UNAVAILABLE',
        hint: expect.stringContaining('constraint'),
      });
      await asPerson(own, 'ALTER TABLE agents DROP CONSTRAINT nobody');
      await deliver(own, { ...batch, recovered: true });
      await holds(own, [batch]);
    });

    it('remember offsets that a batch did not have, and know them when they come', async () => {
      const own = await fresh();
      const whole = fixtures.batch('threats', { first: 100, last: 139 });
      const without = { ...whole, records: whole.records.filter(({ offset }) => offset !== 110 && offset !== 139) };
      await deliver(own, without);
      expect(await positions(own, 'postgres.threats')).toEqual([{ partition: 0, nextOffset: 140, uncounted: 102 }]);
      await deliver(own, cut(whole, 139, 139));
      await deliver(own, whole);
      await deliver(own, whole);
      expect(await positions(own, 'postgres.threats')).toEqual([{ partition: 0, nextOffset: 140, uncounted: 100 }]);
      expect((await tallyPostgres(own)).reduce((sum, { threats }) => sum + threats, 0)).toBe(40);
    });

    it('leave what people set, and open another incident after one was resolved', async () => {
      const own = await fresh();
      const batch = fixtures.batch('threats', { first: 0, last: 5 });
      const start = batch.records[0]?.value.occurredAt ?? 0;
      batch.records.forEach((record, n) => {
        const severity = n === 3 ? 'critical' : 'high';
        const common = { org: 'o', agentId: 'a', threatType: 'prompt_injection', severity, actionTaken: 'blocked' } as const;
        record.value = { ...record.value, ...common, occurredAt: start + n * 60_000_000 };
      });
      await deliver(own, cut(batch, 0, 1));
      await asPerson(own, `UPDATE incidents SET status = 'acknowledged', assigned_to = 'ada', title = 'Mine'`);
      await asPerson(own, 'UPDATE violations SET remediated = true');
      await asPerson(own, `UPDATE agents SET owner = 'ada@example.com', declared_at = now()`);
      await deliver(own, cut(batch, 0, 3));
      const [first] = await ask<Record<string, unknown>>(own, 'SELECT * FROM incidents');
      expect(first).toMatchObject({ status: 'acknowledged', assigned_to: 'ada', title: 'Mine', severity: 'critical', resolved_at: null });
      expect(first?.['people_set']).toEqual(['assigned_to', 'status', 'title']);
      await asPerson(own, `UPDATE incidents SET severity = 'low'`);
      await deliver(own, cut(batch, 0, 4));
      await asPerson(own, `UPDATE incidents SET status = 'resolved', resolved_at = to_timestamp($1::float8)`, [start / 1e6 + 250]);
      await deliver(own, batch);
      const incidents = await ask<Record<string, unknown>>(own, 'SELECT severity, status, threats::int FROM incidents ORDER BY first_seen');
      expect(incidents).toEqual([
        { severity: 'low', status: 'resolved', threats: 5 },
        { severity: 'high', status: 'open', threats: 1 },
      ]);
      const [done] = await ask<{ n: number; at: number }>(
        own,
        'SELECT count(*)::int AS n, count(remediated_at)::int AS at FROM violations WHERE remediated',
      );
      expect(done).toEqual({ n: 2, at: 2 });
      const [agent] = await ask(own, 'SELECT owner, is_shadow_ai, threats::int FROM agents');
      expect(agent).toEqual({ owner: 'ada@example.com', is_shadow_ai: false, threats: 6 });
    });

    it('answer the questions of the README', async () => {
      const own = await fresh();
      await deliver(own, fixtures.batch('assessed', { first: 0, last: 199 }));
      await deliver(own, fixtures.batch('threats', { first: 0, last: 199 }));
      await deliver(own, fixtures.batch('verdicts', { first: 0, last: 199 }));
      await asPerson(own, `UPDATE incidents SET status = 'resolved' WHERE id IN (SELECT id FROM incidents ORDER BY id LIMIT 5)`);
      for (const { name, sql } of DASHBOARD_QUERIES) expect((await ask(own, sql)).length, name).toBeGreaterThan(0);
    });

    it('refuse a migration that was changed after it was applied', async () => {
      const own = await fresh();
      await migrate(own);
      const changed = MIGRATIONS.map((step) => (step.number === 2 ? { ...step, sql: `${step.sql} SELECT 1;` } : step));
      await expect(migrate(own, own.schema, changed)).rejects.toMatchObject({
        code: 'PARAPET_CONFIG_INVALID',
        message: expect.stringContaining('Migration 2 (tables)'),
      });
    });

    it('bring a schema that an older version made to today’s shape, with what is in it', async () => {
      const own = schemaOf(store, freshSchema('suite'));
      await migrate(own, own.schema, MIGRATIONS.slice(0, 3));
      const threats = fixtures.batch('threats', { first: 0, last: 99 });
      await deliver(own, threats);
      const subject = { org: 'org-1', id: 'nobody', subject: 'org-1/nobody', pseudonym: 'erased:0', until: 1 };
      for (const { rows } of await createPostgresEraser(own).find(subject)) expect(rows).toBe(0);
      await createPostgresEraser(own).mask(subject);
      expect(await migrate(own)).toEqual(['verdicts']);
      await deliver(own, fixtures.batch('verdicts', { first: 0, last: 99 }));
      await holds(own, [threats]);
      const blocked = threats.records.filter(({ value }) => value.actionTaken === 'blocked').map(({ offset }) => fixtures.verdict(offset));
      const [judged] = await ask<{ n: number }>(own, 'SELECT count(*)::int AS n FROM violations_judged WHERE false_positive IS NOT NULL');
      expect(judged?.n).toBe(blocked.filter(({ verdict }) => verdict !== 'withdrawn').length);
      expect(judged?.n).toBeGreaterThan(0);
    });

    it('apply a migration wholly or not at all', async () => {
      const own = await fresh();
      const broken = [...MIGRATIONS, { number: 99, name: 'broken', sql: 'CREATE TABLE half (x int); SELECT 1 / 0;' }];
      await expect(migrate(own, own.schema, broken)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
      expect(await ask(own, `SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'half'`, [own.schema])).toEqual([]);
      expect(await ask(own, 'SELECT FROM parapet_migrations')).toHaveLength(MIGRATIONS.length);
    });
  });
}
