/** A ClickHouse view is rebuilt as a table beside it; the two exchange their names in one step. */
import type { TopicId } from '../../log/topics.ts';
import {
  type ClickHouse,
  type ClickHouseView,
  createClickHouseSink,
  dropTable,
  rebuildTable,
  swapIn,
} from '../../sinks/clickhouse/index.ts';
import type { Sink } from '../../sinks/port.ts';
import type { Rebuild } from './port.ts';

const VIEWS: Record<ClickHouseView, { topic: TopicId; time: string }> = {
  interactions: { topic: 'assessed', time: 'started_at' },
  threats: { topic: 'threats', time: 'occurred_at' },
  audit: { topic: 'audit', time: 'occurred_at' },
  verdicts: { topic: 'verdicts', time: 'occurred_at' },
  incidents: { topic: 'incidents', time: 'first_seen_at' },
};

export function rebuildClickHouse(store: ClickHouse, view: ClickHouseView, label: string): Rebuild {
  const table = rebuildTable(view, label);
  const { topic, time } = VIEWS[view];
  const ask = async <Row>(query: string) => (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>();
  const at = (name: string) => `${store.database}.${name}`;
  const instant = (ms: number) => `fromUnixTimestamp64Milli(${Math.round(ms)})`;
  const rowsSince = (since: number) => (since === 0 ? '1' : `${time} >= ${instant(since)}`);
  return {
    parts: [{ group: `clickhouse.${view}`, topic, sink: createClickHouseSink({ store, view, table }) as Sink }],
    async rows(since) {
      return Number((await ask<{ n: string }>(`SELECT toString(count()) AS n FROM ${at(table)} WHERE ${rowsSince(since)}`))[0]?.n);
    },
    /** By the TTL of the view in use, which has lost what is older; the table beside it gets that TTL when it is swapped in. */
    async keptSince() {
      const [row] = await ask<{ ms: string | null }>(
        `SELECT toString(toUnixTimestamp64Milli(toDateTime64(toStartOfHour(now()), 3) + toIntervalHour(1) - toIntervalDay(days))) AS ms
          FROM (SELECT toUInt32OrNull(extract(create_table_query, 'TTL .*toIntervalDay\\\\((\\\\d+)\\\\)')) AS days
            FROM system.tables WHERE database = '${store.database}' AND name = '${view}') WHERE days IS NOT NULL`,
      );
      return row?.ms == null ? undefined : Number(row.ms);
    },
    async forgotten(since, before) {
      const where = `${rowsSince(since)} AND ${time} < ${instant(before)}`;
      return Number((await ask<{ n: string }>(`SELECT toString(count()) AS n FROM ${at(view)} WHERE ${where}`))[0]?.n);
    },
    async keepOutside({ from, to }) {
      await store.client.command({
        query: `INSERT INTO ${at(table)} SELECT * FROM ${at(view)} WHERE ${time} < ${instant(from)} OR ${time} >= ${instant(to)}`,
      });
    },
    /** Rows as multisets of their hashes, so that a row that is there twice is a difference too. */
    async compare(since) {
      const hashes = (of: string, sign: number) =>
        `SELECT cityHash64(tuple(*)) AS h, ${sign} AS sign FROM ${at(of)} WHERE ${rowsSince(since)}`;
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
