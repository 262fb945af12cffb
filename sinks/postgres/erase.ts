/**
 * Masks an erased subject: its violations, what was noted of them, and its row among the users, which joins the pseudonym's when
 * that has one already. One transaction, so that a user is never counted twice nor lost. Schemas that a replay is building are masked too.
 */
import type { Eraser, Erasure } from '../erasure.ts';
import { attempt, type Postgres, type Session } from './connect.ts';
import { patiently } from './errors.ts';
import { rebuildSchema } from './rebuild.ts';
import { nameOf, timestampOf } from './values.ts';

const VIOLATIONS = 'org = $1 AND user_id = $2 AND occurred_at <= $3';
/** A row is of all the time that a user was seen; what began before the erasure is masked whole. */
const USERS = 'org = $1 AND user_id = $2 AND first_seen <= $3';
/** A verdict is of its threat's time, however late it was said. */
const VERDICTS = 'org = $1 AND subject = $2 AND coalesce(threat_at, occurred_at) <= $3';

export function createPostgresEraser(store: Postgres): Eraser {
  /** The live schema and those of rebuilds, as far as they have tables; one that is older has no verdicts. */
  async function schemas(session: Session): Promise<{ schema: string; judged: boolean }[]> {
    const rows = await session.query<{ name: string; judged: boolean }>(
      `SELECT n.nspname::text AS name, to_regclass(format('%I.verdicts', n.nspname)) IS NOT NULL AS judged FROM pg_namespace n WHERE (n.nspname = $1 OR starts_with(n.nspname::text, $2))
        AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'violations') ORDER BY 1`,
      [store.schema, rebuildSchema(store, 'x').slice(0, -1)],
    );
    return rows.map(({ name, judged }) => ({ schema: `"${name}"`, judged }));
  }

  return {
    find: (erasure) =>
      attempt('look for the subject', () =>
        store.transaction(async (session) => {
          const found = { interactions: 0, threats: 0, verdicts: 0 };
          for (const { schema, judged } of await schemas(session)) {
            const count = async (table: string, where: string, values = valuesOf(erasure)) =>
              (await session.query<{ n: number }>(`SELECT count(*)::float8 AS n FROM ${schema}.${table} WHERE ${where}`, values))[0]?.n ??
              0;
            found.interactions += (await count('users', USERS)) + (await count('violations', `${VIOLATIONS} AND source = 'policy'`));
            found.threats += await count('violations', `${VIOLATIONS} AND source = 'threat'`);
            if (judged) found.verdicts += await count('verdicts', VERDICTS, ofSubject(erasure));
          }
          return Object.entries(found).map(([view, rows]) => ({ view: `postgres.${view}`, rows }));
        }),
      ),
    mask: (erasure) =>
      attempt('mask the subject', () =>
        patiently(() =>
          store.transaction(async (session) => {
            for (const { schema, judged } of await schemas(session)) {
              const values = [...valuesOf(erasure), erasure.pseudonym];
              await session.query(`UPDATE ${schema}.violations SET user_id = $4 WHERE ${VIOLATIONS}`, values);
              if (judged) {
                const masked = nameOf(`${erasure.org}/${erasure.pseudonym}`);
                await session.query(`UPDATE ${schema}.verdicts SET subject = $4, note = '' WHERE ${VERDICTS}`, [
                  ...ofSubject(erasure),
                  masked,
                ]);
              }
              await session.query(
                `WITH gone AS (DELETE FROM ${schema}.users WHERE ${USERS} RETURNING *)
              INSERT INTO ${schema}.users AS t (org, user_id, first_seen, last_seen, interactions)
              SELECT org, $4, first_seen, last_seen, interactions FROM gone
              ON CONFLICT (org, user_id) DO UPDATE SET
                first_seen = least(t.first_seen, excluded.first_seen),
                last_seen = greatest(t.last_seen, excluded.last_seen),
                interactions = t.interactions + excluded.interactions`,
                values,
              );
            }
          }),
        ),
      ),
  };
}

/** The names as the sink writes them. */
function valuesOf({ org, id, until }: Erasure): unknown[] {
  return [nameOf(org), nameOf(id), timestampOf(until)];
}

function ofSubject({ org, subject, until }: Erasure): unknown[] {
  return [nameOf(org), nameOf(subject), timestampOf(until)];
}
