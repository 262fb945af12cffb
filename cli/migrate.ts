/**
 * `parapet migrate`: brings what the configured stores look like to this version's shape, and applies the retention table.
 * For deployments that want it done, and seen to be done, before a new version starts; every sink does its own part of it
 * when it opens. Running it again changes nothing.
 */
import type { Environment } from '../core/environment.ts';
import { toParapetError } from '../core/errors.ts';
import { classOf } from '../core/retention.ts';
import type { ElasticsearchView } from '../sinks/elasticsearch/index.ts';
import { applyRetention, type Failure, KEEPERS, type KeeperName, type RetentionParts } from './retention.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics, openLake, runningFront } from './stores.ts';
import { configuredStores } from './views.ts';

export interface StoreMigrated {
  store: KeeperName;
  /** What was done; empty where everything was as it should be. */
  did: string[];
  error?: Failure;
}

/** Store by store; one that fails holds no other up. */
export async function migrateAll(parts: RetentionParts): Promise<StoreMigrated[]> {
  const { env } = parts;
  const configured: readonly string[] = configuredStores(env);
  const all: StoreMigrated[] = [];
  for (const store of KEEPERS) {
    if (store !== 'log' && !configured.includes(store)) continue;
    try {
      const did = await MIGRATE[store](env);
      const [applied] = await applyRetention({ ...parts, stores: [store] });
      did.push(...(applied?.applied ?? []).map((each) => `${each.what}: ${each.did}`));
      all.push({ store, did, ...(applied?.error === undefined ? {} : { error: applied.error }) });
    } catch (error) {
      const { code, message, hint } = toParapetError(error);
      all.push({ store, did: [], error: { code, message, hint } });
    }
  }
  return all;
}

const MIGRATE: Record<KeeperName, (env: Environment) => Promise<string[]>> = {
  // Its topics are made when it is opened.
  log: async () => [],
  async clickhouse(env) {
    const { migrate } = await import('../sinks/clickhouse/index.ts');
    if ((await runningFront(env)) !== undefined) return ['the process that holds the embedded ClickHouse migrates it when it starts'];
    const store = await openAnalytics(env);
    try {
      const did: string[] = [];
      for (const view of ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const) {
        did.push(...(await migrate(store, view)).map((name) => `${view}: ${name}`));
      }
      return did;
    } finally {
      await store.close();
    }
  },
  async s3(env) {
    const store = openLake(env);
    await store.open();
    await store.close();
    return [];
  },
  async elasticsearch(env) {
    const { agesOf, hasLifecycles, migrate, VIEWS } = await import('../sinks/elasticsearch/index.ts');
    const store = await connectSearch(env);
    try {
      const lifecycles = await hasLifecycles(store);
      const did: string[] = [];
      for (const view of Object.keys(VIEWS) as ElasticsearchView[]) {
        did.push(...(await migrate(store, view, lifecycles, agesOf(env.PARAPET_RETENTION[classOf(view)]))));
      }
      return did;
    } finally {
      await store.close();
    }
  },
  async influxdb(env) {
    const { migrateInflux } = await import('../sinks/influxdb/index.ts');
    const store = await connectTelemetry(env);
    try {
      return (await migrateInflux(store)).map((bucket) => `made the bucket ${bucket}`);
    } finally {
      await store.close();
    }
  },
  async postgres(env) {
    const { migrate } = await import('../sinks/postgres/index.ts');
    const store = await connectMetadata(env);
    try {
      return await migrate(store);
    } finally {
      await store.close();
    }
  },
};
