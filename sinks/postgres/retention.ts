/**
 * How long violations and incidents stay: as long as threats stay anywhere, because this is the store that people work in.
 * An incident counts from its last threat. Verdicts stay as long as the audit trail does, as everywhere. Counters of agents, models and users, positions and gaps are no events and stay.
 */
import { DAY_MS, keptSince, type RetentionTable, renderDays } from '../../core/retention.ts';
import { type Applied, type Holding, verdictOf } from '../retention.ts';
import { attempt, type Postgres } from './connect.ts';

/** Parapet applies the table every few hours. */
const SLACK_MS = DAY_MS;
/** Rows deleted in one transaction: few enough that no sink waits long for its locks. */
const CHUNK = 5_000;
const TABLES = {
  violations: { class: 'threats', time: 'occurred_at', id: 'id' },
  incidents: { class: 'threats', time: 'last_seen', id: 'id' },
  verdicts: { class: 'audit', time: 'occurred_at', id: 'verdict_id' },
} as const;
type KeptTable = keyof typeof TABLES;

/** Deletes what is older than allowed. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyRetention(store: Postgres, table: RetentionTable, now = Date.now()): Promise<Applied[]> {
  const done: Applied[] = [];
  for (const name of await tablesThere(store)) {
    const { coldDays } = table[TABLES[name].class];
    const since = keptSince(coldDays, now);
    if (since === 0) continue;
    let removed = 0;
    for (let last = CHUNK; last === CHUNK; removed += last) last = await deleteSome(store, name, since);
    if (removed > 0) done.push({ what: `${store.schema}.${name}`, did: `deleted what is older than ${renderDays(coldDays)}`, removed });
  }
  return done;
}

/** What the tables hold. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: Postgres, table: RetentionTable, now = Date.now()): Promise<Holding[]> {
  const holdings: Holding[] = [];
  for (const name of await tablesThere(store)) {
    const { class: kept, time } = TABLES[name];
    const since = keptSince(table[kept].coldDays, now);
    const wanted = renderDays(table[kept].coldDays);
    const target = `"${store.schema}".${name}`;
    const [row] = await attempt(`look through ${name}`, () =>
      store.transaction((session) =>
        session.query<{ rows: string; oldest: string | null; newest: string | null; bytes: string }>(
          `SELECT count(*)::text AS rows, (extract(epoch FROM min(${time})) * 1000)::text AS oldest,
            (extract(epoch FROM max(${time})) * 1000)::text AS newest, pg_total_relation_size($1::regclass)::text AS bytes FROM ${target}`,
          [target],
        ),
      ),
    );
    const oldestMs = row?.oldest == null ? undefined : Number(row.oldest);
    const verdict = verdictOf({ wanted, configured: wanted, oldestMs, allowedMs: since === 0 ? 0 : since - SLACK_MS });
    holdings.push({
      what: `${store.schema}.${name}`,
      class: kept,
      wanted,
      configured: wanted,
      oldestMs,
      newestMs: row?.newest == null ? undefined : Number(row.newest),
      rows: Number(row?.rows ?? 0),
      bytes: Number(row?.bytes ?? 0),
      verdict,
      says: verdict === 'ok' ? undefined : 'Run parapet retention apply.',
    });
  }
  return holdings;
}

async function deleteSome(store: Postgres, name: KeptTable, since: number): Promise<number> {
  const target = `"${store.schema}".${name}`;
  const { id, time } = TABLES[name];
  return attempt(`delete old rows of ${name}`, () =>
    store.transaction(async (session) => {
      const gone = await session.query(
        `DELETE FROM ${target} WHERE ${id} IN (SELECT ${id} FROM ${target} WHERE ${time} < to_timestamp($1::float8 / 1000) LIMIT ${CHUNK}) RETURNING ${id}`,
        [since],
      );
      return gone.length;
    }),
  );
}

/** None before the first sink has opened. */
async function tablesThere(store: Postgres): Promise<KeptTable[]> {
  const rows = await attempt('list its tables', () =>
    store.transaction((session) =>
      session.query<{ name: string }>('SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1', [store.schema]),
    ),
  );
  return (Object.keys(TABLES) as KeptTable[]).filter((table) => rows.some(({ name }) => name === table));
}
