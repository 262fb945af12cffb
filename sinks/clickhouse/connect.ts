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
  layout?: Layout;
}

/** How tables are laid out on the server; the same for every table, so that a rebuilt one is like the one that it replaces. */
export interface Layout {
  /** Copies on several servers by ClickHouse Keeper, or one. */
  engine: 'merge-tree' | 'replicated';
  /** The cluster of `system.clusters` on all of whose servers tables are made. */
  cluster?: string;
  /** Storage policy of new tables; the server's default without. */
  storagePolicy?: string;
  /** The volume of that policy to which rows move at the end of their hot days. Without, they are deleted then. */
  coldVolume?: string;
}

export interface ClickHouse {
  client: ClickHouseClient;
  database: string;
  /** Set when the engine lives in this process: the folder through which blocks are handed to it. */
  handover: string | undefined;
  layout: Layout;
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
  const { layout = { engine: 'merge-tree' } } = options;
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
    if (!readOnly)
      await attempt('create its database', () =>
        client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}${onCluster(layout)}` }),
      );
  } catch (error) {
    await client.close();
    throw error;
  }
  const handover = path === undefined ? undefined : await emptyFolder(join(path, 'handover'));
  return { client, database, handover, layout, close: () => client.close() };
}

/** What goes behind a name in a statement that changes tables. */
export function onCluster({ cluster }: Layout): string {
  return cluster === undefined ? '' : ` ON CLUSTER '${cluster}'`;
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
  const says = firstLine(error);
  const hint = (known === undefined ? undefined : HINTS[known]) ?? connectionHint(says, error);
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `ClickHouse could not ${what}: ${says}${code}`,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

const LOGIN = 'Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD: the server does not know them.';
const DROPPED = 'Somebody dropped it. Nothing is lost: restart the sink, which makes it anew, then parapet replay --view fills it.';

/** By ClickHouse's number of the error. */
const HINTS: Record<string, string> = {
  '60': DROPPED,
  '81': DROPPED,
  '192': LOGIN,
  '193': LOGIN,
  '194': LOGIN,
  '516': LOGIN,
  '164': 'The user may only read: give it one that may write, or take readonly away.',
  '497': 'The user lacks a right: grant it SELECT, INSERT, ALTER, CREATE and DROP on the database, and SELECT on system.*.',
  '243': "The server's disk is full: make room; the sink goes on by itself.",
  '252': 'Merges lag behind: look for slow disks, or raise the linger so that batches are larger; the sink goes on by itself.',
};

function connectionHint(says: string, error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = `${code} ${says}`;
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return 'Check the host in CLICKHOUSE_URL: its name cannot be resolved.';
  if (/ECONNREFUSED/.test(text)) return 'Nothing listens there: start ClickHouse, or check CLICKHOUSE_URL.';
  if (/has expired|not yet valid/i.test(says)) return 'Renew the server’s certificate, and check the clocks.';
  if (/self.signed|unable to (get|verify)|altnames/i.test(says)) {
    return 'The certificate is not trusted: set NODE_EXTRA_CA_CERTS to its authority, and use the host name that it names.';
  }
  return undefined;
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
