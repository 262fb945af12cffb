/** Asks ClickHouse for a collector: organisation and window are always among the parameters, and tables are those of the store's database. */
import { attempt, type ClickHouse } from '../../sinks/clickhouse/index.ts';
import type { Cell, Window } from '../types.ts';
import type { CollectContext } from './context.ts';

/** The engine names tables by database only; collectors do not know which one it is. */
const TABLES = /\b(FROM|JOIN) (interactions_hourly|interactions|threats_judged|threats|audit|verdicts|incidents_newest|incidents)\b/g;

/** Throws PARAPET_STORE_UNAVAILABLE. */
export function queryOver(
  store: Pick<ClickHouse, 'client' | 'database'>,
  { org, window }: { org: string; window: Window },
): CollectContext['query'] {
  return (sql, parameters = {}) =>
    attempt('answer for evidence', async () => {
      const answer = await store.client.query({
        query: sql.replaceAll(TABLES, `$1 ${store.database}.$2`),
        query_params: { org, from: moment(window.from), to: moment(window.to), ...parameters },
        format: 'JSONEachRow',
      });
      return answer.json<Record<string, Cell>>();
    });
}

/** As ClickHouse reads a time. */
const moment = (iso: string) => iso.replace('T', ' ').replace('Z', '');
