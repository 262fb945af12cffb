/**
 * How long rows stay: a TTL on each table's own time. Months are partitions and a part goes as a whole when its last row is
 * due, because anything finer would write a month of rows anew each day; so a row stays for up to a month longer than said.
 * `ttl.ts` says how a TTL that
 * changes reaches the parts that are there.
 */
import { classOf, DAY_MS, keptSince, type Retention, type RetentionTable } from '../../core/retention.ts';
import { type Applied, type Holding, startOfMonth, verdictOf } from '../retention.ts';
import { attempt, type ClickHouse, onCluster } from './connect.ts';
import { type ClickHouseView, VIEWS } from './schema.ts';
import { readTtl, setTtl } from './ttl.ts';

/** ClickHouse looks for parts that are due every few hours. */
const SLACK_MS = DAY_MS;

/** Gives the view's table the TTL of its class where it has another; says what it changed. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyTtl(store: ClickHouse, view: ClickHouseView, retention: Retention): Promise<Applied[]> {
  const wanted = ttlOf(store, view, retention);
  const present = await readTtl(store, view);
  if (present === wanted) return [];
  await setTtl(store, view, wanted);
  return [{ what: view, did: `TTL ${shown(wanted)} instead of ${shown(present)}`, removed: 0 }];
}

/** Drops months that are due as a whole and sets the TTL of every view. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyRetention(store: ClickHouse, table: RetentionTable, now = Date.now()): Promise<Applied[]> {
  const done: Applied[] = [];
  for (const view of await viewsThere(store)) {
    const since = viewKeptSince(store, table[classOf(view)], now);
    for (const { partition, rows } of await monthsOf(store, view)) {
      if (endOf(partition) > since) continue;
      // The TTL would come to it within hours; here it is done when it is said, and counted.
      await attempt(`drop ${partition} of ${view}`, () =>
        store.client.command({
          query: `ALTER TABLE ${store.database}.${view}${onCluster(store.layout)} DROP PARTITION ${Number(partition)}`,
        }),
      );
      done.push({ what: view, did: `dropped the month ${partition}`, removed: rows });
    }
    done.push(...(await applyTtl(store, view, table[classOf(view)])));
  }
  return done;
}

/** What each view's table says and holds. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: ClickHouse, table: RetentionTable, now = Date.now()): Promise<Holding[]> {
  const holdings: Holding[] = [];
  for (const view of await viewsThere(store)) {
    const { time } = VIEWS[view];
    const [row] = await ask<{ rows: string; oldest: string; newest: string }>(
      store,
      `look through ${view}`,
      `SELECT toString(count()) AS rows, toString(toUnixTimestamp64Milli(min(${time}))) AS oldest, toString(toUnixTimestamp64Milli(max(${time}))) AS newest FROM ${store.database}.${view}`,
    );
    const months = await monthsOf(store, view);
    const rows = Number(row?.rows ?? 0);
    const oldestMs = rows === 0 ? undefined : Number(row?.oldest);
    const wanted = shown(ttlOf(store, view, table[classOf(view)]));
    const configured = shown(await readTtl(store, view));
    const since = viewKeptSince(store, table[classOf(view)], now);
    const verdict = verdictOf({ wanted, configured, oldestMs, allowedMs: since === 0 ? 0 : since - SLACK_MS });
    holdings.push({
      what: view,
      class: classOf(view),
      wanted,
      configured,
      oldestMs,
      newestMs: rows === 0 ? undefined : Number(row?.newest),
      rows,
      bytes: months.reduce((sum, { bytes }) => sum + bytes, 0),
      verdict,
      says: verdict === 'ok' ? undefined : 'Run parapet retention apply, or start the process that holds ClickHouse anew.',
    });
  }
  return holdings;
}

/**
 * Since when (milliseconds since 1970) a view has every row: from the start of the month in which the oldest allowed one lies,
 * since months go as a whole.
 */
export function viewKeptSince({ layout }: Pick<ClickHouse, 'layout'>, retention: Retention, now = Date.now()): number {
  const since = keptSince(layout.coldVolume === undefined ? retention.hotDays : retention.coldDays, now);
  return since === 0 ? 0 : startOfMonth(since);
}

/** As ClickHouse spells it when asked. */
function ttlOf({ layout }: ClickHouse, view: ClickHouseView, { hotDays, coldDays }: Retention): string {
  const after = (days: number) => `toDateTime(${VIEWS[view].time}) + toIntervalDay(${days})`;
  if (layout.coldVolume === undefined) return hotDays === 0 ? '' : after(hotDays);
  const moves = hotDays === 0 ? [] : [`${after(hotDays)} TO VOLUME '${layout.coldVolume}'`];
  return [...moves, ...(coldDays === 0 ? [] : [after(coldDays)])].join(', ');
}

const shown = (ttl: string) => (ttl === '' ? 'none' : ttl.replace(/toDateTime\((\w+)\) \+ toIntervalDay\((\d+)\)/g, '$1 + $2 d'));

async function viewsThere(store: ClickHouse): Promise<ClickHouseView[]> {
  const rows = await ask<{ name: string }>(store, 'list its tables', `SELECT name FROM system.tables WHERE database = '${store.database}'`);
  return (Object.keys(VIEWS) as ClickHouseView[]).filter((view) => rows.some(({ name }) => name === view));
}

async function monthsOf(store: ClickHouse, view: string): Promise<{ partition: string; rows: number; bytes: number }[]> {
  const rows = await ask<{ partition: string; rows: string; bytes: string }>(
    store,
    `list the months of ${view}`,
    `SELECT partition, toString(sum(rows)) AS rows, toString(sum(bytes_on_disk)) AS bytes FROM system.parts
      WHERE active AND database = '${store.database}' AND table = '${view}' GROUP BY partition ORDER BY partition`,
  );
  return rows.map(({ partition, ...sums }) => ({ partition, rows: Number(sums.rows), bytes: Number(sums.bytes) }));
}

/** The first millisecond after a month `YYYYMM`. */
function endOf(partition: string): number {
  return Date.UTC(Number(partition.slice(0, 4)), Number(partition.slice(4)), 1);
}

async function ask<Row>(store: ClickHouse, what: string, query: string): Promise<Row[]> {
  return attempt(what, async () => (await store.client.query({ query, format: 'JSONEachRow' })).json<Row>());
}
