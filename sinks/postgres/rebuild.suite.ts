/** What a rebuild promises, on both engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, dropRebuilt, migrate, type Postgres, positions, rebuildSchema, swapIn, tallyPostgres } from './index.ts';
import { type AnyBatch, ask, asPerson, cut, deliver, freshSchema, schemaOf, tablesOf, tidy } from './testing.ts';

export function rebuildSuite(engine: string, open: () => Promise<Postgres>): void {
  describe(`a rebuild on ${engine}`, () => {
    const fixtures = createFixtures({ stepMs: 420_000 });
    const assessed = fixtures.batch('assessed', { first: 0, last: 199 });
    const threats = fixtures.batch('threats', { first: 0, last: 199 });
    const verdicts = fixtures.batch('verdicts', { first: 0, last: 199 });
    let store: Postgres;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(async () => {
      await tidy(store, `t_rebuild_${process.pid}`);
      await store.close();
    });

    async function filled(): Promise<Postgres> {
      const own = schemaOf(store, freshSchema('rebuild'));
      await migrate(own);
      for (const batch of [assessed, threats, verdicts]) await deliver(own, batch);
      return own;
    }

    async function rebuild(own: Postgres, label: string, batches: AnyBatch[]): Promise<string> {
      const rebuilt = rebuildSchema(own, label);
      for (const view of ['interactions', 'threats', 'verdicts'] as const) await createPostgresSink({ store: own, view, rebuilt }).open();
      for (const batch of batches) for (let at = 0; at < 200; at += 70) await deliver(own, cut(batch, at, Math.min(at + 69, 199)), rebuilt);
      return rebuilt;
    }

    it('makes the same tables, takes the place of damaged ones, and keeps what people set before and meanwhile', async () => {
      const own = await filled();
      const wanted = await tablesOf(own);
      await asPerson(own, `UPDATE agents SET owner = 'ada', declared_at = now() WHERE agent_id = 'agent-3'`);
      await asPerson(own, `INSERT INTO agents (org, agent_id, owner, declared_at) VALUES ('org-1', 'planned', 'bob', now())`);
      await asPerson(
        own,
        `INSERT INTO incidents (id, org, agent_id, threat_type, title, severity) VALUES ('ffffffff-ffff-4fff-bfff-ffffffffffff', 'org-1', 'agent-1', 'phone', 'Called in', 'low')`,
      );
      await asPerson(
        own,
        `UPDATE incidents SET assigned_to = 'ada', status = 'acknowledged' WHERE id IN (SELECT id FROM incidents ORDER BY id LIMIT 9)`,
      );
      await asPerson(own, 'UPDATE agents SET interactions = 1000000');
      await asPerson(own, 'DELETE FROM users');
      const rebuilt = await rebuild(own, 'a', [assessed, threats, verdicts]);
      await asPerson(own, 'UPDATE violations SET remediated = true WHERE id IN (SELECT id FROM violations ORDER BY id LIMIT 7)');
      await asPerson(
        own,
        `UPDATE incidents SET status = 'resolved' WHERE id IN (SELECT id FROM incidents WHERE status = 'acknowledged' ORDER BY id LIMIT 4)`,
      );
      const people = `SELECT id::text, title, status, assigned_to, resolved_at::text, people_set FROM incidents WHERE people_set <> '{}' ORDER BY id`;
      const before = await ask(own, people);
      expect(before).toHaveLength(10);
      expect(await swapIn(own, rebuilt)).toEqual({ left: null });

      const { agents, ...others } = await tablesOf(own);
      const planned = (agent: unknown) => (agent as { agent_id: string }).agent_id === 'planned';
      expect(agents.filter((agent) => !planned(agent))).toEqual(wanted.agents);
      expect(agents.filter(planned)).toHaveLength(1);
      expect({ ...others, incidents: others.incidents.filter((row) => (row as { threat_type: string }).threat_type !== 'phone') }).toEqual({
        models: wanted.models,
        users: wanted.users,
        violations: wanted.violations,
        incidents: wanted.incidents,
        verdicts: wanted.verdicts,
      });
      expect(await ask(own, people)).toEqual(before);
      const [counts] = await ask(
        own,
        `SELECT (SELECT count(*) FROM violations WHERE remediated)::int AS remediated,
        (SELECT count(*) FROM agents WHERE NOT is_shadow_ai AND owner = 'ada')::int AS declared`,
      );
      expect(counts).toEqual({
        remediated: 7,
        declared: (wanted.agents as { agent_id: string }[]).filter((a) => a.agent_id === 'agent-3').length,
      });

      expect(await swapIn(own, rebuilt)).toEqual({ left: null });
      await deliver(own, assessed);
      await deliver(own, fixtures.batch('assessed', { first: 200, last: 209 }));
      expect(await positions(own, 'postgres.interactions')).toEqual([{ partition: 0, nextOffset: 210, uncounted: 0 }]);
    }, 60_000);

    it('knows what people have resolved, so that it cuts incidents where they were cut', async () => {
      const own = schemaOf(store, freshSchema('rebuild'));
      await migrate(own);
      const batch = fixtures.batch('threats', { first: 0, last: 9 });
      const start = batch.records[0]?.value.occurredAt ?? 0;
      batch.records.forEach((record, n) => {
        const same = { org: 'o', agentId: 'a', threatType: 'secret_leak', severity: 'high', occurredAt: start + n * 60_000_000 } as const;
        record.value = { ...record.value, ...same };
      });
      await deliver(own, cut(batch, 0, 4));
      await asPerson(own, `UPDATE incidents SET status = 'resolved', resolved_at = to_timestamp($1::float8)`, [start / 1e6 + 250]);
      await deliver(own, batch);
      const wanted = (await tablesOf(own)).incidents;
      expect(wanted).toHaveLength(2);
      const rebuilt = rebuildSchema(own, 'b');
      await createPostgresSink({ store: own, view: 'threats', rebuilt }).open();
      await deliver(own, batch, rebuilt);
      await swapIn(own, rebuilt);
      expect((await tablesOf(own)).incidents).toEqual(wanted);
      expect(await ask(own, `SELECT threats::int FROM incidents WHERE status = 'resolved'`)).toEqual([{ threats: 5 }]);
    });

    it('carries work over to an incident that was cut otherwise, and keeps that which has none', async () => {
      const own = await filled();
      const rebuilt = await rebuild(own, 'c', [assessed, threats, verdicts]);
      const [first, second] = await ask<{ id: string }>(own, 'SELECT id::text FROM incidents ORDER BY id LIMIT 2');
      await asPerson(own, `UPDATE incidents SET assigned_to = 'ada', id = gen_random_uuid() WHERE id = $1`, [first?.id]);
      await asPerson(own, `UPDATE incidents SET assigned_to = 'bob', threat_type = 'other', id = gen_random_uuid() WHERE id = $1`, [
        second?.id,
      ]);
      await swapIn(own, rebuilt);
      expect(await ask(own, `SELECT id::text FROM incidents WHERE assigned_to = 'ada'`)).toEqual([{ id: first?.id }]);
      expect(await ask(own, `SELECT threat_type FROM incidents WHERE assigned_to = 'bob'`)).toEqual([{ threat_type: 'other' }]);
    });

    it('is not put in place while it lacks something, and can be dropped', async () => {
      const own = await filled();
      const wanted = await tablesOf(own);
      const rebuilt = await rebuild(own, 'd', [assessed]);
      await expect(swapIn(own, rebuilt)).rejects.toMatchObject({
        code: 'PARAPET_REPLAY_DIFFERS',
        message: expect.stringContaining('postgres.threats, partition 0: 0 of 200'),
      });
      expect(await tablesOf(own)).toEqual(wanted);
      await dropRebuilt(own, rebuilt);
      await dropRebuilt(own, rebuilt);
      await expect(swapIn(own, rebuilt)).rejects.toMatchObject({ code: 'PARAPET_REPLAY_DIFFERS' });
    });

    it('keeps grants, and leaves the old schema where views of others read from it', async () => {
      const own = await filled();
      const role = `t_reader_${process.pid}`;
      await asPerson(own, `CREATE ROLE ${role}`);
      try {
        await asPerson(own, `GRANT USAGE ON SCHEMA "${own.schema}" TO ${role}`);
        await asPerson(own, `GRANT SELECT ON agents TO ${role}`);
        await asPerson(own, `GRANT UPDATE (status, assigned_to) ON incidents TO ${role} WITH GRANT OPTION`);
        await asPerson(own, `GRANT SELECT ON models TO PUBLIC`);
        await asPerson(own, `GRANT SELECT ON violations_judged TO ${role}`);
        const rights = `SELECT has_schema_privilege($1, $2, 'USAGE') AS schema, has_table_privilege($1, 'agents', 'SELECT') AS agents,
          has_column_privilege($1, 'incidents', 'status', 'UPDATE WITH GRANT OPTION') AS status, has_table_privilege($1, 'models', 'SELECT') AS models,
          has_column_privilege($1, 'incidents', 'title', 'UPDATE') AS title, has_table_privilege($1, 'users', 'SELECT') AS users,
          has_table_privilege($1, 'violations_judged', 'SELECT') AS judged`;
        const values = [role, own.schema];
        const before = await ask(own, rights, values);
        expect(before).toEqual([{ schema: true, agents: true, status: true, models: true, title: false, users: false, judged: true }]);
        const view = `"${own.schema}_view"`;
        await asPerson(own, `CREATE SCHEMA ${view}`);
        await asPerson(own, `CREATE VIEW ${view}.busy AS SELECT * FROM agents WHERE interactions > 1`);
        const rebuilt = await rebuild(own, 'e', [assessed, threats, verdicts]);
        expect(await swapIn(own, rebuilt)).toEqual({ left: `${own.schema}_replaced_e` });
        expect(await ask(own, rights, values)).toEqual(before);
        expect((await tallyPostgres(own)).length).toBeGreaterThan(0);
        await asPerson(own, `DROP VIEW ${view}.busy`);
        expect(await swapIn(own, rebuilt)).toEqual({ left: null });
      } finally {
        await tidy(store, own.schema);
        await asPerson(own, `DROP ROLE ${role}`);
      }
    });
  });
}
