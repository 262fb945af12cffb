/**
 * Every view that Parapet keeps: the store that it is in, whether that store is configured, and how its sinks are made.
 * ClickHouse and the lake are always there, in this machine's folders when nothing else is set; the others when their
 * settings name them. Each store is a process of its own under `parapet up`, so that a slow one holds nobody else up.
 */
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { type ClickHouse, type ClickHouseView, createClickHouseSink } from '../sinks/clickhouse/index.ts';
import { createElasticsearchSink, type ElasticsearchView } from '../sinks/elasticsearch/index.ts';
import type { Sink } from '../sinks/port.ts';
import { createLakeSink } from '../sinks/s3/index.ts';
import { connectSearch, openAnalytics, openLake } from './stores.ts';

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
}

const STORES = {
  clickhouse: {
    views: ['interactions', 'threats', 'audit'],
    needs: [],
    async open(env, shared) {
      const store = shared.clickhouse ?? (await openAnalytics(env));
      const limits = { lingerMs: env.PARAPET_CLICKHOUSE_LINGER_MS };
      return {
        sink: (view) => createClickHouseSink({ store, view: view as ClickHouseView, limits }) as Sink,
        close: async () => (store === shared.clickhouse ? undefined : store.close()),
      };
    },
  },
  s3: {
    views: ['interactions', 'threats', 'audit'],
    needs: [],
    async open(env) {
      const store = openLake(env);
      const limits = { lingerMs: env.PARAPET_LAKE_LINGER_MS };
      return {
        sink: (view) => createLakeSink({ store, topic: view as 'interactions' | 'threats' | 'audit', limits }) as Sink,
        close: async () => {},
      };
    },
  },
  elasticsearch: {
    views: ['threats', 'audit'],
    needs: ['ELASTICSEARCH_URL'],
    async open(env) {
      const store = connectSearch(env);
      return {
        sink: (view) => createElasticsearchSink({ store, view: view as ElasticsearchView }) as Sink,
        close: () => store.close(),
      };
    },
  },
} as const satisfies Record<string, Store>;

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
  return { create: (name) => (opened.get(storeOf(name)) as OpenStore).sink(name.slice(name.indexOf('.') + 1)), close };
}

export function storeOf(sink: SinkName): StoreName {
  return sink.slice(0, sink.indexOf('.')) as StoreName;
}

function missing(store: StoreName, env: Environment): (keyof Environment)[] {
  return (STORES[store].needs as readonly (keyof Environment)[]).filter((setting) => env[setting] === undefined);
}
