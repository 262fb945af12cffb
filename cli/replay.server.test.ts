/** Replays of the views in InfluxDB and PostgreSQL, on real servers: whole, under traffic, killed, and with what people set. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, readEnvironment, withoutSettings } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import type { EventLog, Subscription } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createInfluxSink, type Influx, interactionIds, tallyInflux } from '../sinks/influxdb/index.ts';
import { findBucket, renameBucket } from '../sinks/influxdb/organisation.ts';
import { hoursAgo, SERVER, sum, wipe } from '../sinks/influxdb/testing.ts';
import type { Postgres } from '../sinks/postgres/index.ts';
import { asPerson, tablesOf, tidy } from '../sinks/postgres/testing.ts';
import { runSink } from '../sinks/runner.ts';
import type { ReplayOptions, ReplayResult } from './replay.ts';
import { replay, replayAndSay } from './replays.ts';
import { connectMetadata, connectTelemetry, openCodec, openLog } from './stores.ts';
import { openSinks, type SinkName, topicOf } from './views.ts';

const DATABASE_URL = process.env['DATABASE_URL'] ?? '';
const lacking = [...(SERVER.url === '' ? ['INFLUX_URL'] : []), ...(DATABASE_URL === '' ? ['DATABASE_URL'] : [])];
if (lacking.length > 0) console.warn(`SKIPPED: no view was replayed on real servers, because of ${lacking.join(', ')}.`);

const COUNT = 2_000;
/** Verdicts, beside that many interactions and threats each. */
const WORDS = 30;
const POSTGRES = ['postgres.interactions', 'postgres.threats', 'postgres.verdicts'] as const;
const SINKS: SinkName[] = ['influxdb.interactions', ...POSTGRES, 's3.assessed', 's3.threats', 's3.verdicts'];
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

describe.skipIf(lacking.length > 0)('a replay on real servers', () => {
  const run = `replay_${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'parapet-replay-'));
  const settings = {
    PARAPET_DATA: folder,
    PARAPET_PARTITIONS: '2',
    PARAPET_METRICS_PORT: '0',
    PARAPET_LAKE_LINGER_MS: '100',
    INFLUX_URL: SERVER.url,
    INFLUX_TOKEN: SERVER.token,
    INFLUX_ORG: SERVER.org,
    INFLUX_BUCKET: run,
    DATABASE_URL,
    POSTGRES_SCHEMA: run,
  };
  // From a day ago, in steps that stay in the past.
  const fixtures = createFixtures({ startMs: hoursAgo(24), stepMs: 5_000 });
  let env: Environment;
  let log: EventLog;
  let codec: Codec;
  let influx: Influx;
  let postgres: Postgres;
  let appended = 0;

  beforeAll(async () => {
    env = readEnvironment({ ...withoutSettings(process.env), ...settings });
    log = await openLog(env);
    codec = await openCodec(env);
    influx = await connectTelemetry(env);
    postgres = await connectMetadata(env);
    await append(COUNT);
    await judge(WORDS);
    await drain();
  });
  afterAll(async () => {
    await wipe(influx);
    await tidy(postgres, run);
    await postgres.close();
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function append(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, i) => appended + i);
    appended += count;
    await log.append(
      numbers.flatMap((n) => {
        const [assessed, threat] = [fixtures.assessed(n), fixtures.threat(n)];
        const record = (topic: string, value: Buffer) => ({
          topic,
          key: `${assessed.interaction.org}/${assessed.interaction.agentId}`,
          timestamp: Math.floor(assessed.interaction.startedAt / 1_000),
          headers: {},
          value,
        });
        return [
          record(TOPICS.assessed.name, codec.encode('assessed', assessed)),
          record(TOPICS.threats.name, codec.encode('threats', threat)),
        ];
      }),
    );
  }

  async function judge(count: number): Promise<void> {
    await log.append(
      Array.from({ length: count }, (_, n) => {
        const said = fixtures.verdict(n);
        const [key, timestamp] = [`${said.org}/agent-${n}`, Math.floor(said.occurredAt / 1_000)];
        return { topic: TOPICS.verdicts.name, key, timestamp, headers: {}, value: codec.encode('verdicts', said) };
      }),
    );
  }

  /** Runs the sinks; `close` stops them. */
  async function start(names: readonly SinkName[]): Promise<{ subscriptions: Subscription[]; close(): Promise<void> }> {
    const [logger, metrics] = [createLogger('test', 'silent'), createMetrics({ defaults: false })];
    const stores = await openSinks(names, env, { clickhouse: undefined, metrics, logger, onGone: () => {} });
    const subscriptions = await Promise.all(names.map((name) => runSink({ log, codec, logger, metrics }, stores.create(name))));
    const close = async () => {
      await Promise.all(subscriptions.map((each) => each.close()));
      await stores.close();
    };
    return { subscriptions, close };
  }

  async function drain(names: readonly SinkName[] = SINKS): Promise<void> {
    const running = await start(names);
    for (const name of names) await caughtUp(name);
    await running.close();
  }

  async function caughtUp(name: SinkName): Promise<void> {
    for (const until = Date.now() + 60_000; (await behind(name)) > 0; await sleep(50)) {
      if (Date.now() > until) throw new Error(`${name} does not catch up`);
    }
  }

  async function behind(name: SinkName): Promise<number> {
    const topic = TOPICS[topicOf(name)].name;
    const commits = (await log.commits(name)).filter((commit) => commit.topic === topic);
    const ranges = await log.ranges(topic);
    return ranges.reduce((sum, { partition, end }) => sum + end - (commits.find((each) => each.partition === partition)?.offset ?? 0), 0);
  }

  const here = (options: ReplayOptions, pause = async () => {}, onProgress: (done: number) => void = () => {}): Promise<ReplayResult> =>
    replayAndSay(
      {
        env,
        log,
        codec,
        shared: {},
        mask: { current: () => undefined, spares: () => true },
        actor: 'test',
        pause,
        onProgress: ({ done }) => onProgress(done),
      },
      options,
    );

  /** The command, in a process that can be killed. */
  function command(...args: string[]): ChildProcess {
    return spawn(process.execPath, [MAIN, 'replay', '--json', ...args], {
      env: { ...withoutSettings(process.env), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  const points = async () => sum(await tallyInflux(influx));
  const bucketId = async () => (await findBucket(influx, run))?.id;

  describe('of InfluxDB', () => {
    it('makes the same points from the log and from the lake, in another bucket', async () => {
      const before = await bucketId();
      for (const source of ['log', 'lake', 'log'] as const) {
        const result = await here({ view: 'influxdb.interactions', source });
        expect(result).toMatchObject({ source, records: COUNT, rows: COUNT, skipped: 0, expired: 0, differences: 0, resumed: 0 });
        expect(await points()).toEqual({ rows: COUNT, distinct: COUNT });
      }
      expect(await bucketId()).not.toBe(before);
    });

    it('counts what is missing, and mends it', async () => {
      const gone = { start: new Date(hoursAgo(23)).toISOString(), stop: new Date(hoursAgo(22)).toISOString() };
      await influx.request('delete points', 'POST', `/api/v2/delete?org=${SERVER.org}&bucket=${run}`, gone);
      const { rows } = await points();
      expect(rows).toBe(COUNT - 720);
      expect(await here({ view: 'influxdb.interactions', source: 'log' })).toMatchObject({ rows: COUNT, missing: 720, extra: 0 });
      expect(await here({ view: 'influxdb.interactions', source: 'log' })).toMatchObject({ differences: 0 });
    });

    it('refuses a window, and leaves nothing behind', async () => {
      await expect(here({ view: 'influxdb.interactions', source: 'log', from: hoursAgo(10) })).rejects.toMatchObject({
        code: 'PARAPET_REPLAY_IMPOSSIBLE',
      });
      expect(await points()).toEqual({ rows: COUNT, distinct: COUNT });
    });

    it('does not count what is older than the bucket keeps', async () => {
      const old = createFixtures({ startMs: hoursAgo(24 * 30), stepMs: 1_000 });
      const records = Array.from({ length: 50 }, (_, n) => old.assessed(1_000_000 + n)).map((value) => ({
        topic: TOPICS.assessed.name,
        key: 'old/agent',
        timestamp: Math.floor(value.interaction.startedAt / 1_000),
        headers: {},
        value: codec.encode('assessed', value),
      }));
      await log.append(records);
      await drain();
      const result = await here({ view: 'influxdb.interactions', source: 'log' });
      expect(result).toMatchObject({ records: COUNT + 50, rows: COUNT, expired: 50, differences: 0 });
    });
  });

  describe('of PostgreSQL', () => {
    it('makes the same tables of all topics, from the log and from the lake, and keeps what people set', async () => {
      await asPerson(postgres, `UPDATE agents SET owner = 'ada', declared_at = now() WHERE agent_id = 'agent-3'`);
      await asPerson(postgres, `INSERT INTO agents (org, agent_id, owner, declared_at) VALUES ('org-1', 'planned', 'bob', now())`);
      const wanted = await tablesOf(postgres);
      for (const source of ['log', 'lake', 'log'] as const) {
        const result = await here({ view: 'postgres', source });
        expect(result).toMatchObject({ source, records: 2 * COUNT + 50 + WORDS, rows: 2 * COUNT + 50 + WORDS, skipped: 0, differences: 0 });
        expect(await tablesOf(postgres)).toEqual(wanted);
      }
      expect(wanted.verdicts).toHaveLength(WORDS);
      const owners = await asPerson(postgres, `SELECT DISTINCT owner FROM agents WHERE owner <> '' ORDER BY owner`);
      expect(owners).toEqual([{ owner: 'ada' }, { owner: 'bob' }]);
    });

    it('counts what is missing, too many, or otherwise, and mends it', async () => {
      const wanted = await tablesOf(postgres);
      await asPerson(postgres, 'DELETE FROM users WHERE user_id IN (SELECT user_id FROM users ORDER BY 1 LIMIT 2)');
      const { length } = (await tablesOf(postgres)).users;
      const lost = wanted.users.length - length;
      await asPerson(postgres, `UPDATE models SET interactions = interactions + 1 WHERE model_name = (SELECT min(model_name) FROM models)`);
      await asPerson(postgres, `INSERT INTO users SELECT org, 'nobody', first_seen, last_seen, 1 FROM users LIMIT 1`);
      // The changed row is one that is missing and one too many.
      const changed = (await tablesOf(postgres)).models.filter(
        (row) => !wanted.models.some((same) => JSON.stringify(same) === JSON.stringify(row)),
      );
      expect(await here({ view: 'postgres', source: 'log' })).toMatchObject({ missing: lost + changed.length, extra: changed.length + 1 });
      expect(await tablesOf(postgres)).toEqual(wanted);
    });

    it('refuses a window', async () => {
      await expect(here({ view: 'postgres', source: 'log', to: Date.now() })).rejects.toMatchObject({ code: 'PARAPET_REPLAY_IMPOSSIBLE' });
    });

    it('takes in what a killed sink had counted and not committed', async () => {
      const group = 'postgres.interactions';
      const topic = TOPICS.assessed.name;
      const [commit] = (await log.commits(group)).filter((each) => each.topic === topic && each.offset > 100);
      await log.seek(group, { topic, partition: commit?.partition ?? 0, offset: (commit?.offset ?? 0) - 100 });
      const wanted = await tablesOf(postgres);
      expect(await here({ view: 'postgres', source: 'log' })).toMatchObject({ differences: 0 });
      await drain();
      expect(await tablesOf(postgres)).toEqual(wanted);
    });
  });

  for (const view of ['influxdb.interactions', 'postgres.threats'] as const) {
    it(`of ${view} goes on after a kill, and counts nothing twice`, async () => {
      const all = view === 'postgres.threats' ? 2 * COUNT + 50 + WORDS : COUNT + 50;
      const child = command('--view', view, '--rate', '500');
      await progressOf(child, 500);
      child.kill('SIGKILL');
      await exited(child);
      const result = await replay(env, { view, source: 'log' }, () => {});
      expect(result).toMatchObject({ records: all, differences: 0 });
      expect(result.resumed).toBeGreaterThan(0);
      expect(result.resumed).toBeLessThan(all);
    });
  }

  it('loses nothing of what arrives while it runs, whatever the sinks do', async () => {
    const running = new Map<string, Awaited<ReturnType<typeof start>>>();
    const views = { 'influxdb.interactions': ['influxdb.interactions'], postgres: POSTGRES } as const;
    for (const [view, names] of Object.entries(views)) running.set(view, await start(names));
    let stop = false;
    const traffic = (async () => {
      while (!stop) {
        await append(20);
        await sleep(20);
      }
    })();
    for (const [view, names] of Object.entries(views)) {
      await expect(here({ view, source: 'log' }, () => running.get(view)?.close() as Promise<void>)).resolves.toMatchObject({
        differences: 0,
      });
      running.set(view, await start(names));
    }
    stop = true;
    await traffic;
    for (const [view, names] of Object.entries(views)) {
      for (const name of names) await caughtUp(name);
      await running.get(view)?.close();
    }
    expect(appended).toBeGreaterThan(COUNT);
    expect(await points()).toEqual({ rows: appended, distinct: appended });
    expect(await here({ view: 'postgres', source: 'log' })).toMatchObject({ records: 2 * appended + 50 + WORDS, differences: 0 });
  });

  it('lets a sink that writes between the two renames of InfluxDB try again', async () => {
    const live = await findBucket(influx, run);
    if (live === undefined) throw new Error('no bucket');
    const sink = createInfluxSink({ store: influx });
    await sink.open();
    const batch = fixtures.batch('assessed', { first: appended, last: appended + 9 });
    await renameBucket(influx, live, `${run}_elsewhere`);
    await expect(sink.write(batch as never)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    await renameBucket(influx, { ...live, name: `${run}_elsewhere` }, run);
    expect(await sink.write({ ...batch, recovered: true } as never)).toEqual([]);
    const ids = await interactionIds(influx, { from: new Date(0), to: new Date(Date.UTC(2100, 0, 1)) });
    expect(batch.records.filter(({ value }) => !ids.includes(value.interaction.interactionId))).toEqual([]);
  });
});

/** Resolves when the command has replayed so many records. */
function progressOf(child: ChildProcess, records: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const [, done = '0'] = [...text.matchAll(/replayed (\d+) of/g)].at(-1) ?? [];
      if (Number(done) >= records) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}
