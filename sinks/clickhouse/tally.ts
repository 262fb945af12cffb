/**
 * How many interactions the view holds, by hour and status: one side of `emitted = stored = reported`.
 * Counts the rows themselves, not the hourly sums, so that it also shows a row that is there twice.
 */
import type { Horizon } from '../port.ts';
import type { Tally } from '../tally.ts';
import { attempt, type ClickHouse, codeOf } from './connect.ts';

const UNKNOWN_TABLE = '60';

/** Ordered by hour and status; nothing where the table is not there, which is how much it holds. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyClickHouse(
  { client, database }: ClickHouse,
  table = 'interactions',
  horizons: readonly Horizon[] = [],
): Promise<Tally[]> {
  const count = async () => {
    const answer = await client.query({
      query: `SELECT toString(toUnixTimestamp(toStartOfHour(started_at))) AS hour, status, toString(count()) AS rows, toString(uniqExact(interaction_id)) AS distinct
        FROM ${database}.${named(table)} ${within(horizons)} GROUP BY hour, status ORDER BY toUInt64(hour), status`,
      format: 'JSONEachRow',
    });
    const rows = await answer.json<{ hour: string; status: string; rows: string; distinct: string }>();
    return rows.map((row) => ({
      hour: new Date(Number(row.hour) * 1000).toISOString(),
      status: row.status,
      rows: Number(row.rows),
      distinct: Number(row.distinct),
    }));
  };
  return attempt(`count ${table}`, () =>
    count().catch((error) => {
      if (codeOf(error) === UNKNOWN_TABLE) return [];
      throw error;
    }),
  );
}

/** The ids of the interactions admitted in [from, to), each as often as it is stored, in order of admission. */
export async function interactionIds(
  { client, database }: ClickHouse,
  range: { from: Date; to: Date },
  table = 'interactions',
): Promise<string[]> {
  return attempt(`list ${table}`, async () => {
    const answer = await client.query({
      query: `SELECT interaction_id FROM ${database}.${named(table)}
        WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') ORDER BY started_at, interaction_id`,
      query_params: { from: range.from.getTime(), to: range.to.getTime() },
      format: 'JSONCompactEachRow',
    });
    return (await answer.json<[string]>()).map(([id]) => id);
  });
}

function within(horizons: readonly Horizon[]): string {
  const beyond = horizons.map(({ gatewayId, through, open }) => {
    const late = [`gateway_sequence > ${through}`, ...(open.length > 0 ? [`gateway_sequence IN (${open.join(', ')})`] : [])];
    return `(gateway_id = '${gatewayId.replace(/[^\w.-]/g, '')}' AND (${late.join(' OR ')}))`;
  });
  return beyond.length === 0 ? '' : `WHERE NOT (${beyond.join(' OR ')})`;
}

function named(table: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(table)) throw new Error(`"${table}" is not a table name.`);
  return table;
}
