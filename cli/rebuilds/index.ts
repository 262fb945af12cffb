/** The views that can be built anew, by their stores. A store's code is loaded when one of its views is. */
import type { Environment } from '../../core/environment.ts';
import { ParapetError } from '../../core/errors.ts';
import type { ClickHouse, ClickHouseView } from '../../sinks/clickhouse/index.ts';
import type { ElasticsearchView } from '../../sinks/elasticsearch/index.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics } from '../stores.ts';
import { configuredStores, REPLAYABLE, type StoreName } from '../views.ts';
import type { Rebuild } from './port.ts';

export interface Rebuilder {
  /** `label`: up to 12 lower-case letters and digits; the same label finds the same unfinished rebuild again. */
  rebuild(label: string): Rebuild;
  close(): Promise<void>;
}

/** What other parts of the process hold. */
export interface SharedStores {
  clickhouse?: ClickHouse | undefined;
}

/** Opens the store of the view. Throws PARAPET_VIEW_UNKNOWN, also when the store is not configured. */
export async function openRebuilder(view: string, env: Environment, shared: SharedStores = {}): Promise<Rebuilder> {
  const [store, part = ''] = view.split('.');
  if (!REPLAYABLE.includes(view)) {
    throw new ParapetError('PARAPET_VIEW_UNKNOWN', { message: `There is no view ${view}; there are ${REPLAYABLE.join(', ')}.` });
  }
  if (!configuredStores(env).includes(store as StoreName)) {
    throw new ParapetError('PARAPET_VIEW_UNKNOWN', { message: `The store of ${view} is not configured here.` });
  }
  switch (store) {
    case 'elasticsearch': {
      const { rebuildElasticsearch } = await import('./elasticsearch.ts');
      const search = await connectSearch(env);
      return { rebuild: (label) => rebuildElasticsearch(search, part as ElasticsearchView, label), close: () => search.close() };
    }
    case 'influxdb': {
      const { rebuildInflux } = await import('./influxdb.ts');
      const telemetry = await connectTelemetry(env);
      const limits = { user_id: env.INFLUX_MAX_USERS, agent_id: env.INFLUX_MAX_AGENTS, model: env.INFLUX_MAX_MODELS };
      return { rebuild: (label) => rebuildInflux(telemetry, limits, label), close: () => telemetry.close() };
    }
    case 'postgres': {
      const { rebuildPostgres } = await import('./postgres.ts');
      const metadata = await connectMetadata(env);
      return { rebuild: (label) => rebuildPostgres(metadata, label), close: () => metadata.close() };
    }
    default: {
      const { rebuildClickHouse } = await import('./clickhouse.ts');
      const analytics = shared.clickhouse ?? (await openAnalytics(env));
      const close = async () => (analytics === shared.clickhouse ? undefined : analytics.close());
      return { rebuild: (label) => rebuildClickHouse(analytics, part as ClickHouseView, label), close };
    }
  }
}
