/** Replays into an embedded ClickHouse: whole and in part, from the log and from the lake, interrupted and begun again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { type ClickHouse, createClickHouseSink, openClickHouse } from '../sinks/clickhouse/index.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import type { Sink } from '../sinks/port.ts';
import { runSink } from '../sinks/runner.ts';
import { createFolderStore, createLakeSink, type ObjectStore } from '../sinks/s3/index.ts';
import { rebuildClickHouse } from './rebuilds/clickhouse.ts';
import { openRebuilder } from './rebuilds/index.ts';
import type { Rebuild } from './rebuilds/port.ts';
import { type ReplayOptions, replayView } from './replay.ts';

const VIEW = 'clickhouse.threats';
const COUNT = 3_000;
const START_MS = Date.UTC(2026, 2, 1);
const STEP_MS = 60_000;
const fixtures = createFixtures({ startMs: START_MS, stepMs: STEP_MS });

let folder: string;
let log: EventLog;
let codec: Codec;
let clickhouse: ClickHouse;
let lake: ObjectStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-replay-'));
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  clickhouse = await openClickHouse({ path: join(folder, 'clickhouse') });
  lake = createFolderStore(join(folder, 'lake'));
  await append(0, COUNT);
  await drain();
}, 60_000);

afterAll(async () => {
  await clickhouse.close();
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function append(first: number, count: number): Promise<void> {
  await log.append(
    Array.from({ length: count }, (_, i) => {
      const threat = fixtures.threat(first + i);
      return {
        topic: TOPICS.threats.name,
        key: `${threat.org}/${threat.agentId}`,
        timestamp: Math.floor(threat.occurredAt / 1_000),
        headers: {},
        value: codec.encode('threats', threat),
      };
    }),
  );
}

/** Runs the view's sink and the lake's until both have everything. */
async function drain(): Promise<void> {
  const parts = { log, codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }) };
  const sinks = [
    createClickHouseSink({ store: clickhouse, view: 'threats', limits: { lingerMs: 20 } }) as Sink,
    createLakeSink({ store: lake, topic: 'threats', limits: { lingerMs: 20 } }) as Sink,
  ];
  for (const sink of sinks) {
    const subscription = await runSink(parts, sink);
    for (const until = Date.now() + 30_000; (await behind(sink.name)) > 0; ) {
      if (Date.now() > until) throw new Error(`${sink.name} does not catch up`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await subscription.close();
  }
}

async function behind(group: string): Promise<number> {
  const commits = await log.commits(group);
  const ranges = await log.ranges(TOPICS.threats.name);
  return ranges.reduce((sum, { partition, end }) => {
    const commit = commits.find((each) => each.topic === TOPICS.threats.name && each.partition === partition);
    return sum + end - (commit?.offset ?? 0);
  }, 0);
}

function replay(options: Partial<ReplayOptions> = {}, change: (rebuild: Rebuild) => Rebuild = (same) => same, pause = async () => {}) {
  const progress: number[] = [];
  return replayView(
    {
      log,
      codec,
      lake,
      progressFile: join(folder, 'replays', 'view.json'),
      rebuild: (label) => change(rebuildClickHouse(clickhouse, 'threats', label)),
      pause,
      onProgress: ({ done }) => progress.push(done),
    },
    { view: VIEW, source: 'log', ...options },
  );
}

const rows = async (where = '1') => {
  const answer = await clickhouse.client.query({
    query: `SELECT toUInt32(count()) AS n FROM parapet.threats WHERE ${where}`,
    format: 'JSONEachRow',
  });
  return (await answer.json<{ n: number }>())[0]?.n;
};
const tables = async (like: string) => {
  const answer = await clickhouse.client.query({ query: `SHOW TABLES FROM parapet LIKE '${like}'`, format: 'JSONEachRow' });
  return (await answer.json<{ name: string }>()).map(({ name }) => name);
};
const command = (query: string) => clickhouse.client.command({ query, clickhouse_settings: { mutations_sync: '2' } });

describe('a replay', () => {
  it('makes the same rows from the log and from the lake, every time', async () => {
    for (const source of ['log', 'lake', 'log'] as const) {
      expect(await replay({ source })).toMatchObject({ source, records: COUNT, rows: COUNT, skipped: 0, differences: 0, resumed: 0 });
      expect(await rows()).toBe(COUNT);
    }
  });

  it('finds and mends what is missing, there twice, or otherwise', async () => {
    await command(`INSERT INTO parapet.threats SELECT * FROM parapet.threats LIMIT 7`);
    await command(`ALTER TABLE parapet.threats DELETE WHERE threat_id = '${fixtures.threat(100).threatId}'`);
    await command(`ALTER TABLE parapet.threats UPDATE risk_score = risk_score + 1 WHERE threat_id = '${fixtures.threat(200).threatId}'`);
    const result = await replay();
    // The changed row is one that is missing and one too many.
    expect(result.missing).toBe(2);
    expect(result.extra).toBeGreaterThanOrEqual(8);
    expect(await rows()).toBe(COUNT);
    expect(await replay()).toMatchObject({ differences: 0 });
  });

  it('of a window leaves the rows outside of it as they are', async () => {
    const [from, to] = [START_MS + 1_000 * STEP_MS, START_MS + 2_000 * STEP_MS];
    await command(
      `ALTER TABLE parapet.threats DELETE WHERE threat_id IN ('${fixtures.threat(500).threatId}', '${fixtures.threat(1_500).threatId}')`,
    );
    const result = await replay({ from, to });
    expect(result).toMatchObject({ rows: 1_000, missing: 1, extra: 0 });
    expect(await rows()).toBe(COUNT - 1);
    expect(await rows(`threat_id = '${fixtures.threat(1_500).threatId}'`)).toBe(1);
    expect(await replay()).toMatchObject({ missing: 1, extra: 0 });
  });

  it('goes on where it was interrupted, and writes nothing twice', async () => {
    let writes = 0;
    const failing = (rebuild: Rebuild): Rebuild => ({
      ...rebuild,
      parts: rebuild.parts.map((part) => ({
        ...part,
        sink: {
          ...part.sink,
          draft: (partition) => {
            const draft = part.sink.draft?.(partition);
            if (!draft) throw new Error('no draft');
            return {
              add: (records) => draft.add(records),
              async write(bounds) {
                const done = await draft.write(bounds);
                writes += 1;
                // The store has it, and the answer is lost.
                if (writes === 2) throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: 'cut' });
                return done;
              },
            };
          },
        },
      })),
    });
    await expect(replay({ rate: 500 }, failing)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(await rows()).toBe(COUNT);
    const result = await replay();
    expect(result).toMatchObject({ records: COUNT, rows: COUNT, differences: 0 });
    expect(result.resumed).toBe(500);
  });

  it('goes on when it had to wait for a sink that runs elsewhere', async () => {
    const pause = async () => {
      throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', { message: 'a sink is running' });
    };
    await expect(replay({}, undefined, pause)).rejects.toMatchObject({ code: 'PARAPET_REPLAY_IMPOSSIBLE' });
    expect(await replay()).toMatchObject({ rows: COUNT, resumed: COUNT, differences: 0 });
  });

  it('that was killed in the exchange begins anew, and never puts the old view back', async () => {
    await command(`ALTER TABLE parapet.threats DELETE WHERE threat_id = '${fixtures.threat(300).threatId}'`);
    const cut = (rebuild: Rebuild): Rebuild => ({
      ...rebuild,
      async swap() {
        // The names are exchanged, and what was the view is still there under the rebuilt one's name.
        const [table] = await tables('%rebuild%');
        await clickhouse.client.command({ query: `EXCHANGE TABLES parapet.${table} AND parapet.threats` });
        throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: 'cut' });
      },
    });
    await expect(replay({}, cut)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(await rows()).toBe(COUNT);
    expect(await replay()).toMatchObject({ rows: COUNT, resumed: 0, differences: 0 });
    expect(await tables('%rebuild%')).toEqual([]);
  });

  it('forgets an interrupted run when it is told to, or asked for something else', async () => {
    const fail = (rebuild: Rebuild): Rebuild => ({
      ...rebuild,
      compare: async () => {
        throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: 'cut' });
      },
    });
    await expect(replay({}, fail)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(await replay({ restart: true })).toMatchObject({ resumed: 0, differences: 0 });
    await expect(replay({}, fail)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(await replay({ source: 'lake' })).toMatchObject({ resumed: 0, differences: 0 });
    expect(await tables('%rebuild%')).toEqual([]);
  });

  it('takes what arrives while it runs, and keeps the view when something is wrong', async () => {
    let late = false;
    const adding = (rebuild: Rebuild): Rebuild => ({
      ...rebuild,
      async rows(since) {
        return (await rebuild.rows(since)) - (late ? 1 : 0);
      },
    });
    const during = async () => {
      await append(COUNT, 100);
      await drain();
    };
    const result = await replayView(
      {
        log,
        codec,
        lake,
        progressFile: join(folder, 'replays', 'view.json'),
        rebuild: (label) => adding(rebuildClickHouse(clickhouse, 'threats', label)),
        pause: during,
        onProgress: () => {},
      },
      { view: VIEW, source: 'log' },
    );
    expect(result).toMatchObject({ rows: COUNT + 100, differences: 0 });
    late = true;
    await expect(replay({}, adding)).rejects.toMatchObject({ code: 'PARAPET_REPLAY_DIFFERS' });
    expect(await rows()).toBe(COUNT + 100);
  });

  it('refuses views that it does not know', async () => {
    const env = readEnvironment({ PARAPET_DATA: folder });
    await expect(openRebuilder('clickhouse.nothing', env)).rejects.toMatchObject({ code: 'PARAPET_VIEW_UNKNOWN' });
    await expect(openRebuilder('elasticsearch.threats', env)).rejects.toThrow(/not configured/);
  });
});
