/** A replay of records that are older than the view keeps them: they are counted before the view's TTL takes them again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { type ClickHouse, createClickHouseSink, openClickHouse } from '../sinks/clickhouse/index.ts';
import { readTtl } from '../sinks/clickhouse/ttl.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createFolderStore } from '../sinks/s3/index.ts';
import { rebuildClickHouse } from './rebuilds/clickhouse.ts';
import { type ReplayOptions, replayView } from './replay.ts';

const DAY_MS = 86_400_000;
/** One a day, the last one today. */
const COUNT = 200;
const fixtures = createFixtures({ startMs: Date.now() - (COUNT - 1) * DAY_MS, stepMs: DAY_MS });
const retention = { hotDays: 60, coldDays: 731 };

let folder: string;
let log: EventLog;
let codec: Codec;
let clickhouse: ClickHouse;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-replay-ttl-'));
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(1) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  clickhouse = await openClickHouse({ path: join(folder, 'clickhouse') });
}, 60_000);

afterAll(async () => {
  await clickhouse.close();
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

const rows = async () => {
  const answer = await clickhouse.client.query({ query: 'SELECT toUInt32(count()) AS n FROM parapet.threats', format: 'JSONEachRow' });
  return (await answer.json<{ n: number }>())[0]?.n ?? -1;
};
/** What merges leave. */
const settled = async () => {
  await clickhouse.client.command({ query: 'OPTIMIZE TABLE parapet.threats FINAL' });
  return rows();
};

describe('a source that has forgotten what the view still holds', () => {
  const VIEW = 'audit';
  const GONE = 120;
  const replay = (options: Partial<ReplayOptions> = {}) =>
    replayView(
      {
        log,
        codec,
        lake: createFolderStore(join(folder, 'lake')),
        progressFile: join(folder, 'replays', 'audit.json'),
        rebuild: (label) => rebuildClickHouse(clickhouse, VIEW, label),
        pause: async () => {},
        onProgress: () => {},
      },
      { view: `clickhouse.${VIEW}`, source: 'log', ...options },
    );
  const held = async () => {
    const answer = await clickhouse.client.query({ query: 'SELECT toUInt32(count()) AS n FROM parapet.audit', format: 'JSONEachRow' });
    return (await answer.json<{ n: number }>())[0]?.n ?? -1;
  };

  it('does not take its place, but for a part that it has or when somebody says so', async () => {
    const topic = TOPICS.audit.name;
    const batch = fixtures.batch('audit', { first: 0, last: COUNT - 1 });
    await log.append(
      batch.records.map(({ value }) => {
        return { topic, key: 'k', timestamp: Math.floor(value.occurredAt / 1_000), headers: {}, value: codec.encode('audit', value) };
      }),
    );
    const sink = createClickHouseSink({ store: clickhouse, view: VIEW, retention: { hotDays: 0, coldDays: 0 } });
    await sink.open();
    expect(await sink.write({ ...batch, topic })).toEqual([]);
    await log.seek('clickhouse.audit', { topic, partition: 0, offset: COUNT });
    const firstKept = Math.floor((batch.records[GONE]?.value.occurredAt ?? 0) / 1_000);
    expect(await log.expire(topic, firstKept)).toBe(GONE);

    await expect(replay()).rejects.toMatchObject({ code: 'PARAPET_REPLAY_DIFFERS' });
    expect(await held()).toBe(COUNT);
    expect(await replay({ from: firstKept })).toMatchObject({ differences: 0 });
    expect(await held()).toBe(COUNT);
    expect(await replay({ shorter: true })).toMatchObject({ rows: COUNT - GONE, extra: GONE });
    expect(await held()).toBe(COUNT - GONE);
  }, 60_000);
});

it('swaps the view in, which then keeps as much as before', async () => {
  const topic = TOPICS.threats.name;
  await log.append(
    Array.from({ length: COUNT }, (_, n) => {
      const threat = fixtures.threat(n);
      return { topic, key: 'k', timestamp: Math.floor(threat.occurredAt / 1_000), headers: {}, value: codec.encode('threats', threat) };
    }),
  );
  const sink = createClickHouseSink({ store: clickhouse, view: 'threats', retention });
  await sink.open();
  await sink.write({ ...fixtures.batch('threats', { first: 0, last: COUNT - 1 }), topic });
  await log.seek('clickhouse.threats', { topic, partition: 0, offset: COUNT });
  await expect.poll(settled, { timeout: 20_000 }).toBeLessThanOrEqual(60 + 32);
  const kept = await settled();
  expect(kept).toBeGreaterThanOrEqual(60);

  const result = await replayView(
    {
      log,
      codec,
      lake: createFolderStore(join(folder, 'lake')),
      progressFile: join(folder, 'replays', 'view.json'),
      rebuild: (label) => rebuildClickHouse(clickhouse, 'threats', label),
      pause: async () => {},
      onProgress: () => {},
    },
    { view: 'clickhouse.threats', source: 'log' },
  );
  // Compared is what the view surely keeps.
  expect(result).toMatchObject({ records: COUNT, differences: 0 });
  expect(await readTtl(clickhouse, 'threats')).toBe('toDateTime(occurred_at) + toIntervalDay(60)');
  await expect.poll(settled, { timeout: 20_000 }).toBe(kept);
}, 60_000);
