/**
 * How long violations and incidents stay: as long as threats stay anywhere, because this is the store that people work in.
 * An incident counts from its last threat. Counters of agents, models and users, positions and gaps are no events and stay.
 */
import { DAY_MS, keptSince, type RetentionTable, renderDays } from '../../core/retention.ts';
import { type Applied, type Holding, verdictOf } from '../retention.ts';
import { attempt, type Postgres } from './connect.ts';

/** Parapet applies the table every few hours. */
const SLACK_MS = DAY_MS;
/** Rows deleted in one transaction: few enough that no sink waits long for its locks. */
const CHUNK = 5_000;
const TIMES = { violations: 'occurred_at', incidents: 'last_seen' } as const;

/** Deletes what is older than allowed. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyRetention(store: Postgres, table: RetentionTable, now = Date.now()): Promise<Applied[]> {
  const since = keptSince(table.threats.coldDays, now);
  const done: Applied[] = [];
  if (since === 0) return done;
  for (const name of await tablesThere(store)) {
    let removed = 0;
    for (let last = CHUNK; last === CHUNK; removed += last) last = await deleteSome(store, name, since);
    if (removed > 0)
      done.push({ what: `${store.schema}.${name}`, did: `deleted what is older than ${renderDays(table.threats.coldDays)}`, removed });
  }
  return done;
}

/** What the tables hold. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: Postgres, table: RetentionTable, now = Date.now()): Promise<Holding[]> {
  const since = keptSince(table.threats.coldDays, now);
  const wanted = renderDays(table.threats.coldDays);
  const holdings: Holding[] = [];
  for (const name of await tablesThere(store)) {
    const time = TIMES[name];
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
      class: 'threats',
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

async function deleteSome(store: Postgres, name: keyof typeof TIMES, since: number): Promise<number> {
  const target = `"${store.schema}".${name}`;
  return attempt(`delete old rows of ${name}`, () =>
    store.transaction(async (session) => {
      const gone = await session.query<{ id: string }>(
        `DELETE FROM ${target} WHERE id IN (SELECT id FROM ${target} WHERE ${TIMES[name]} < to_timestamp($1::float8 / 1000) LIMIT ${CHUNK}) RETURNING id`,
        [since],
      );
      return gone.length;
    }),
  );
}

/** None before the first sink has opened. */
async function tablesThere(store: Postgres): Promise<(keyof typeof TIMES)[]> {
  const rows = await attempt('list its tables', () =>
    store.transaction((session) =>
      session.query<{ name: string }>('SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1', [store.schema]),
    ),
  );
  return (Object.keys(TIMES) as (keyof typeof TIMES)[]).filter((table) => rows.some(({ name }) => name === table));
}
