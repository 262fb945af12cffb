/** How long rows stay, on the real engine: what is set, what goes, what a rebuild keeps. chDB binds one folder per process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { type ClickHouse, createClickHouseSink, openClickHouse, rebuildTable, swapIn } from './index.ts';
import { applyRetention, applyTtl, reportRetention, viewKeptSince } from './retention.ts';
import { readTtl } from './ttl.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 20);
/** A day each, from 1 March on. */
const fixtures = createFixtures({ startMs: Date.UTC(2026, 2, 1), stepMs: DAY_MS });
const table = parseRetention('interactions=30d/2y,threats=45d/2y,audit=forever/forever');

let path = '';
let store: ClickHouse;

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'parapet-retention-'));
  store = await openClickHouse({ path });
}, 60_000);

afterAll(async () => {
  await store.close();
  await rm(path, { recursive: true, force: true });
});

async function ask<Row>(query: string): Promise<Row[]> {
  return (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>();
}
const rowsOf = async (name: string) => Number((await ask<{ n: string }>(`SELECT toString(count()) AS n FROM parapet.${name}`))[0]?.n);

describe('the TTL of a view', () => {
  it('is set when its sink opens, and only when it differs', async () => {
    const far = parseRetention('interactions=40y/50y').interactions;
    await createClickHouseSink({ store, view: 'interactions', retention: far }).open();
    expect(await readTtl(store, 'interactions')).toBe(`toDateTime(started_at) + toIntervalDay(${far.hotDays})`);
    await createClickHouseSink({ store, view: 'interactions' }).write(fixtures.batch('assessed', { first: 0, last: 89 }));
    const alters = () => ask<{ n: string }>(`SELECT toString(count()) AS n FROM system.mutations WHERE table = 'interactions'`);
    const before = await alters();
    expect(await applyTtl(store, 'interactions', far)).toEqual([]);
    await createClickHouseSink({ store, view: 'interactions', retention: far }).open();
    expect(await alters()).toEqual(before);
    expect(await rowsOf('interactions')).toBe(90);
  });

  it('drops months that are due as a whole, tells a store that is set otherwise, and changes nothing when run again', async () => {
    for (const view of ['threats', 'audit'] as const) await createClickHouseSink({ store, view }).open();
    await createClickHouseSink({ store, view: 'threats' }).write(fixtures.batch('threats', { first: 0, last: 89 }));
    const before = await reportRetention(store, table, NOW);
    expect(before.find(({ what }) => what === 'threats')).toMatchObject({
      verdict: 'differs',
      configured: 'none',
      wanted: 'occurred_at + 45 d',
    });
    expect(before.find(({ what }) => what === 'audit')).toMatchObject({ verdict: 'ok', rows: 0, oldestMs: undefined });

    const done = await applyRetention(store, table, NOW);
    // 45 days before 20 June is 6 May: March and April are wholly older, May stays as a whole.
    expect(done.filter(({ what, removed }) => what === 'threats' && removed > 0)).toMatchObject([
      { did: 'dropped the month 202603', removed: 31 },
      { did: 'dropped the month 202604', removed: 30 },
    ]);
    expect(await applyRetention(store, table, NOW)).toEqual([]);
  });

  it('is taken away again when everything is to be kept', async () => {
    await applyTtl(store, 'threats', { hotDays: 0, coldDays: 0 });
    expect(await readTtl(store, 'threats')).toBe('');
  });

  it('is not on a rebuilt table until it is the view, so that old rows can be counted', async () => {
    const far = parseRetention('threats=40y/50y').threats;
    await applyTtl(store, 'threats', far);
    const rebuilt = rebuildTable('threats', 'r');
    const sink = createClickHouseSink({ store, view: 'threats', table: rebuilt, retention: far });
    await sink.open();
    expect(await readTtl(store, rebuilt)).toBe('');
    await sink.write(fixtures.batch('threats', { first: 0, last: 89 }));
    await store.client.command({ query: `OPTIMIZE TABLE parapet.${rebuilt} FINAL` });
    expect(await rowsOf(rebuilt)).toBe(90);
    await swapIn(store, 'threats', rebuilt);
    expect(await readTtl(store, 'threats')).toBe(`toDateTime(occurred_at) + toIntervalDay(${far.hotDays})`);
    expect(await rowsOf('threats')).toBe(90);
  });

  it('lets parts go that are due, also those that were there before it', async () => {
    // Of the engine's own doing: no partition is dropped here.
    await applyTtl(store, 'threats', { hotDays: 30, coldDays: 700 });
    await expect
      .poll(
        async () => {
          await store.client.command({ query: 'OPTIMIZE TABLE parapet.threats FINAL' });
          return rowsOf('threats');
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(0);
  });
});

describe('where rows move to a colder volume', () => {
  it('they stay until the end of their cold days', () => {
    const retention = { hotDays: 30, coldDays: 60 };
    expect(viewKeptSince({ layout: { engine: 'merge-tree', coldVolume: 'cold' } }, retention, NOW)).toBe(Date.UTC(2026, 3, 1));
    expect(viewKeptSince({ layout: { engine: 'merge-tree' } }, retention, NOW)).toBe(Date.UTC(2026, 4, 1));
    expect(viewKeptSince({ layout: { engine: 'merge-tree' } }, { hotDays: 0, coldDays: 0 }, NOW)).toBe(0);
  });
});
