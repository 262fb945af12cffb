/** Erasing a subject from a ClickHouse server. Needs CLICKHOUSE_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Erasure } from '../erasure.ts';
import { createFixtures } from '../fixtures.ts';
import { type ClickHouse, createClickHouseEraser, createClickHouseSink, openClickHouse } from './index.ts';

const url = process.env['CLICKHOUSE_URL'] ?? '';
if (url === '') console.warn('SKIPPED: nobody was erased from a ClickHouse server, because CLICKHOUSE_URL is not set.');

describe.skipIf(url === '')('the ClickHouse eraser on a server', () => {
  const fixtures = createFixtures({ startMs: Date.now() - 3_600_000 });
  let store: ClickHouse;
  const erasureOf = (id: string, hex: string): Erasure => {
    return { org: 'acme', id, subject: `acme/${id}`, pseudonym: `erased:${hex.repeat(16)}`, until: Date.now() * 1_000 };
  };

  beforeAll(async () => {
    const { CLICKHOUSE_USER: user = 'default', CLICKHOUSE_PASSWORD: password = '' } = process.env;
    store = await openClickHouse({ url, user, password, database: `te${process.pid}` });
    const sink = createClickHouseSink({ store, view: 'interactions' });
    await sink.open();
    const batch = fixtures.batch('assessed', { first: 0, last: 11_999 });
    const records = batch.records.map((record, n) => {
      const userId = n % 2 === 0 ? `ann'"\\` : 'bob';
      return {
        ...record,
        value: { ...record.value, interaction: { ...record.value.interaction, org: 'acme', userId, subject: `acme/${userId}` } },
      };
    });
    expect(await sink.write({ ...batch, records })).toEqual([]);
  }, 60_000);
  afterAll(async () => {
    await store.client.command({ query: `DROP DATABASE ${store.database} SYNC` });
    await store.close();
  });

  const ask = async <Row>(query: string) => (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>();
  const hashOf = async (where: string) =>
    (
      await ask<{ h: string }>(
        `SELECT toString(groupBitXor(cityHash64(toString(tuple(*))))) AS h FROM ${store.database}.interactions WHERE ${where}`,
      )
    )[0]?.h;

  it.each([
    [`ann'"\\`, 'a', 'merge-tree'],
    ['bob', 'b', 'replicated'],
  ] as const)(
    'masks the rows of %j alone, hourly sums included (%s: engine %s)',
    async (id, hex, engine) => {
      const erasure = erasureOf(id, hex);
      const eraser = createClickHouseEraser({ ...store, layout: { engine } });
      const others = `NOT has(['${erasure.pseudonym}', '${id.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'], user_id)`;
      const sums = () => ask(`SELECT * FROM ${store.database}.interactions_hourly ORDER BY ALL`);
      const [before, summed] = [await hashOf(others), await sums()];
      expect((await eraser.find(erasure))[0]).toEqual({ view: 'clickhouse.interactions', rows: 6_000 });
      await eraser.mask(erasure);
      expect((await eraser.find(erasure))[0]?.rows).toBe(0);
      expect(await hashOf(others)).toBe(before);
      expect(await sums()).toEqual(summed);
      const [masked] = await ask<{ n: number }>(
        `SELECT toUInt32(count()) AS n FROM ${store.database}.interactions WHERE user_id = '${erasure.pseudonym}' AND masked_prompt = '' AND NOT content_available`,
      );
      expect(masked?.n).toBe(6_000);
    },
    60_000,
  );

  it('masks two subjects at once, each with its own pseudonym, also in an audit event that names both', async () => {
    const [cat, dan] = [erasureOf('cat', 'c'), erasureOf('dan', 'd')];
    const interactions = createClickHouseSink({ store, view: 'interactions' });
    const batch = fixtures.batch('assessed', { first: 12_000, last: 13_999 });
    const records = batch.records.map((record, n) => {
      const userId = n % 2 === 0 ? 'cat' : 'dan';
      return {
        ...record,
        value: { ...record.value, interaction: { ...record.value.interaction, org: 'acme', userId, subject: `acme/${userId}` } },
      };
    });
    expect(await interactions.write({ ...batch, records })).toEqual([]);
    const audit = createClickHouseSink({ store, view: 'audit' });
    await audit.open();
    const events = fixtures.batch('audit', { first: 0, last: 9 });
    const named = events.records.map((record) => {
      return {
        ...record,
        value: { ...record.value, org: 'acme', actor: 'cat', target: 'dan', details: { by: 'cat', of: 'acme/dan', n: '1' } },
      };
    });
    expect(await audit.write({ ...events, records: named })).toEqual([]);

    const [one, two] = [createClickHouseEraser(store), createClickHouseEraser(store)];
    await Promise.all([one.mask(cat), two.mask(dan)]);
    for (const erasure of [cat, dan]) {
      for (const { rows } of await one.find(erasure)) expect(rows).toBe(0);
      const [masked] = await ask<{ n: number }>(
        `SELECT toUInt32(count()) AS n FROM ${store.database}.interactions WHERE user_id = '${erasure.pseudonym}'`,
      );
      expect(masked?.n).toBe(1_000);
    }
    expect(await ask(`SELECT DISTINCT actor, target, mapSort(details) AS details FROM ${store.database}.audit`)).toEqual([
      { actor: cat.pseudonym, target: dan.pseudonym, details: { by: cat.pseudonym, of: dan.pseudonym, n: '1' } },
    ]);
  }, 60_000);

  it('names nobody in the statements that the server keeps, and leaves no table', async () => {
    const commands = JSON.stringify(await ask(`SELECT command FROM system.mutations WHERE database = '${store.database}'`));
    expect(commands).toContain('erased:');
    expect(commands).not.toMatch(/ann|bob|cat|dan/);
    expect(await ask(`SELECT name FROM system.tables WHERE database = '${store.database}' AND name LIKE '%erasing%'`)).toEqual([]);
  });
});
