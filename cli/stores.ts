/**
 * The engines that the environment asks for. Every command opens them here, so embedded and distributed differ in one file.
 * Their code is loaded when they are: most of a command's start would be the clients of stores that it does not use.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dataPaths, type Environment, readSecret } from '../core/environment.ts';
import { openLocalKeyStore } from '../keys/local.ts';
import type { KeyStore } from '../keys/port.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openRegistry } from '../schemas/registry/index.ts';
import type { ClickHouse, Layout } from '../sinks/clickhouse/index.ts';
import type { Elasticsearch } from '../sinks/elasticsearch/index.ts';
import type { Influx } from '../sinks/influxdb/index.ts';
import type { Postgres } from '../sinks/postgres/index.ts';
import { createFolderStore, createS3Store, type ObjectStore, type S3Options } from '../sinks/s3/index.ts';

export { openLog } from '../log/open.ts';

export const CLICKHOUSE_READER = 'parapet';

export async function openCodec(env: Environment): Promise<Codec> {
  return createCodec(await openRegistry(env));
}

export function openKeys(env: Environment): KeyStore {
  return openLocalKeyStore({
    folder: dataPaths(env).keys,
    masterKey: env.PARAPET_MASTER_KEY,
    previousMasterKey: env.PARAPET_PREVIOUS_MASTER_KEY,
  });
}

export function openLake(env: Environment): ObjectStore {
  if (env.S3_BUCKET === undefined) return createFolderStore(dataPaths(env).lake);
  return createS3Store(bucketOptions(env, env.S3_BUCKET));
}

/** One bucket of the store that the settings name. */
export function bucketOptions(env: Environment, bucket: string): S3Options {
  return {
    bucket,
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  };
}

/** The store to write to: the server when a URL is set, else the engine in this process, which only one process can hold. */
export async function openAnalytics(env: Environment): Promise<ClickHouse> {
  const { openClickHouse } = await import('../sinks/clickhouse/index.ts');
  if (env.CLICKHOUSE_URL === undefined) return openClickHouse({ path: dataPaths(env).clickhouse });
  return openClickHouse({
    url: env.CLICKHOUSE_URL,
    user: env.CLICKHOUSE_USER,
    password: env.CLICKHOUSE_PASSWORD,
    database: env.CLICKHOUSE_DATABASE,
    layout: layoutOf(env),
  });
}

function layoutOf(env: Environment): Layout {
  return {
    engine: env.CLICKHOUSE_ENGINE,
    ...(env.CLICKHOUSE_CLUSTER === undefined ? {} : { cluster: env.CLICKHOUSE_CLUSTER }),
    ...(env.CLICKHOUSE_STORAGE_POLICY === undefined ? {} : { storagePolicy: env.CLICKHOUSE_STORAGE_POLICY }),
    ...(env.CLICKHOUSE_COLD_VOLUME === undefined ? {} : { coldVolume: env.CLICKHOUSE_COLD_VOLUME }),
  };
}

/** ELASTICSEARCH_URL must be set. Asks nothing yet: a sink starts also while its store is down. */
export async function connectSearch(env: Environment): Promise<Elasticsearch> {
  const { connect } = await import('../sinks/elasticsearch/index.ts');
  return connect({
    url: env.ELASTICSEARCH_URL as string,
    prefix: env.ELASTICSEARCH_PREFIX,
    ...(env.ELASTICSEARCH_API_KEY === undefined ? {} : { apiKey: env.ELASTICSEARCH_API_KEY }),
    ...(env.ELASTICSEARCH_USER === undefined ? {} : { user: env.ELASTICSEARCH_USER, password: env.ELASTICSEARCH_PASSWORD ?? '' }),
    ...(env.ELASTICSEARCH_CA_FILE === undefined ? {} : { caFile: env.ELASTICSEARCH_CA_FILE }),
  });
}

/** INFLUX_URL must be set. Asks nothing yet. */
export async function connectTelemetry(env: Environment): Promise<Influx> {
  const { connectInflux } = await import('../sinks/influxdb/index.ts');
  return connectInflux({
    url: env.INFLUX_URL as string,
    token: env.INFLUX_TOKEN as string,
    org: env.INFLUX_ORG as string,
    bucket: env.INFLUX_BUCKET,
    retentionSeconds: env.PARAPET_RETENTION.metrics.hotDays * DAY_SECONDS,
    hourlyRetentionSeconds: env.PARAPET_RETENTION.metrics.coldDays * DAY_SECONDS,
    timeoutMs: env.INFLUX_TIMEOUT_MS,
    queryTimeoutMs: env.INFLUX_QUERY_TIMEOUT_MS,
    ...(env.INFLUX_CA_FILE === undefined ? {} : { caFile: env.INFLUX_CA_FILE }),
  });
}

const DAY_SECONDS = 86_400;

/** DATABASE_URL must be set. Asks nothing yet. */
export async function connectMetadata(env: Environment): Promise<Postgres> {
  const { connectPostgres } = await import('../sinks/postgres/index.ts');
  return connectPostgres({
    url: env.DATABASE_URL as string,
    schema: env.POSTGRES_SCHEMA,
    poolSize: env.POSTGRES_POOL,
    timeoutMs: env.POSTGRES_TIMEOUT_MS,
    ...(env.POSTGRES_CA_FILE === undefined ? {} : { caFile: env.POSTGRES_CA_FILE }),
  });
}

/** The URL of the embedded engine's HTTP front, when a running Parapet answers there. */
export async function runningFront(env: Environment): Promise<{ url: string; user: string; password: string } | undefined> {
  const url = `http://127.0.0.1:${env.PARAPET_CLICKHOUSE_PORT}`;
  const password = readSecret(dataPaths(env).clickhousePassword);
  if (env.CLICKHOUSE_URL !== undefined || password === undefined || env.PARAPET_CLICKHOUSE_PORT === 0) return undefined;
  try {
    const answer = await fetch(`${url}/?query=SELECT+1`, {
      headers: { 'x-clickhouse-user': CLICKHOUSE_READER, 'x-clickhouse-key': password },
      signal: AbortSignal.timeout(2_000),
    });
    return answer.ok ? { url, user: CLICKHOUSE_READER, password } : undefined;
  } catch {
    // Nobody listens there: Parapet is not running on this machine.
    return undefined;
  }
}

/** The password of the embedded ClickHouse's reader; made at the first start. */
export function clickHousePassword(env: Environment): { password: string; made: boolean } {
  const path = dataPaths(env).clickhousePassword;
  const existing = readSecret(path);
  if (existing !== undefined) return { password: existing, made: false };
  mkdirSync(env.PARAPET_DATA, { recursive: true });
  const password = randomBytes(18).toString('base64url');
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${password}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
    return { password, made: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { password: readSecret(path) ?? password, made: false };
  } finally {
    unlinkSync(temporary);
  }
}
