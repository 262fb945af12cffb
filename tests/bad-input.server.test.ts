/**
 * Records that are no good, and views that somebody drops, with every store's real server. A bad record is a dead letter of
 * each sink and the others of its batch are in every view; a view that was dropped is reported, nothing is lost, and a restart
 * and a replay bring it back. docs/failures.md has the table.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingServers, type Servers, serversOf } from '../bench/servers.ts';
import { listLetters } from '../cli/dead.ts';
import { replayAndSay } from '../cli/replays.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics, openCodec, openLog } from '../cli/stores.ts';
import { openSinks, type SinkName } from '../cli/views.ts';
import { type Environment, readEnvironment, withoutSettings } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import type { EventLog, LogRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { AssessedInteraction } from '../schemas/types.ts';
import { openClickHouse } from '../sinks/clickhouse/index.ts';
import { openElasticsearch, tallyElasticsearch } from '../sinks/elasticsearch/index.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { openInflux, tallyInflux } from '../sinks/influxdb/index.ts';
import { deleteBucket, findBucket } from '../sinks/influxdb/organisation.ts';
import { hoursAgo } from '../sinks/influxdb/testing.ts';
import { openPostgres, tallyPostgres } from '../sinks/postgres/index.ts';
import { runSink } from '../sinks/runner.ts';
import { createS3Store, readLake } from '../sinks/s3/index.ts';

const lacking = missingServers();
if (lacking.length > 0) console.warn(`SKIPPED: bad input was not tried on real servers, because of ${lacking.join(', ')}.`);

const GOOD = 40;
const BAD = 4;
const VIEWS = [
  'clickhouse.interactions',
  'elasticsearch.threats',
  'influxdb.interactions',
  'postgres.interactions',
  's3.assessed',
] as const;
type View = (typeof VIEWS)[number];

describe.skipIf(lacking.length > 0)('bad input on real servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-bad-'));
  const fixtures = createFixtures({ startMs: hoursAgo(6), stepMs: 1_000 });
  let servers: Servers;
  let settings: Record<string, string>;
  let env: Environment;
  let log: EventLog;
  let codec: Codec;

  beforeAll(async () => {
    servers = await serversOf();
    const { KAFKA_BROKERS: _, KAFKA_PREFIX: __, KAFKA_REPLICATION_FACTOR: ___, ...stores } = servers.settings;
    settings = {
      ...stores,
      PARAPET_DATA: folder,
      PARAPET_PARTITIONS: '1',
      PARAPET_METRICS_PORT: '0',
      PARAPET_LAKE_LINGER_MS: '100',
      PARAPET_RETENTION: 'interactions=forever/forever,threats=forever/forever',
    };
    env = readEnvironment({ ...withoutSettings(process.env), ...settings });
    log = await openLog(env);
    codec = await openCodec(env);
  });
  afterAll(async () => {
    await log?.close();
    await servers?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const topicOf = (view: View) => (view === 'elasticsearch.threats' ? ('threats' as const) : ('assessed' as const));

  function record(topic: 'assessed' | 'threats', n: number, value: Buffer): LogRecord {
    return { topic: TOPICS[topic].name, key: 'org-1/agent-1', timestamp: hoursAgo(6) + n * 1_000, headers: {}, value };
  }

  function good(topic: 'assessed' | 'threats', n: number): LogRecord {
    return record(
      topic,
      n,
      topic === 'threats' ? codec.encode('threats', fixtures.threat(n)) : codec.encode('assessed', fixtures.assessed(n)),
    );
  }

  /** The bytes of a good record, and what makes them bad. */
  function bad(topic: 'assessed' | 'threats', n: number): LogRecord[] {
    const { value } = good(topic, n);
    const unknown = Buffer.from(value);
    unknown.writeUInt32BE(999_999_999, 1);
    const magic = Buffer.from(value);
    magic[0] = 7;
    return [unknown, value.subarray(0, value.length >> 1), Buffer.alloc(0), magic].map((bytes) => record(topic, n, bytes));
  }

  /** Runs the sink while `act` works. */
  async function running<T>(view: SinkName, act: (failures: () => number) => Promise<T>): Promise<T> {
    const [logger, metrics] = [createLogger('test', 'silent'), createMetrics({ defaults: false })];
    const stores = await openSinks([view], env, { clickhouse: undefined, metrics, logger, onGone: () => {} });
    const subscription = await runSink({ log, codec, logger, metrics }, stores.create(view));
    try {
      const failures = async () => metrics.registry.getSingleMetricAsString('parapet_sink_write_failures_total');
      let seen = 0;
      const poll = setInterval(async () => {
        seen = Number(/\} (\d+)/.exec(await failures())?.[1] ?? 0);
      }, 50);
      try {
        return await act(() => seen);
      } finally {
        clearInterval(poll);
      }
    } finally {
      await subscription.close();
      await stores.close();
    }
  }

  async function until(what: string, fact: () => Promise<boolean> | boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !(await fact()); await sleep(50)) if (Date.now() > end) throw new Error(`never: ${what}`);
  }

  async function caughtUp(view: View): Promise<boolean> {
    const topic = TOPICS[topicOf(view)].name;
    const commits = await log.commits(view);
    const ranges = await log.ranges(topic);
    return ranges.every(
      ({ partition, end }) => end === 0 || commits.some((c) => c.topic === topic && c.partition === partition && c.offset >= end),
    );
  }

  const drain = (view: View) => running(view, () => until(`${view} catches up`, () => caughtUp(view)));

  const rows: Record<View, () => Promise<number>> = {
    'clickhouse.interactions': async () => {
      const store = await openAnalytics(env);
      const answer = await store.client.query({
        query: `SELECT toUInt32(count()) AS n FROM ${store.database}.interactions`,
        format: 'JSONEachRow',
      });
      const [row] = await answer.json<{ n: number }>();
      await store.close();
      return row?.n ?? 0;
    },
    'elasticsearch.threats': async () => {
      const store = await connectSearch(env);
      const tallies = await tallyElasticsearch(store, 'threats');
      await store.close();
      return tallies.reduce((sum, tally) => sum + tally.rows, 0);
    },
    'influxdb.interactions': async () => (await tallyInflux(await connectTelemetry(env))).reduce((sum, tally) => sum + tally.rows, 0),
    'postgres.interactions': async () => {
      const store = await connectMetadata(env);
      const tallies = await tallyPostgres(store);
      await store.close();
      return tallies.reduce((sum, { interactions }) => sum + interactions, 0);
    },
    's3.assessed': async () => {
      let count = 0;
      for await (const _ of readLake(lake(), 'assessed')) count += 1;
      return count;
    },
  };
  const lake = () =>
    createS3Store({
      bucket: settings['S3_BUCKET'] ?? '',
      endpoint: settings['S3_ENDPOINT'] ?? '',
      accessKeyId: settings['S3_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: settings['S3_SECRET_ACCESS_KEY'] ?? '',
    });

  describe('bytes that are no record', () => {
    it('are dead letters of every sink, and the records around them are in every view', async () => {
      for (const topic of ['assessed', 'threats'] as const) {
        const records = Array.from({ length: GOOD }, (_, n) => good(topic, n));
        await log.append([...records.slice(0, 10), ...bad(topic, 5), ...records.slice(10)]);
      }
      for (const view of VIEWS) {
        await drain(view);
        expect(await rows[view](), view).toBe(GOOD);
        const letters = await listLetters(log, [view]);
        expect(letters.map(({ failure }) => failure.code).sort(), view).toEqual([
          'PARAPET_RECORD_INVALID',
          'PARAPET_RECORD_INVALID',
          'PARAPET_RECORD_INVALID',
          'PARAPET_SCHEMA_UNKNOWN',
        ]);
        expect(letters, view).toHaveLength(BAD);
      }
    });
  });

  describe('a record from the future', () => {
    it('is kept where the store can hold its time, else a dead letter; its neighbours are in every view', async () => {
      for (const topic of ['assessed', 'threats'] as const) {
        const soon = (Date.now() + 5 * 365 * 86_400_000) * 1_000;
        // About the last time that the event's format can say.
        const never = Date.UTC(2254, 0, 1) * 1_000;
        const at = (startedAt: number, n: number): LogRecord => {
          if (topic === 'threats') return record(topic, n, codec.encode('threats', { ...fixtures.threat(n), occurredAt: startedAt }));
          const made: AssessedInteraction = fixtures.assessed(n);
          return record(topic, n, codec.encode('assessed', { ...made, interaction: { ...made.interaction, startedAt } }));
        };
        await log.append([good(topic, GOOD), at(soon, GOOD + 1), at(never, GOOD + 2), good(topic, GOOD + 3)]);
      }
      for (const view of VIEWS) {
        await drain(view);
        const letters = (await listLetters(log, [view])).length - BAD;
        expect([0, 1], view).toContain(letters);
        expect((await rows[view]()) + letters, view).toBe(GOOD + 4);
      }
    });
  });

  describe('a record that is too large', () => {
    it('is refused when it is appended, alone, with a code', async () => {
      const [before] = await log.ranges(TOPICS.audit.name);
      const huge: LogRecord = {
        topic: TOPICS.audit.name,
        key: 'k',
        timestamp: Date.now(),
        headers: {},
        value: Buffer.alloc(512 * 1024 * 1024),
      };
      await expect(log.append([huge])).rejects.toMatchObject({
        code: 'PARAPET_RECORD_TOO_LARGE',
        hint: expect.stringContaining('PARAPET_BODY_LIMIT_BYTES'),
      });
      expect(await log.ranges(TOPICS.audit.name)).toEqual(before === undefined ? [] : [before]);
    });
  });

  describe('credentials that are wrong', () => {
    const of = (name: string) => settings[name] ?? '';
    it.each<[string, RegExp, () => Promise<unknown>]>([
      [
        'ClickHouse',
        /CLICKHOUSE_USER/,
        () => openClickHouse({ url: of('CLICKHOUSE_URL'), user: of('CLICKHOUSE_USER'), password: 'wrong' }),
      ],
      [
        'InfluxDB',
        /INFLUX_TOKEN/,
        async () => findBucket(await openInflux({ url: of('INFLUX_URL'), token: 'wrong', org: of('INFLUX_ORG') }), 'x'),
      ],
      ['PostgreSQL', /user|password/, () => openPostgres({ url: Object.assign(new URL(of('DATABASE_URL')), { username: 'nobody' }).href })],
      [
        'S3',
        /keys|S3_ACCESS_KEY_ID/,
        () =>
          createS3Store({ bucket: of('S3_BUCKET'), endpoint: of('S3_ENDPOINT'), accessKeyId: 'nobody', secretAccessKey: 'wrong' }).list(''),
      ],
    ])('of %s are named with the setting to check', async (_, hint, open) => {
      await expect(open()).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
    });
  });

  describe('a view that is dropped under its sink', () => {
    const drops: Record<Exclude<View, 's3.assessed'>, () => Promise<unknown>> = {
      'clickhouse.interactions': async () => {
        const store = await openAnalytics(env);
        await store.client.command({ query: `DROP TABLE ${store.database}.interactions SYNC` });
        await store.close();
      },
      'elasticsearch.threats': async () => {
        const store = await openElasticsearch({ url: settings['ELASTICSEARCH_URL'] ?? '', prefix: settings['ELASTICSEARCH_PREFIX'] ?? '' });
        const indices = Object.keys(await store.client.indices.get({ index: `${store.prefix}threats-*` }));
        await store.client.indices.delete({ index: indices });
        await store.close();
      },
      'influxdb.interactions': async () => {
        const store = await connectTelemetry(env);
        const bucket = await findBucket(store, store.bucket);
        if (bucket) await deleteBucket(store, bucket);
      },
      'postgres.interactions': async () => {
        const store = await connectMetadata(env);
        await store.transaction((session) => session.script(`DROP SCHEMA "${store.schema}" CASCADE`));
        await store.close();
      },
    };

    it.each(Object.entries(drops))('%s: nothing is lost, and a restart and a replay bring it back', async (name, drop) => {
      const view = name as View;
      const topic = topicOf(view);
      await drain(view);
      const wanted = await rows[view]();
      const next = (await log.ranges(TOPICS[topic].name))[0]?.end ?? 0;
      await running(view, async (failures) => {
        await drop();
        await log.append([good(topic, 1_000 + next)]);
        // It makes the view anew and goes on, or says that it cannot and keeps trying.
        await until(`${view} goes on or fails`, async () => failures() > 0 || caughtUp(view));
      });
      await drain(view);
      const other = view === 'postgres.interactions' ? 'postgres' : view;
      if (other === 'postgres') await running('postgres.threats', () => sleep(0));
      const mask = { current: () => undefined, spares: () => true };
      const result = await replayAndSay(
        { env, log, codec, shared: {}, mask, actor: 'test', pause: async () => {}, onProgress: () => {} },
        { view: other, source: 'log' },
      );
      expect(result.missing).toBeGreaterThan(0);
      expect(await rows[view]()).toBe(wanted + 1);
    });

    it('s3.assessed: the sink waits until the bucket is there again, and nothing is skipped', async () => {
      const client = new S3Client({
        endpoint: settings['S3_ENDPOINT'] ?? '',
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: settings['S3_ACCESS_KEY_ID'] ?? '', secretAccessKey: settings['S3_SECRET_ACCESS_KEY'] ?? '' },
      });
      const Bucket = settings['S3_BUCKET'];
      await drain('s3.assessed');
      await running('s3.assessed', async (failures) => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
        await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }));
        await client.send(new DeleteBucketCommand({ Bucket }));
        await log.append([good('assessed', 5_000), good('assessed', 5_001)]);
        await until('the sink fails', () => failures() > 0);
        expect(await caughtUp('s3.assessed')).toBe(false);
        await client.send(new CreateBucketCommand({ Bucket }));
        await until('the sink goes on', () => caughtUp('s3.assessed'));
      });
      expect(await rows['s3.assessed']()).toBe(2);
      client.destroy();
    });
  });
});
