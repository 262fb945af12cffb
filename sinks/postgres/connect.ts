/**
 * One port, two engines: a PostgreSQL server when a URL is set, PostgreSQL in this process (PGlite) when a path is. Whatever
 * writes does so in a transaction that carries its own settings, so that a pooler in transaction mode may stand in between.
 * The subtle point: after anything that is not the server's own answer a connection is thrown away, because an answer to the
 * last statement may still be on its way and would be taken for that of the next.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ParapetError } from '../../core/errors.ts';
import { lockFolder } from '../../log/spool/lock.ts';
import { readAddress } from './address.ts';
import { stateOf, unavailable } from './errors.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`. Exactly one of `url` and `path` is set. */
  url?: string;
  /** A folder for the engine in this process; made when missing. One process at a time. */
  path?: string;
  /** The schema that holds the tables; made by `migrate`. Lower-case letters, digits and `_`. */
  schema?: string;
  /** PEM of the authority that signed the server's certificate; goes before `sslrootcert` of the URL. */
  caFile?: string;
  /** Connections at most. */
  poolSize?: number;
  /** For one statement, in milliseconds. */
  timeoutMs?: number;
}

/** Inside a transaction, or one statement of its own. Values are parameters `$1` …; numbers come as the engine gives them. */
export interface Session {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Several statements without parameters. */
  script(text: string): Promise<void>;
}

export interface Postgres {
  readonly engine: 'server' | 'embedded';
  readonly schema: string;
  /**
   * Runs `act` in one transaction (read committed), which is rolled back when it throws. Server errors come through as they
   * are; PARAPET_STORE_UNAVAILABLE when there is no connection.
   */
  transaction<T>(act: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const OLDEST_VERSION = 140_000;
const LONGEST_SCHEMA = 40;

/**
 * Opens the store and asks it who it is. Throws PARAPET_CONFIG_INVALID on options that contradict each other,
 * PARAPET_STORE_UNAVAILABLE when it does not answer, is too old, or when another process holds the folder.
 */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const store = options.path === undefined ? connectPostgres(options) : await openEmbedded(options.path, options);
  try {
    const [is] = await attempt('open', () =>
      store.transaction((session) =>
        session.query<{ version: number; encoding: string }>(
          `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
        ),
      ),
    );
    if (is === undefined || is.version < OLDEST_VERSION) throw unfit('it is older than version 14', 'Use PostgreSQL 14 or later.');
    if (is.encoding !== 'UTF8') throw unfit(`its encoding is ${is.encoding}`, 'Make the database with ENCODING UTF8.');
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Like `openPostgres` with a URL, without asking: for processes that must start while the server is down. */
export function connectPostgres(options: PostgresOptions): Postgres {
  const { url, path, caFile, poolSize = 4, timeoutMs = 30_000 } = options;
  if (url === undefined || path !== undefined) throw invalid('PostgreSQL needs either a URL or a path, not both and not none.');
  if (!Number.isInteger(poolSize) || poolSize < 1) throw invalid('The number of connections must be a whole number, at least 1.');
  const schema = checkedSchema(options);
  const pool = new pg.Pool({
    ...readAddress(url, caFile),
    max: poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // Longer than the server's own limit: this one is for a server or a network that has fallen silent.
    query_timeout: timeoutMs + 5_000,
  });
  // A connection that breaks while nobody uses it is no event; without a listener it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    engine: 'server',
    schema,
    async transaction(act) {
      const client = await attempt('connect', () => pool.connect());
      const session: Session = {
        query: async (text, values = []) => (await client.query(text, [...values])).rows,
        script: async (text) => void (await client.query(text)),
      };
      try {
        await client.query(`BEGIN; ${settings(timeoutMs)}`);
        const result = await act(session);
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        const sound = stateOf(error) !== undefined || error instanceof ParapetError;
        const undone =
          sound &&
          (await client.query('ROLLBACK').then(
            () => true,
            () => false,
          ));
        client.release(!undone);
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

async function openEmbedded(path: string, options: PostgresOptions): Promise<Postgres> {
  if (options.url !== undefined) throw invalid('PostgreSQL needs either a URL or a path, not both and not none.');
  const schema = checkedSchema(options);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // PGlite's own files are readable by all.
  chmodSync(path, 0o700);
  const release = lock(path);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await attempt('open', () => PGlite.create(join(path, 'data')));
    return {
      engine: 'embedded',
      schema,
      transaction: (act) =>
        database.transaction(async (tx) => {
          await tx.exec(settings(options.timeoutMs ?? 30_000));
          return act({
            query: async <Row>(text: string, values: readonly unknown[] = []) => (await tx.query<Row>(text, [...values])).rows,
            script: async (text) => void (await tx.exec(text)),
          });
        }),
      async close() {
        await database.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Two processes on one folder would destroy it, and PGlite does not notice. */
function lock(path: string): () => void {
  try {
    return lockFolder(path);
  } catch (error) {
    if (!(error instanceof ParapetError)) throw unavailable('lock its folder', error);
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `The PostgreSQL folder ${path} is used by another process, or was opened twice in this one.`,
      hint: 'PGlite is held by one process at a time: stop the other one, or run a PostgreSQL server and set DATABASE_URL.',
      cause: error,
    });
  }
}

/** `parapet.writer` tells the triggers that this is not a person; see migrations.ts. */
function settings(timeoutMs: number): string {
  return `SET LOCAL statement_timeout = ${Math.round(timeoutMs)}; SET LOCAL lock_timeout = ${Math.round(timeoutMs)};
    SET LOCAL idle_in_transaction_session_timeout = ${Math.round(timeoutMs)}; SET LOCAL client_min_messages = warning;
    SET LOCAL TimeZone = 'UTC'; SET LOCAL parapet.writer = 'parapet'`;
}

/** Runs `act`; what it throws becomes PARAPET_STORE_UNAVAILABLE with PostgreSQL's own words. */
export async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw unavailable(what, error);
  }
}

function checkedSchema({ schema = 'parapet', timeoutMs = 1 }: PostgresOptions): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(schema) || schema.length > LONGEST_SCHEMA || schema.startsWith('pg_')) {
    throw invalid(`"${schema}" cannot be the schema: lower-case letters, digits and _, ${LONGEST_SCHEMA} characters at most.`);
  }
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw invalid('The time limit of a statement is given in milliseconds, at least 1.');
  return schema;
}

const invalid = (message: string) => new ParapetError('PARAPET_CONFIG_INVALID', { message });
const unfit = (why: string, hint: string) =>
  new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `PostgreSQL cannot be used: ${why}.`, hint });
