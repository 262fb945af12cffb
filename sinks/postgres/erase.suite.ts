/** What erasing a subject must do on both engines of PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Erasure } from '../erasure.ts';
import { createFixtures } from '../fixtures.ts';
import { createPostgresEraser, createPostgresSink, migrate, type Postgres, rebuildSchema, tallyPostgres } from './index.ts';
import { ask, freshSchema, schemaOf, tablesOf, tidy } from './testing.ts';

export function eraseSuite(name: string, open: () => Promise<Postgres>): void {
  describe(`the PostgreSQL eraser: ${name}`, () => {
    const start = Date.UTC(2026, 2, 1);
    const fixtures = createFixtures({ startMs: start, stepMs: 60_000 });
    const erasure: Erasure = {
      org: 'acme',
      id: `ann "x" o'k`,
      subject: `acme/ann "x" o'k`,
      pseudonym: 'erased:0123456789abcdef',
      until: (start + 200 * 60_000) * 1_000,
    };
    let shared: Postgres;
    let store: Postgres;
    const schema = freshSchema('erase');

    beforeAll(async () => {
      shared = await open();
      store = schemaOf(shared, schema);
      await migrate(store);
      await migrate(store, rebuildSchema(store, 'r1'));
      for (const rebuilt of [undefined, rebuildSchema(store, 'r1')]) await fill(0, 199, rebuilt);
    }, 60_000);
    afterAll(async () => {
      await tidy(shared, schema);
      await shared.close();
    });

    async function fill(first: number, last: number, rebuilt?: string): Promise<void> {
      const into = { store, ...(rebuilt === undefined ? {} : { rebuilt }) };
      const named = (n: number) => {
        const [org, userId] = [n % 10 === 0 ? 'other' : 'acme', n % 2 === 0 ? erasure.id : 'bob'];
        return { org, userId, subject: `${org}/${userId}` };
      };
      const threats = fixtures.batch('threats', { first, last });
      const assessed = fixtures.batch('assessed', { first, last });
      const blocked = threats.records.map((record) => ({
        ...record,
        value: { ...record.value, ...named(record.offset), actionTaken: 'blocked' as const },
      }));
      const answered = assessed.records.map((record) => {
        const { interaction } = record.value;
        return { ...record, value: { ...record.value, interaction: { ...interaction, ...named(record.offset) } } };
      });
      expect(await createPostgresSink({ ...into, view: 'threats' }).write({ ...threats, records: blocked })).toEqual([]);
      expect(await createPostgresSink({ ...into, view: 'interactions' }).write({ ...assessed, records: answered })).toEqual([]);
      const verdicts = fixtures.batch('verdicts', { first, last });
      const noted = verdicts.records.map((record) => {
        const { org, subject } = named(record.offset);
        return { ...record, value: { ...record.value, org, subject, note: `asked ${subject}` } };
      });
      expect(await createPostgresSink({ ...into, view: 'verdicts' }).write({ ...verdicts, records: noted })).toEqual([]);
    }
    const users = () =>
      ask<{ org: string; user_id: string; interactions: string }>(
        store,
        'SELECT org, user_id, interactions::text FROM users ORDER BY 1, 2',
      );

    it('gives violations and the user the pseudonym, and nobody else', async () => {
      const [before, tally] = [await tablesOf(store), await tallyPostgres(store)];
      const eraser = createPostgresEraser(store);
      // Each fifth minute but the tenths, live and rebuilt; the users' rows count as one each.
      const found = await eraser.find(erasure);
      expect(found.find(({ view }) => view === 'postgres.threats')).toEqual({ view: 'postgres.threats', rows: 160 });
      expect(found.find(({ view }) => view === 'postgres.verdicts')).toEqual({ view: 'postgres.verdicts', rows: 160 });
      await eraser.mask(erasure);
      expect(await eraser.find(erasure)).toEqual([
        { view: 'postgres.interactions', rows: 0 },
        { view: 'postgres.threats', rows: 0 },
        { view: 'postgres.verdicts', rows: 0 },
      ]);
      const after = await tablesOf(store);
      const swap = (rows: unknown[]) =>
        JSON.parse(
          JSON.stringify(rows).replaceAll(`"acme","user_id":${JSON.stringify(erasure.id)}`, `"acme","user_id":"${erasure.pseudonym}"`),
        ) as unknown[];
      expect(new Set(after.users.map((row) => JSON.stringify(row)))).toEqual(new Set(swap(before.users).map((row) => JSON.stringify(row))));
      expect(after.violations).toHaveLength(before.violations.length);
      expect(after.agents).toEqual(before.agents);
      expect(after.incidents).toEqual(before.incidents);
      const masked = { subject: `acme/${erasure.pseudonym}`, note: '' };
      const verdicts = before.verdicts as { subject: string }[];
      expect(after.verdicts).toEqual(verdicts.map((row) => (row.subject === erasure.subject ? { ...row, ...masked } : row)));
      expect(await tallyPostgres(store)).toEqual(tally);
    });

    it('joins what comes masked later with the pseudonym’s row, and leaves who comes back', async () => {
      await fill(210, 219);
      const back = await users();
      expect(back.find(({ org, user_id }) => org === 'acme' && user_id === erasure.id)).toBeDefined();
      // Seen for the first time after the erasure: somebody new.
      expect((await createPostgresEraser(store).find(erasure)).map(({ rows }) => rows)).toEqual([0, 0, 0]);
      await createPostgresEraser(store).mask({ ...erasure, until: (start + 300 * 60_000) * 1_000 });
      const counts = new Map((await users()).map(({ org, user_id, interactions }) => [`${org}/${user_id}`, Number(interactions)]));
      expect(counts.get(`acme/${erasure.pseudonym}`)).toBe(80 + 4);
      expect(counts.get(`acme/${erasure.id}`)).toBeUndefined();
      expect(counts.get(`other/${erasure.id}`)).toBe(20 + 1);
    });
  });
}
