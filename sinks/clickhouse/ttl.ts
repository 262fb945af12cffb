/**
 * A table's TTL, read and set. The subtle point: a new TTL is told to the parts that are there without writing their rows
 * anew (`materialize_ttl_recalculate_only`): ClickHouse reads the time column and notes each part's last day. A part goes as
 * a whole (`ttl_only_drop_parts`), which costs nothing.
 */
import { ParapetError } from '../../core/errors.ts';
import { attempt, type ClickHouse, codeOf, firstLine, onCluster } from './connect.ts';

/** ClickHouse's number of what a policy that does not fit is refused with. */
const BAD_ARGUMENTS = '36';
const SETTINGS = 'ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1';

/** Gives a table this TTL; none when it is empty. Throws PARAPET_STORE_UNAVAILABLE. */
export async function setTtl(store: ClickHouse, table: string, ttl: string): Promise<void> {
  if ((await readTtl(store, table)) === ttl) return;
  const alter = `ALTER TABLE ${store.database}.${table}${onCluster(store.layout)}`;
  await attempt(`set the TTL of ${table}`, async () => {
    const { storagePolicy } = store.layout;
    await store.client.command({ query: `${alter} MODIFY SETTING ${SETTINGS}` });
    if (storagePolicy !== undefined) await movesBy(store, table, storagePolicy);
    await store.client.command({ query: ttl === '' ? `${alter} REMOVE TTL` : `${alter} MODIFY TTL ${ttl}` });
  });
}

async function movesBy(store: ClickHouse, table: string, policy: string): Promise<void> {
  try {
    const name = `${store.database}.${table}${onCluster(store.layout)}`;
    await store.client.command({ query: `ALTER TABLE ${name} MODIFY SETTING storage_policy = '${policy}'` });
  } catch (error) {
    if (codeOf(error) !== BAD_ARGUMENTS) throw error;
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `ClickHouse could not give ${table} the storage policy ${policy}: ${firstLine(error)}`,
      hint: 'A table takes a policy that has all volumes of its old one: name the first volume of CLICKHOUSE_STORAGE_POLICY as the table’s present policy does (`default` where none was set).',
      cause: error,
    });
  }
}

/** The table's TTL in ClickHouse's own spelling; empty without one. Throws PARAPET_STORE_UNAVAILABLE. */
export async function readTtl(store: ClickHouse, table: string): Promise<string> {
  const [row] = await attempt(`read the TTL of ${table}`, async () => {
    const query = `SELECT engine_full AS engine FROM system.tables WHERE database = '${store.database}' AND name = '${table}'`;
    return (await store.client.query({ query, format: 'JSONEachRow' })).json<{ engine: string }>();
  });
  return / TTL (.+?)(?: SETTINGS |$)/.exec(row?.engine ?? '')?.[1] ?? '';
}
