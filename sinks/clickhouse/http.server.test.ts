/** The same sink on a ClickHouse server. Needs CLICKHOUSE_URL (and CLICKHOUSE_USER, CLICKHOUSE_PASSWORD); says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { type ClickHouse, createClickHouseSink, openClickHouse, rebuildTable, swapIn, tallyClickHouse } from './index.ts';

const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } = process.env;
if (url === undefined) console.warn('SKIPPED: the ClickHouse sink was not tested over HTTP, because CLICKHOUSE_URL is not set.');

describe.skipIf(url === undefined)('the ClickHouse sink over HTTP', () => {
  const database = `parapet_test_${process.pid}`;
  const fixtures = createFixtures({ stepMs: 3_600_000 });
  let store: ClickHouse;
  beforeAll(async () => {
    store = await openClickHouse({ url, user, password, database });
  });
  afterAll(async () => {
    await store.client.command({ query: `DROP DATABASE ${database} SYNC` });
    await store.close();
  });

  it('writes batches of many months once, completes and rebuilds them', async () => {
    const sink = createClickHouseSink({ store, view: 'interactions' });
    await sink.open();
    const batch = fixtures.batch('assessed', { first: 0, last: 4_999 });
    await sink.write({ ...batch, lastOffset: 1_999, records: batch.records.slice(0, 2_000) });
    await sink.write({ ...batch, recovered: true });
    await sink.write({ ...batch, recovered: true });
    const tally = await tallyClickHouse(store);
    expect(tally.reduce((sum, row) => sum + row.rows, 0)).toBe(5_000);

    const table = rebuildTable('interactions', 'x');
    const rebuilt = createClickHouseSink({ store, view: 'interactions', table });
    await rebuilt.open();
    await rebuilt.write(batch);
    await rebuilt.write(batch);
    expect(await tallyClickHouse(store, table)).toEqual(tally);
    await swapIn(store, 'interactions', table);
    expect(await tallyClickHouse(store)).toEqual(tally);
  });

  it('finds the row that the server refuses', async () => {
    const table = rebuildTable('interactions', 'refuse');
    const sink = createClickHouseSink({ store, view: 'interactions', table });
    await sink.open();
    await store.client.command({ query: `ALTER TABLE ${database}.${table} ADD CONSTRAINT few CHECK message_count < 1000` });
    const batch = fixtures.batch('assessed', { first: 0, last: 49 });
    const bad = batch.records[30];
    if (bad === undefined) throw new Error('no record 30');
    bad.value = { ...bad.value, interaction: { ...bad.value.interaction, messageCount: 5_000 } };
    expect((await sink.write(batch)).map((refused) => refused.index)).toEqual([30]);
    expect((await tallyClickHouse(store, table)).reduce((sum, row) => sum + row.rows, 0)).toBe(49);
  });

  it('says that a wrong password is one', async () => {
    await expect(openClickHouse({ url, user: 'app', password: 'wrong' })).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringMatching(/\(code (516|193|194|192)/),
    });
  });
});
