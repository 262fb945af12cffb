/** How long rows stay on a ClickHouse server, and how they move to a colder disk. Says what it could not test. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { type ClickHouse, createClickHouseSink, openClickHouse, rebuildTable, swapIn } from './index.ts';
import { applyRetention, applyTtl, reportRetention } from './retention.ts';
import { COLD_DISK, POLICY, startTiered, type TieredServer, VOLUME } from './testing/tiered.ts';
import { readTtl } from './ttl.ts';

const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } = process.env;
if (url === undefined) console.warn('SKIPPED: the retention of ClickHouse was not tested on a server, because CLICKHOUSE_URL is not set.');
const tiered: TieredServer | undefined = await startTiered();
if (tiered === undefined) console.warn('SKIPPED: colder volumes were not tested, because shared/servers has not installed ClickHouse.');

const DAY_MS = 86_400_000;
const database = `parapet_retention_${process.pid}`;
/** A day each, the last one today. */
const COUNT = 200;
const fixtures = createFixtures({ startMs: Math.floor(Date.now() / DAY_MS) * DAY_MS - (COUNT - 1) * DAY_MS, stepMs: DAY_MS });

async function ask<Row>(store: ClickHouse, query: string): Promise<Row[]> {
  return (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>();
}

describe.skipIf(url === undefined)('the retention of a ClickHouse server', () => {
  let store: ClickHouse;
  beforeAll(async () => {
    store = await openClickHouse({ url, user, password, database });
  });
  afterAll(async () => {
    await store.client.command({ query: `DROP DATABASE ${database} SYNC` });
    await store.close();
  });

  it('is read back as it was set, and set only when it differs', async () => {
    const table = parseRetention('threats=60d/2y');
    const sink = createClickHouseSink({ store, view: 'threats' });
    await sink.open();
    await sink.write(fixtures.batch('threats', { first: 0, last: COUNT - 1 }));
    expect((await reportRetention(store, table))[0]).toMatchObject({ what: 'threats', verdict: 'differs', rows: COUNT });
    expect((await applyRetention(store, table)).at(-1)).toMatchObject({ did: 'TTL occurred_at + 60 d instead of none' });
    expect(await applyRetention(store, table)).toEqual([]);
    expect((await reportRetention(store, table))[0]).toMatchObject({ verdict: 'ok', configured: 'occurred_at + 60 d' });

    const rebuilt = rebuildTable('threats', 'r');
    const other = createClickHouseSink({ store, view: 'threats', table: rebuilt });
    await other.open();
    await other.write(fixtures.batch('threats', { first: 0, last: COUNT - 1 }));
    expect(await ask(store, `SELECT toUInt32(count()) AS n FROM ${database}.${rebuilt}`)).toEqual([{ n: COUNT }]);
    await swapIn(store, 'threats', rebuilt);
    expect(await readTtl(store, 'threats')).toBe('toDateTime(occurred_at) + toIntervalDay(60)');
  });

  it('says what to do about a storage policy that the server does not have', async () => {
    const without = { ...store, layout: { engine: 'merge-tree' as const, storagePolicy: 'nowhere', coldVolume: 'cold' } };
    await expect(applyTtl(without, 'threats', { hotDays: 1, coldDays: 2 })).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(await readTtl(store, 'threats')).toBe('toDateTime(occurred_at) + toIntervalDay(60)');
  });
});

describe.skipIf(tiered === undefined)('a server with a colder volume', () => {
  let store: ClickHouse;
  beforeAll(async () => {
    const { url: at, user: name, password: word } = tiered as TieredServer;
    store = await openClickHouse({
      url: at,
      user: name,
      password: word,
      layout: { engine: 'merge-tree', storagePolicy: POLICY, coldVolume: VOLUME },
    });
  });
  afterAll(async () => {
    await store.close();
    await tiered?.stop();
  });
  const disks = async () =>
    new Map(
      (
        await ask<{ disk: string; rows: number }>(
          store,
          `SELECT disk_name AS disk, toUInt32(sum(rows)) AS rows FROM system.parts WHERE active AND database = 'parapet' AND table = 'audit' GROUP BY disk_name`,
        )
      ).map(({ disk, rows }) => [disk, rows]),
    );

  it('moves months there at the end of their hot days, and deletes them at the end of their cold ones', async () => {
    const table = parseRetention('audit=60d/2y');
    await createClickHouseSink({ store, view: 'audit', retention: table.audit }).open();
    await createClickHouseSink({ store, view: 'audit' }).write(fixtures.batch('audit', { first: 0, last: COUNT - 1 }));
    expect(await readTtl(store, 'audit')).toBe(
      `toDateTime(occurred_at) + toIntervalDay(60) TO VOLUME '${VOLUME}', toDateTime(occurred_at) + toIntervalDay(731)`,
    );
    await expect.poll(async () => (await disks()).get(COLD_DISK) ?? 0, { timeout: 60_000, interval: 200 }).toBeGreaterThan(COUNT - 60 - 32);
    expect([...(await disks()).values()].reduce((sum, rows) => sum + rows, 0)).toBe(COUNT);
    expect((await reportRetention(store, table))[0]).toMatchObject({ what: 'audit', verdict: 'ok', rows: COUNT });
    expect(await applyRetention(store, table)).toEqual([]);

    const removed = (await applyRetention(store, parseRetention('audit=60d/100d'))).reduce((sum, each) => sum + each.removed, 0);
    expect(removed).toBeGreaterThan(COUNT - 100 - 32);
    expect([...(await disks()).values()].reduce((sum, rows) => sum + rows, 0)).toBe(COUNT - removed);
  });

  it('takes a table along that was made without the policy', async () => {
    const plain = { ...store, layout: { engine: 'merge-tree' as const } };
    await createClickHouseSink({ store: plain, view: 'threats' }).open();
    await createClickHouseSink({ store: plain, view: 'threats' }).write(fixtures.batch('threats', { first: 0, last: 9 }));
    expect(await applyTtl(store, 'threats', { hotDays: 60, coldDays: 731 })).toHaveLength(1);
    expect(await applyTtl(store, 'threats', { hotDays: 60, coldDays: 731 })).toEqual([]);
  });
});
