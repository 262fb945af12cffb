/** The table over all of an embedded Parapet: applied, reported, and told to the audit log. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataPaths, type Environment, readEnvironment } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { type ClickHouse, createClickHouseSink } from '../sinks/clickhouse/index.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createLakeSink, lakeRanges, readLake, tallyLake } from '../sinks/s3/index.ts';
import { migrateAll } from './migrate.ts';
import { applyRetention, isKept, keepRetention, type RetentionParts, reportRetention } from './retention.ts';
import { renderApplied, renderReport } from './retention-text.ts';
import { openAnalytics, openCodec, openLake, openLog } from './stores.ts';

const DAY_MS = 86_400_000;
/** One a day, the last one two days ago; files of the lake lie by the day. */
const COUNT = 200;
const fixtures = createFixtures({ startMs: Math.floor(Date.now() / DAY_MS) * DAY_MS - (COUNT + 1) * DAY_MS, stepMs: DAY_MS });

let folder: string;
let env: Environment;
let log: EventLog;
let codec: Codec;
let clickhouse: ClickHouse;
let parts: RetentionParts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-retention-'));
  env = readEnvironment({
    PARAPET_DATA: folder,
    PARAPET_PARTITIONS: '1',
    PARAPET_CLICKHOUSE_PORT: '0',
    PARAPET_RETENTION: 'interactions=20d/100d,threats=50d/100d',
  });
  log = await openLog(env);
  codec = await openCodec(env);
  clickhouse = await openAnalytics(env);
  parts = { env, log, codec, clickhouse, actor: 'test' };
  const lake = openLake(env);
  await createLakeSink({ store: lake, topic: 'interactions' }).write(
    fixtures.batch('interactions', { first: 0, last: COUNT - 1, encode: (value) => codec.encode('interactions', value) }),
  );
  const sink = createClickHouseSink({ store: clickhouse, view: 'threats' });
  await sink.open();
  await sink.write(fixtures.batch('threats', { first: 0, last: COUNT - 1 }));
  await log.append(
    Array.from({ length: COUNT }, (_, n) => {
      const timestamp = Math.floor(fixtures.threat(n).occurredAt / 1_000);
      return { topic: TOPICS.threats.name, key: 'k', timestamp, headers: {}, value: codec.encode('threats', fixtures.threat(n)) };
    }),
  );
  for (const group of ['respond', 'clickhouse.threats', 's3.threats']) {
    await log.seek(group, { topic: TOPICS.threats.name, partition: 0, offset: COUNT });
  }
}, 60_000);

afterAll(async () => {
  await clickhouse.close();
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function auditEvents(action: string) {
  const records = await log.read({ topic: TOPICS.audit.name, partition: 0, offset: 0 }, { maxRecords: 100, maxBytes: 1e7 });
  return records.map(({ value }) => codec.decode('audit', value)).filter((event) => event.action === action);
}
const holding = async (what: string) =>
  (await reportRetention(parts)).flatMap(({ holdings }) => holdings).find((each) => each.what === what);

describe('the retention of an embedded Parapet', () => {
  it('is reported as what it is before anybody applied it', async () => {
    const reports = await reportRetention(parts);
    expect(isKept(reports)).toBe(false);
    expect(await holding('topic=interactions')).toMatchObject({ verdict: 'overdue', wanted: 'deleted after 100 d' });
    expect(await holding('threats')).toMatchObject({ verdict: 'differs', configured: 'none', rows: COUNT });
    expect(await holding(TOPICS.threats.name)).toMatchObject({ verdict: 'overdue', rows: COUNT });
    expect(renderReport(reports).join('\n')).toMatch(/✗ clickhouse +threats +differs +none \(the table says occurred_at \+ 50 d\)/);
  });

  it('removes what is due everywhere, once, and says so in the audit log', async () => {
    const applied = await applyRetention(parts);
    const removed = Object.fromEntries(
      applied.map(({ store, applied: each }) => [store, each.reduce((sum, { removed: n }) => sum + n, 0)]),
    );
    expect(applied.every(({ error }) => error === undefined)).toBe(true);
    // Days that end 100 days ago or earlier; the two newest of the 200 days are not there at all.
    expect(removed['s3']).toBe(COUNT - 98 - 1);
    expect(removed['log']).toBeGreaterThan(COUNT - 52);
    expect(removed['clickhouse']).toBeGreaterThan(COUNT - 50 - 33);
    const [event] = await auditEvents('retention.applied');
    expect(event).toMatchObject({
      actor: 'test',
      details: { s3: String(removed['s3']), log: String(removed['log']), clickhouse: String(removed['clickhouse']) },
    });

    expect((await applyRetention(parts)).flatMap((each) => each.applied)).toEqual([]);
    expect(await auditEvents('retention.applied')).toHaveLength(1);
    expect(renderApplied(await applyRetention(parts))).toContain('✓ log            nothing to do');
    const after = await reportRetention(parts);
    expect(after.flatMap(({ holdings }) => holdings).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(isKept(after)).toBe(true);
  });

  it('leaves a lake that can be read, counted and replayed from', async () => {
    const lake = openLake(env);
    const offsets: number[] = [];
    for await (const { offset } of readLake(lake, 'interactions')) offsets.push(offset);
    expect(offsets).toHaveLength(99);
    expect(offsets.at(-1)).toBe(COUNT - 1);
    expect((await tallyLake(lake)).reduce((sum, { rows }) => sum + rows, 0)).toBe(99);
    expect(await lakeRanges(lake, 'interactions')).toHaveLength(1);
  });

  it('goes on reading a lake whose files expire meanwhile, and still stops at one that is broken', async () => {
    const lake = openLake(env);
    const files = await lake.list('topic=interactions/');
    const listing = { ...lake, list: async (prefix: string) => (prefix === 'topic=interactions/' ? files : lake.list(prefix)) };
    await lake.remove(files[0]?.key as string);
    expect((await tallyLake(listing)).reduce((sum, { rows }) => sum + rows, 0)).toBe(98);
    const broken = join(dataPaths(env).lake, files[1]?.key as string);
    await writeFile(broken, Buffer.alloc((await stat(broken)).size));
    await expect(tallyLake(lake)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('names a store that does not answer, with its code, and reports the others', async () => {
    const down = { ...parts, env: { ...env, ELASTICSEARCH_URL: 'http://127.0.0.1:9', DATABASE_URL: 'postgres://x@127.0.0.1:9/x' } };
    const reports = await reportRetention(down);
    expect(reports.map(({ store, error }) => [store, error?.code])).toEqual([
      ['log', undefined],
      ['clickhouse', undefined],
      ['s3', undefined],
      ['elasticsearch', 'PARAPET_STORE_UNAVAILABLE'],
      ['postgres', 'PARAPET_STORE_UNAVAILABLE'],
    ]);
    expect(isKept(reports)).toBe(false);
  });

  it('is kept by a process that runs on, from its start', async () => {
    const longer = { ...parts, env: { ...env, PARAPET_RETENTION: { ...env.PARAPET_RETENTION, threats: { hotDays: 60, coldDays: 100 } } } };
    const kept = keepRetention({ ...longer, stores: ['clickhouse'] }, createLogger('test', 'silent'));
    await kept.close();
    const configured = (await reportRetention(longer)).find(({ store }) => store === 'clickhouse');
    expect(configured?.holdings.find(({ what }) => what === 'threats')).toMatchObject({ configured: 'occurred_at + 60 d', verdict: 'ok' });
  });
});

describe('parapet migrate', () => {
  it('makes what is missing and says what, and nothing when run again', async () => {
    const data = await mkdtemp(join(tmpdir(), 'parapet-migrate-'));
    try {
      // chDB binds one folder a process, so that a second one has to be a server: here only what needs no ClickHouse.
      const fresh = { ...parts, env: { ...env, PARAPET_DATA: data, CLICKHOUSE_URL: 'http://127.0.0.1:9' } };
      const stores = await migrateAll(fresh);
      expect(stores.map(({ store, error }) => [store, error?.code])).toEqual([
        ['log', undefined],
        ['clickhouse', 'PARAPET_STORE_UNAVAILABLE'],
        ['s3', undefined],
      ]);
      expect((await stat(dataPaths(fresh.env).lake)).isDirectory()).toBe(true);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});
