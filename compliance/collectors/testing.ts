/**
 * A Parapet of an organisation's own, for the tests of collectors: a log, keys and ClickHouse's engine in a temporary folder,
 * filled through the real sinks, and a context that asks them as a run does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { ofThisMachine } from '../../cli/evidence.ts';
import { openCodec, openKeys, openLog } from '../../cli/stores.ts';
import { type Environment, readEnvironment } from '../../core/environment.ts';
import type { KeyStore } from '../../keys/port.ts';
import type { EventLog, LogRecord } from '../../log/port.ts';
import { TOPICS, type TopicRecords } from '../../log/topics.ts';
import type { Codec } from '../../schemas/codec.ts';
import { createClickHouseFront } from '../../sinks/clickhouse/front/index.ts';
import { type ClickHouse, type ClickHouseView, createClickHouseSink, openClickHouse } from '../../sinks/clickhouse/index.ts';
import type { Fixtures } from '../../sinks/fixtures.ts';
import type { Refused, SinkBatch, SinkRecord } from '../../sinks/port.ts';
import { readComplianceSettings } from '../settings.ts';
import { NOW, WINDOW } from '../testing.ts';
import type { CollectContext } from './context.ts';
import { queryOver } from './query.ts';

const VIEWS = { assessed: 'interactions', threats: 'threats', audit: 'audit', verdicts: 'verdicts', incidents: 'incidents' } as const;
type Written = keyof typeof VIEWS;

export interface Server {
  url: string;
  user?: string | undefined;
  password?: string | undefined;
  database: string;
}

export interface Ground {
  env: Environment;
  log: EventLog;
  codec: Codec;
  keys: KeyStore;
  store: ClickHouse;
  /** Appends to the log and writes to the view what stands there then. */
  write<Id extends Written>(topic: Id, values: readonly TopicRecords[Id][]): Promise<void>;
  append(records: readonly LogRecord[]): Promise<void>;
  context(over?: Partial<CollectContext>): CollectContext;
  close(): Promise<void>;
}

/** `server` is the address of a ClickHouse server; its engine in this process without. */
export async function openGround(server?: Server): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-collect-'));
  const env = readEnvironment({ PARAPET_DATA: folder, PARAPET_ORG: 'house', PARAPET_PARTITIONS: '1', PARAPET_CLICKHOUSE_PORT: '0' });
  const [log, codec, keys] = [await openLog(env), await openCodec(env), openKeys(env)];
  const store = await openClickHouse(server ?? { path: join(folder, 'analytics') });
  for (const view of Object.values(VIEWS)) await createClickHouseSink({ store, view: view as ClickHouseView }).open();
  const reader = await openReader(server, join(folder, 'analytics'));

  async function write<Id extends Written>(topic: Id, values: readonly TopicRecords[Id][]): Promise<void> {
    const records = values.map((value): SinkRecord<TopicRecords[Id]> => {
      const { org } = value as { org?: string };
      return { offset: 0, timestamp: 0, key: `${org ?? 'acme'}/a`, headers: {}, value, raw: codec.encode(topic, value) };
    });
    const name = TOPICS[topic].name;
    const [before] = await log.ranges(name);
    const first = before?.end ?? 0;
    await log.append(records.map(({ key, timestamp, headers, raw }) => ({ topic: name, key, timestamp, headers, value: raw })));
    records.forEach((record, n) => {
      record.offset = first + n;
    });
    const sink = createClickHouseSink({ store, view: VIEWS[topic] as ClickHouseView }) as unknown as {
      write(batch: SinkBatch<TopicRecords[Id]>): Promise<Refused[]>;
    };
    const refused = await sink.write({
      topic: name,
      partition: 0,
      firstOffset: first,
      lastOffset: first + records.length - 1,
      records,
      recovered: false,
    });
    if (refused.length > 0) throw new Error(JSON.stringify(refused));
  }

  return {
    env,
    log,
    codec,
    keys,
    store,
    write,
    append: async (records) => {
      await log.append([...records]);
    },
    context(over = {}) {
      const context: CollectContext = {
        org: 'acme',
        window: WINDOW,
        now: NOW,
        env,
        settings: readComplianceSettings(undefined),
        seed: 'ab'.repeat(32),
        query: (sql, parameters) => queryOver({ client: reader.client, database: store.database }, context)(sql, parameters),
        log,
        codec,
        keys,
        books: async () => undefined,
        attestations: async () => [],
        ...ofThisMachine(env, log, codec),
        ...over,
      };
      return context;
    },
    async close() {
      await reader.close();
      if (server !== undefined) await store.client.command({ query: `DROP DATABASE ${server.database} SYNC` });
      await store.close();
      await keys.close();
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As analysts read: on a server in its database, on the engine in this process through its HTTP front. */
async function openReader(server: Server | undefined, path: string) {
  if (server !== undefined) {
    const { url, user, password, database } = server;
    const client = createClient({
      url,
      database,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
    });
    return { client, close: () => client.close() };
  }
  const login = { user: 'reader', password: 'for this test' };
  const front = await createClickHouseFront({ path, host: '127.0.0.1', port: 0, ...login });
  const client = createClient({ url: front.url, username: login.user, password: login.password });
  return {
    client,
    close: async () => {
      await client.close();
      await front.close();
    },
  };
}

/** Interaction `n` of `fixtures` as one of the organisation, answered by a vendor in `block` mode, unless `over` says otherwise. */
export function assessedOf(fixtures: Fixtures, n: number, over: Partial<TopicRecords['interactions']> = {}): TopicRecords['assessed'] {
  const assessed = fixtures.assessed(n);
  const interaction = {
    ...assessed.interaction,
    org: 'acme',
    agentId: 'bot',
    status: 'answered' as const,
    vendor: 'openai',
    region: 'eu-west-1',
    modelUsed: 'gpt-5',
    ...over,
  };
  return { ...assessed, interaction, enrichment: { ...assessed.enrichment, costUsd: 0.25, maskedCounts: {} } };
}
