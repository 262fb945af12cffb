/**
 * What it takes to build a view anew beside the one in use: a sink that writes beside, and, when all is written, the
 * comparison and the exchange. One entry for each store whose views can be rebuilt.
 */
import { ParapetError } from '../core/errors.ts';
import type { TopicId } from '../log/topics.ts';
import { type ClickHouse, type ClickHouseView, createClickHouseSink, dropTable, rebuildTable, swapIn } from '../sinks/clickhouse/index.ts';
import {
  createElasticsearchSink,
  dropRebuilt,
  type Elasticsearch,
  type ElasticsearchView,
  eventIds,
  rebuildBase,
  swapIn as swapIndices,
  tallyElasticsearch,
} from '../sinks/elasticsearch/index.ts';
import type { Sink } from '../sinks/port.ts';
import { REPLAYABLE } from './views.ts';

/** Event times in milliseconds since 1970, [from, to). */
export interface Window {
  from: number;
  to: number;
}

export interface Differences {
  /** Rows of the rebuilt view that the old one lacked or had otherwise. */
  missing: number;
  /** Rows of the old view that the rebuilt one does not have. */
  extra: number;
}

export interface Rebuild {
  topic: TopicId;
  /** Writes beside the view in use. */
  sink: Sink;
  /** Rows beside, as written by the sink. */
  rows(): Promise<number>;
  /** Takes over what the view in use holds outside of the window; undefined for stores that rebuild whole views only. */
  keepOutside?(window: Window): Promise<void>;
  compare(): Promise<Differences>;
  /** Puts the rebuilt view in the place of the one in use. */
  swap(): Promise<void>;
  drop(): Promise<void>;
}

/** What of the stores the process holds. */
export interface RebuildStores {
  clickhouse?: ClickHouse | undefined;
  search?: Elasticsearch | undefined;
}

const CLICKHOUSE_VIEWS: Record<ClickHouseView, { topic: TopicId; time: string }> = {
  interactions: { topic: 'assessed', time: 'started_at' },
  threats: { topic: 'threats', time: 'occurred_at' },
  audit: { topic: 'audit', time: 'occurred_at' },
};

/** `label`: letters and digits; the same label finds the same unfinished rebuild again. Throws PARAPET_VIEW_UNKNOWN. */
export function openRebuild(name: string, label: string, { clickhouse, search }: RebuildStores): Rebuild {
  const [store, view = ''] = name.split('.');
  if (store === 'clickhouse' && view in CLICKHOUSE_VIEWS && clickhouse) return inClickHouse(clickhouse, view as ClickHouseView, label);
  if (store === 'elasticsearch' && REPLAYABLE.includes(name) && search) return inElasticsearch(search, view as ElasticsearchView, label);
  throw new ParapetError('PARAPET_VIEW_UNKNOWN', {
    message: REPLAYABLE.includes(name)
      ? `The store of ${name} is not configured here.`
      : `There is no view ${name}; there are ${REPLAYABLE.join(', ')}.`,
  });
}

function inClickHouse(store: ClickHouse, view: ClickHouseView, label: string): Rebuild {
  const table = rebuildTable(view, label);
  const { topic, time } = CLICKHOUSE_VIEWS[view];
  const ask = async <Row>(query: string) => (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>();
  const at = (name: string) => `${store.database}.${name}`;
  return {
    topic,
    sink: createClickHouseSink({ store, view, table }) as Sink,
    async rows() {
      return Number((await ask<{ n: string }>(`SELECT toString(count()) AS n FROM ${at(table)}`))[0]?.n);
    },
    async keepOutside({ from, to }) {
      const [low, high] = [from, to].map((ms) => `fromUnixTimestamp64Milli(${Math.round(ms)})`);
      await store.client.command({
        query: `INSERT INTO ${at(table)} SELECT * FROM ${at(view)} WHERE ${time} < ${low} OR ${time} >= ${high}`,
      });
    },
    /** Rows as multisets of their hashes, so that a row that is there twice is a difference too. */
    async compare() {
      const hashes = (of: string, sign: number) => `SELECT cityHash64(toString(tuple(*))) AS h, ${sign} AS sign FROM ${at(of)}`;
      const [row] = await ask<{ missing: string; extra: string }>(
        `SELECT toString(sumIf(balance, balance > 0)) AS missing, toString(-sumIf(balance, balance < 0)) AS extra
          FROM (SELECT h, sum(sign) AS balance FROM (${hashes(table, 1)} UNION ALL ${hashes(view, -1)}) GROUP BY h)`,
      );
      return { missing: Number(row?.missing), extra: Number(row?.extra) };
    },
    swap: () => swapIn(store, view, table),
    drop: () => dropTable(store, table),
  };
}

function inElasticsearch(store: Elasticsearch, view: ElasticsearchView, label: string): Rebuild {
  const rebuilt = rebuildBase(store, view, label);
  const always = { from: new Date(0), to: new Date(Date.UTC(2262, 0, 1)) };
  return {
    topic: view as TopicId,
    sink: createElasticsearchSink({ store, view, rebuilt }) as Sink,
    async rows() {
      return (await tallyElasticsearch(store, view, rebuilt)).reduce((sum, { rows }) => sum + rows, 0);
    },
    async compare() {
      const fresh = new Set(await eventIds(store, view, always, rebuilt));
      const old = new Set(await eventIds(store, view, always));
      const lacking = (ids: Set<string>, from: Set<string>) => [...ids].filter((id) => !from.has(id)).length;
      return { missing: lacking(fresh, old), extra: lacking(old, fresh) };
    },
    swap: () => swapIndices(store, view, rebuilt),
    drop: () => dropRebuilt(store, view, rebuilt),
  };
}
