/**
 * Building the schema anew beside the one in use, and putting it in its place: two renames in one transaction, under locks for
 * which everybody waits. Whoever waited finds the new tables under the old names, sinks included: they go on from the rebuilt
 * schema's own positions, which must not be behind. What people set is carried over in the same transaction, so an edit is
 * either before it and carried, or after it and made on the new tables.
 */
import { ParapetError } from '../../core/errors.ts';
import { carryOver, copyGrants } from './carry.ts';
import { attempt, type Postgres, type Session } from './connect.ts';
import { patiently, stateOf } from './errors.ts';

export interface Swapped {
  /** The old schema's present name when it could not be dropped, because views of others read from it; else null. */
  left: string | null;
}

const LOCK_MS = 5_000;

/** The name of the schema that a rebuild fills. `label`: up to 12 lower-case letters, digits and `_`. */
export function rebuildSchema(store: Postgres, label: string): string {
  if (!/^[a-z0-9_]{1,12}$/.test(label)) throw new Error(`"${label}" is not a label for a rebuild.`);
  return `${store.schema}_rebuilt_${label}`;
}

export function checkRebuilt(store: Postgres, rebuilt: string): string {
  const prefix = rebuildSchema(store, 'x').slice(0, -1);
  if (!rebuilt.startsWith(prefix)) throw new Error(`${rebuilt} is not a rebuilt schema.`);
  return rebuilt.slice(prefix.length);
}

/**
 * Puts the rebuilt schema in the place of the live one, with its grants and what people set, and drops the old one; once more
 * changes nothing. Sinks and people may go on meanwhile. Throws PARAPET_REPLAY_DIFFERS when the rebuilt schema lacks what the
 * live one has counted (one of the views was not rebuilt, or not up to now), PARAPET_STORE_UNAVAILABLE.
 */
export async function swapIn(store: Postgres, rebuilt: string): Promise<Swapped> {
  const live = store.schema;
  const replaced = `${live}_replaced_${checkRebuilt(store, rebuilt)}`;
  await attempt(`put ${rebuilt} in the place of ${live}`, () =>
    patiently(() =>
      store.transaction(async (session) => {
        await session.script(`SET LOCAL lock_timeout = ${LOCK_MS}`);
        await session.query(`SELECT pg_advisory_xact_lock(hashtextextended('parapet swap ' || $1, 0))`, [live]);
        if (!(await exists(session, rebuilt))) return requireSwapped(session, live, rebuilt);
        // The rebuilt schema first: who writes there reads the live one, and nobody does it the other way round.
        await lockTables(session, rebuilt);
        if (await exists(session, live)) {
          await lockTables(session, live);
          await requireWhole(session, live, rebuilt);
          await carryOver(session, live, rebuilt);
          await copyGrants(session, live, rebuilt);
          await session.script(`ALTER SCHEMA "${live}" RENAME TO "${replaced}"`);
        }
        await session.script(`ALTER SCHEMA "${rebuilt}" RENAME TO "${live}"; COMMENT ON SCHEMA "${live}" IS '${rebuilt}'`);
      }),
    ),
  );
  return { left: (await dropSchema(store, replaced)) ? null : replaced };
}

/** Drops what a rebuild made; nothing when there is nothing. Throws PARAPET_STORE_UNAVAILABLE. */
export async function dropRebuilt(store: Postgres, rebuilt: string): Promise<void> {
  checkRebuilt(store, rebuilt);
  await dropSchema(store, rebuilt);
}

/** False when something outside depends on it. Without CASCADE: that would drop other people's views too. */
async function dropSchema(store: Postgres, schema: string): Promise<boolean> {
  return attempt(`drop ${schema}`, () =>
    store
      .transaction(async (session) => {
        if (!(await exists(session, schema))) return true;
        const tables = (await tablesOf(session, schema)).map((table) => `"${schema}"."${table}"`);
        // The one that reads from the other first.
        const views = ['violations_judged', 'verdicts_holding'].map((view) => `"${schema}".${view}`);
        const functions = ['note_people', 'note_resolution', 'note_remediation'].map((name) => `"${schema}".${name}()`);
        await session.script(`DROP VIEW IF EXISTS ${views.join(', ')}`);
        if (tables.length > 0) await session.script(`DROP TABLE ${tables.join(', ')}`);
        await session.script(`DROP FUNCTION IF EXISTS ${functions.join(', ')}; DROP SCHEMA "${schema}"`);
        return true;
      })
      .catch((error: unknown) => {
        if (stateOf(error) === '2BP01') return false;
        throw error;
      }),
  );
}

async function exists(session: Session, schema: string): Promise<boolean> {
  const [row] = await session.query<{ yes: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS yes`, [`"${schema}".parapet_migrations`]);
  return row?.yes === true;
}

/** The positions first: every sink begins there, so those that write are waited for, and others wait, before they hold anything. */
async function tablesOf(session: Session, schema: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY c.relname <> 'parapet_positions', c.relname = 'incidents', c.relname`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

async function lockTables(session: Session, schema: string): Promise<void> {
  const tables = (await tablesOf(session, schema)).map((table) => `"${schema}"."${table}"`);
  await session.script(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
}

/** Asked again after an unclear answer, the swap may have happened: then the live schema says what it was rebuilt as. */
async function requireSwapped(session: Session, live: string, rebuilt: string): Promise<void> {
  const [row] = await session.query<{ comment: string | null }>(
    `SELECT obj_description(to_regnamespace(quote_ident($1)), 'pg_namespace') AS comment`,
    [live],
  );
  if (row?.comment !== rebuilt) {
    throw new ParapetError('PARAPET_REPLAY_DIFFERS', { message: `There is no schema ${rebuilt}, so ${live} was kept as it is.` });
  }
}

async function requireWhole(session: Session, live: string, rebuilt: string): Promise<void> {
  const behind = await session.query<{ sink: string; partition: number; stands: number | null; wanted: number }>(
    `SELECT l.sink, l.partition, r.next_offset::float8 AS stands, l.next_offset::float8 AS wanted
    FROM "${live}".parapet_positions l LEFT JOIN "${rebuilt}".parapet_positions r USING (sink, partition)
    WHERE coalesce(r.next_offset, 0) < l.next_offset ORDER BY l.sink, l.partition`,
  );
  const [first] = behind;
  if (first === undefined) return;
  const { sink, partition, stands, wanted } = first;
  throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
    message: `${rebuilt} is behind ${live} in ${behind.length} partitions; ${sink}, partition ${partition}: ${stands ?? 0} of ${wanted}. The schema in use was kept.`,
    hint: 'Rebuild postgres.interactions, postgres.threats and postgres.verdicts, up to the positions of the schema in use, and swap then.',
  });
}
