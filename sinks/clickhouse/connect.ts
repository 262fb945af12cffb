/**
 * One client, two engines: ClickHouse over HTTP when a URL is set, ClickHouse's engine in this process (chDB) when a path is.
 * The subtle point: chDB binds one data directory per process, so the caller opens it once and hands the client to
 * everyone; and it keeps `SET`s for the whole connection, so statements carry their settings in their own SETTINGS clause.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import chdb from 'chdb/connection';
import { ParapetError } from '../../core/errors.ts';

export type { ClickHouseClient } from '@clickhouse/client';

export interface ClickHouseOptions {
  /** `http(s)://host:port` of a ClickHouse server. Exactly one of `url` and `path` is set. */
  url?: string;
  /** A folder for the embedded engine; made when missing. */
  path?: string;
  user?: string;
  password?: string;
  /** Made when missing. Letters, digits and `_`. */
  database?: string;
  /** For one request, in milliseconds. */
  timeoutMs?: number;
  /** Changes nothing, not even makes the database: for readers of the embedded engine's HTTP front. */
  readOnly?: boolean;
}

export interface ClickHouse {
  client: ClickHouseClient;
  database: string;
  /** Set when the engine lives in this process: the folder through which blocks are handed to it. */
  handover: string | undefined;
  close(): Promise<void>;
}

const DEFAULT_DATABASE = 'parapet';

/** chDB brings its own copy of the client's types, whose private fields make them strangers. */
type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/**
 * Opens the store and makes its database.
 * Throws PARAPET_CONFIG_INVALID on options that contradict each other, PARAPET_STORE_UNAVAILABLE when it does not answer.
 */
export async function openClickHouse(options: ClickHouseOptions): Promise<ClickHouse> {
  const { url, path, user = 'default', password = '', database = DEFAULT_DATABASE, timeoutMs = 60_000, readOnly = false } = options;
  if ((url === undefined) === (path === undefined)) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'ClickHouse needs either a URL or a path, not both and not none.' });
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database)) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `"${database}" is not a name for a ClickHouse database.` });
  }
  const client = await attempt('open', async () =>
    path === undefined
      ? createClient({ url, username: user, password, request_timeout: timeoutMs, log: { level: ClickHouseLogLevel.OFF } })
      : createClient({ connection: chdb.createChdbConnection({ path }) as unknown as Connection }),
  );
  try {
    // chDB's own `default` database also shows the machine's files as tables, so nothing of ours lives there.
    if (!readOnly) await attempt('create its database', () => client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` }));
  } catch (error) {
    await client.close();
    throw error;
  }
  const handover = path === undefined ? undefined : await emptyFolder(join(path, 'handover'));
  return { client, database, handover, close: () => client.close() };
}

/** What a killed process left in it was not acknowledged, and will be written again. */
async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Runs `act`; what it throws becomes PARAPET_STORE_UNAVAILABLE with ClickHouse's own words. */
export async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw unavailable(what, error);
  }
}

export function unavailable(what: string, error: unknown): ParapetError {
  if (error instanceof ParapetError) return error;
  const known = codeOf(error);
  const code = known === undefined ? '' : ` (code ${known})`;
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `ClickHouse could not ${what}: ${firstLine(error)}${code}`,
    cause: error,
  });
}

/** ClickHouse's own number of an error. By shape, because chDB throws the error class of its own copy of the client. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^\d+$/.test(error.code) ? error.code : undefined;
}

/** The first line: ClickHouse quotes the rows it could not read in the lines after it. */
export function firstLine(error: unknown): string {
  const text =
    error instanceof AggregateError && error.message === ''
      ? error.errors.map(String).join('; ')
      : error instanceof Error
        ? error.message
        : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
