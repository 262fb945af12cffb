/**
 * Brings a schema to the present state, however many processes try at once: each step is one transaction under one advisory
 * lock, and looks under the lock whether another process was faster. The lock ends with its transaction, so neither a crash
 * nor a pooler can leave it behind.
 */
import { hash } from 'node:crypto';
import { ParapetError } from '../../core/errors.ts';
import { attempt, type Postgres, type Session } from './connect.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/**
 * Steps that are recorded in the schema with a higher number than this version knows are left alone: they only add.
 * Gives the names of the steps that were taken. Throws PARAPET_CONFIG_INVALID when a recorded step has another text here, PARAPET_STORE_UNAVAILABLE.
 */
export async function migrate(store: Postgres, schema = store.schema, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  await attempt(`make the schema ${schema}`, () =>
    store.transaction(async (session) => {
      await takeTurn(session, schema);
      // Asked first: CREATE … IF NOT EXISTS wants the privilege to create also where there is nothing to do.
      const [there] = await session.query<{ schema: boolean; record: boolean }>(
        `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS schema, to_regclass(quote_ident($1) || '.parapet_migrations') IS NOT NULL AS record`,
        [schema],
      );
      if (!there?.schema) await session.script(`CREATE SCHEMA "${schema}"`);
      if (!there?.record) {
        await session.script(`CREATE TABLE "${schema}".parapet_migrations (
          number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
      }
    }),
  );
  const taken: string[] = [];
  for (const step of migrations) {
    const done = await attempt(`migrate ${schema} to ${step.number} (${step.name})`, () =>
      store.transaction(async (session) => {
        await takeTurn(session, schema);
        return apply(session, schema, step);
      }),
    );
    if (done) taken.push(step.name);
  }
  return taken;
}

async function takeTurn(session: Session, schema: string): Promise<void> {
  await session.query(`SELECT pg_advisory_xact_lock(hashtextextended('parapet migrations ' || $1, 0))`, [schema]);
}

/** Whether there was something to do. */
async function apply(session: Session, schema: string, { number, name, sql }: Migration): Promise<boolean> {
  const checksum = hash('sha256', sql);
  const [applied] = await session.query<{ checksum: string }>(`SELECT checksum FROM "${schema}".parapet_migrations WHERE number = $1`, [
    number,
  ]);
  if (applied?.checksum === checksum) return false;
  if (applied !== undefined) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', {
      message: `Migration ${number} (${name}) of the schema ${schema} was applied with another text than this version has.`,
      hint: 'Run the version of Parapet that made the schema; a released migration is never changed, a new one is added.',
    });
  }
  await session.script(`SET LOCAL search_path = "${schema}"; ${sql}`);
  await session.query(`INSERT INTO "${schema}".parapet_migrations (number, name, checksum) VALUES ($1, $2, $3)`, [number, name, checksum]);
  return true;
}
