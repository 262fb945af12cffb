/**
 * Every view that Parapet keeps: the store that it is in, whether that store is configured, and how its sinks are made.
 * ClickHouse and the lake are always there, in this machine's folders when nothing else is set; the others when their
 * settings name them. Each store is a process of its own under `parapet up`, so that a slow one holds nobody else up.
 */
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Metrics } from '../core/metrics.ts';
import { classOf } from '../core/retention.ts';
import type { TopicId } from '../log/topics.ts';
import type { ClickHouse, ClickHouseView } from '../sinks/clickhouse/index.ts';
import type { ElasticsearchView } from '../sinks/elasticsearch/index.ts';
import type { Sink } from '../sinks/port.ts';
import type { PostgresView } from '../sinks/postgres/index.ts';
import type { LakeTopic } from '../sinks/s3/index.ts';
import type { SiemTopic } from '../sinks/siem/index.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics, openLake } from './stores.ts';

/** A store that a process has opened for its sinks. */
interface OpenStore {
  sink(view: string): Sink;
  close(): Promise<void>;
}

interface Store {
  views: readonly string[];
  /** Settings without which the store is not used; none when it always is. */
  needs: readonly (keyof Environment)[];
  open(env: Environment, shared: SharedStores): Promise<OpenStore>;
}

/** What other parts of the process hold too. */
export interface SharedStores {
  clickhouse: ClickHouse | undefined;
  metrics: Metrics;
  logger: Logger;
  /** A destination that wants nothing more: its sink is to end, and someone must know. */
  onGone(sink: string, error: ParapetError): void;
}

const STORES = {
  clickhouse: {
    views: ['interactions', 'threats', 'audit', 'verdicts', 'incidents'],
    needs: [],
    async open(env, shared) {
      const { createClickHouseSink } = await import('../sinks/clickhouse/index.ts');
      const store = shared.clickhouse ?? (await openAnalytics(env));
      const limits = { lingerMs: env.PARAPET_CLICKHOUSE_LINGER_MS };
      return {
        sink: (view) => {
          const retention = env.PARAPET_RETENTION[classOf(view as ClickHouseView)];
          return createClickHouseSink({ store, view: view as ClickHouseView, retention, limits }) as Sink;
        },
        close: async () => (store === shared.clickhouse ? undefined : store.close()),
      };
    },
  },
  s3: {
    views: ['interactions', 'assessed', 'threats', 'audit', 'verdicts', 'incidents'],
    needs: [],
    async open(env) {
      const { createLakeSink } = await import('../sinks/s3/index.ts');
      const store = openLake(env);
      const limits = { lingerMs: env.PARAPET_LAKE_LINGER_MS };
      return {
        sink: (view) => createLakeSink({ store, topic: view as LakeTopic, limits }) as Sink,
        close: async () => {},
      };
    },
  },
  elasticsearch: {
    views: ['threats', 'audit', 'verdicts', 'incidents'],
    needs: ['ELASTICSEARCH_URL'],
    async open(env) {
      const { agesOf, createElasticsearchSink } = await import('../sinks/elasticsearch/index.ts');
      const store = await connectSearch(env);
      return {
        sink: (view) => {
          const ages = agesOf(env.PARAPET_RETENTION[classOf(view as ElasticsearchView)]);
          return createElasticsearchSink({ store, view: view as ElasticsearchView, ages }) as Sink;
        },
        close: () => store.close(),
      };
    },
  },
  influxdb: {
    views: ['interactions'],
    needs: ['INFLUX_URL'],
    async open(env, { metrics, logger }) {
      const { createInfluxSink } = await import('../sinks/influxdb/index.ts');
      const store = await connectTelemetry(env);
      const guarded = metrics.counter('parapet_influx_guarded_total', 'Records whose tag value is over its limit.', ['tag']);
      const expired = metrics.counter('parapet_influx_expired_total', 'Points older than what the bucket keeps.', ['bucket']);
      const tagLimits = { user_id: env.INFLUX_MAX_USERS, agent_id: env.INFLUX_MAX_AGENTS, model: env.INFLUX_MAX_MODELS };
      return {
        sink: () =>
          createInfluxSink({
            store,
            tagLimits,
            onNotice(notice) {
              if (notice.kind === 'guarded') guarded.inc({ tag: notice.tag }, notice.records);
              else expired.inc({ bucket: notice.bucket }, notice.points);
              logger.warn({ sink: 'influxdb.interactions', ...notice }, 'InfluxDB does not keep all of it');
            },
          }) as Sink,
        close: async () => {},
      };
    },
  },
  postgres: {
    views: ['interactions', 'threats', 'verdicts'],
    needs: ['DATABASE_URL'],
    async open(env) {
      const { createPostgresSink } = await import('../sinks/postgres/index.ts');
      const store = await connectMetadata(env);
      return { sink: (view) => createPostgresSink({ store, view: view as PostgresView }) as Sink, close: () => store.close() };
    },
  },
  'siem.syslog': {
    views: ['threats', 'audit', 'verdicts'],
    needs: ['SIEM_SYSLOG_URL'],
    async open(env) {
      const { createSyslogSink } = await import('../sinks/siem/index.ts');
      const { protocol, hostname, port } = new URL(env.SIEM_SYSLOG_URL as string);
      const options = defined({
        host: hostname,
        port: Number(port),
        protocol: protocol === 'tls:' ? ('tls' as const) : ('tcp' as const),
        format: env.SIEM_SYSLOG_FORMAT,
        serverName: env.SIEM_SYSLOG_SERVER_NAME,
        caFile: env.SIEM_SYSLOG_CA_FILE,
        certFile: env.SIEM_SYSLOG_CERT_FILE,
        keyFile: env.SIEM_SYSLOG_KEY_FILE,
        keyPassphrase: env.SIEM_SYSLOG_KEY_PASSPHRASE,
        facility: env.SIEM_SYSLOG_FACILITY,
        hostname: env.SIEM_SYSLOG_HOSTNAME,
        maxMessageBytes: env.SIEM_SYSLOG_MAX_MESSAGE_BYTES,
        resendWindowMs: env.SIEM_SYSLOG_RESEND_WINDOW_MS,
        minSeverity: env.SIEM_MIN_SEVERITY,
      });
      return { sink: (view) => createSyslogSink({ topic: view as SiemTopic, ...options }) as Sink, close: async () => {} };
    },
  },
  'siem.webhook': {
    views: ['threats', 'audit', 'verdicts'],
    needs: ['SIEM_WEBHOOK_URL'],
    async open(env, { onGone }) {
      const { createWebhookSink } = await import('../sinks/siem/index.ts');
      const options = defined({
        url: env.SIEM_WEBHOOK_URL as string,
        secrets: env.SIEM_WEBHOOK_SECRETS as string[],
        format: env.SIEM_WEBHOOK_FORMAT,
        concurrency: env.SIEM_WEBHOOK_CONCURRENCY,
        allowPrivateNetworks: env.SIEM_WEBHOOK_ALLOW_PRIVATE_NETWORKS,
        allowHttp: env.SIEM_WEBHOOK_ALLOW_HTTP,
        caFile: env.SIEM_WEBHOOK_CA_FILE,
        minSeverity: env.SIEM_MIN_SEVERITY,
      });
      const sink = (view: string) =>
        createWebhookSink({
          topic: view as SiemTopic,
          ...options,
          onGone: (error) => onGone(`siem.webhook.${view}`, error),
        }) as Sink;
      return { sink, close: async () => {} };
    },
  },
  'siem.hec': {
    views: ['threats', 'audit', 'verdicts'],
    needs: ['SIEM_HEC_URL'],
    async open(env) {
      const { createHecSink } = await import('../sinks/siem/index.ts');
      const options = defined({
        url: env.SIEM_HEC_URL as string,
        token: env.SIEM_HEC_TOKEN as string,
        format: env.SIEM_HEC_FORMAT,
        index: env.SIEM_HEC_INDEX,
        sourcetype: env.SIEM_HEC_SOURCETYPE,
        acknowledge: env.SIEM_HEC_ACKNOWLEDGE,
        caFile: env.SIEM_HEC_CA_FILE,
        minSeverity: env.SIEM_MIN_SEVERITY,
      });
      return { sink: (view) => createHecSink({ topic: view as SiemTopic, ...options }) as Sink, close: async () => {} };
    },
  },
} as const satisfies Record<string, Store>;

/** Options that are not set are not there: an `undefined` would stand in the way of a default. */
function defined<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

export const PROCESSOR_NAMES = ['enrich', 'detect', 'behave', 'respond'] as const;
export type ProcessorName = (typeof PROCESSOR_NAMES)[number];

/** The views that `parapet replay` can rebuild; `rebuilds/` says how. */
export const REPLAYABLE: readonly string[] = [
  'clickhouse.interactions',
  'clickhouse.threats',
  'clickhouse.audit',
  'clickhouse.verdicts',
  'clickhouse.incidents',
  'elasticsearch.threats',
  'elasticsearch.audit',
  'elasticsearch.verdicts',
  'elasticsearch.incidents',
  'influxdb.interactions',
  'postgres',
];

/** A view by its own name or by that of a sink: those of PostgreSQL share a schema, so all are rebuilt with any. */
export function viewNamed(name: string): string {
  return name.startsWith('postgres.') ? 'postgres' : name;
}

export function sinksFilling(view: string): SinkName[] {
  return view === 'postgres' ? sinksOf('postgres') : SINK_NAMES.filter((name) => name === view);
}

export type StoreName = keyof typeof STORES;
export const STORE_NAMES = Object.keys(STORES) as StoreName[];
export type SinkName = { [Name in StoreName]: `${Name}.${(typeof STORES)[Name]['views'][number]}` }[StoreName];

/** `<store>.<view>` of every view, configured or not. */
export const SINK_NAMES = STORE_NAMES.flatMap((name) => sinksOf(name));

export function sinksOf(store: StoreName): SinkName[] {
  return STORES[store].views.map((view) => `${store}.${view}` as SinkName);
}

/** The stores that these settings name. */
export function configuredStores(env: Environment): StoreName[] {
  return STORE_NAMES.filter((name) => missing(name, env).length === 0);
}

export function configuredSinks(env: Environment): SinkName[] {
  return configuredStores(env).flatMap(sinksOf);
}

/** Opens the stores of these sinks. Throws PARAPET_CONFIG_INVALID when the settings of one are missing. */
export async function openSinks(
  names: readonly SinkName[],
  env: Environment,
  shared: SharedStores,
): Promise<{ create(name: SinkName): Sink; close(): Promise<void> }> {
  const opened = new Map<StoreName, OpenStore>();
  const close = async () => {
    await Promise.all([...opened.values()].map((store) => store.close()));
  };
  try {
    for (const name of new Set(names.map(storeOf))) {
      const lacking = missing(name, env);
      if (lacking.length > 0) {
        throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `The sinks of ${name} need ${lacking.join(', ')}.` });
      }
      opened.set(name, await STORES[name].open(env, shared));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { create: (name) => (opened.get(storeOf(name)) as OpenStore).sink(name.slice(name.lastIndexOf('.') + 1)), close };
}

/** A view is named after its topic; interactions are made of the assessed ones everywhere but in the lake, which keeps both. */
export function topicOf(sink: SinkName): TopicId {
  const view = sink.slice(sink.lastIndexOf('.') + 1) as Exclude<TopicId, 'enriched' | 'controls'>;
  const store = sink.slice(0, sink.lastIndexOf('.')) as StoreName;
  return view === 'interactions' && store !== 's3' ? 'assessed' : view;
}

export function storeOf(sink: SinkName): StoreName {
  return sink.slice(0, sink.lastIndexOf('.')) as StoreName;
}

function missing(store: StoreName, env: Environment): (keyof Environment)[] {
  return (STORES[store].needs as readonly (keyof Environment)[]).filter((setting) => env[setting] === undefined);
}
