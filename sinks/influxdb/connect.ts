/**
 * The connection, and the one way in which requests go out. The official client's request level is used, not its write API:
 * that one has buffers, timers and retries of its own, and a retry that the sink does not know of is one that it cannot
 * reason about. Here every request has one answer or one error.
 */
import { readFileSync } from 'node:fs';
import { InfluxDB } from '@influxdata/influxdb-client';
import { ParapetError } from '../../core/errors.ts';
import { unavailable } from './errors.ts';

export interface InfluxOptions {
  /** `http(s)://host:port`; a path before the API is kept. */
  url: string;
  token: string;
  /** Name of the organisation. */
  org: string;
  /** Made when missing. `<bucket>_hourly` and `<bucket>_rebuilt_…` are made beside it. */
  bucket?: string;
  /** How long points are kept, in seconds, when the bucket is made here; 0 is for ever. 7 days by default. */
  retentionSeconds?: number;
  /** How long hourly sums are kept, in seconds; 90 days by default. `false`: no hourly bucket and no task. */
  hourlyRetentionSeconds?: number | false;
  /** PEM of the authority that signed the server's certificate. */
  caFile?: string;
  /** For one request, in milliseconds. */
  timeoutMs?: number;
  /** For one Flux query, in milliseconds: counts and hourly sums read much. */
  queryTimeoutMs?: number;
}

export interface Influx {
  readonly client: InfluxDB;
  readonly org: string;
  readonly bucket: string;
  readonly retentionSeconds: number;
  readonly hourlyRetentionSeconds: number | false;
  /**
   * One request with a JSON or text body; gives the decoded answer. `what` completes "InfluxDB could not …".
   * Throws PARAPET_STORE_UNAVAILABLE, whose `cause` is the client's error.
   */
  request<T>(what: string, method: string, path: string, body?: unknown, expected?: number): Promise<T>;
  /** All rows of a Flux query. Throws PARAPET_STORE_UNAVAILABLE. */
  query<T>(what: string, flux: string): Promise<T[]>;
  close(): Promise<void>;
}

const DAY_SECONDS = 86_400;
/** InfluxDB refuses shorter ones. */
const SHORTEST_RETENTION_SECONDS = 3_600;
/** Smaller bodies cost more to compress than to send. */
const GZIP_BYTES = 1_000;

/**
 * Makes the client, and asks the server who it is.
 * Throws PARAPET_CONFIG_INVALID on options that cannot work, PARAPET_STORE_UNAVAILABLE when what answers is not InfluxDB.
 */
export async function openInflux(options: InfluxOptions): Promise<Influx> {
  const store = connectInflux(options);
  // Without the token's rights: a token that may only write to its bucket can do this too.
  const health = await store.request<{ name?: unknown } | string | undefined>('say how it is', 'GET', '/health');
  if (typeof health !== 'object' || health === null || health.name !== 'influxdb') {
    throw unavailable('open', new Error('what answers is not InfluxDB 2'));
  }
  return store;
}

/** Like `openInflux`, without asking: for processes that must start while the store is down. Throws PARAPET_CONFIG_INVALID. */
export function connectInflux(options: InfluxOptions): Influx {
  const { url, token, org, bucket = 'parapet', timeoutMs = 30_000, queryTimeoutMs = 300_000, caFile } = options;
  const { retentionSeconds = 7 * DAY_SECONDS, hourlyRetentionSeconds = 90 * DAY_SECONDS } = options;
  check(/^https?:$/.test(protocolOf(url)), `INFLUX_URL: "${url}" is not a URL that begins with http:// or https://.`);
  check(/^[\x21-\x7e]+$/.test(token), 'INFLUX_TOKEN is empty or has characters that no token has.');
  check(org !== '' && !/[\x00-\x1f]/.test(org), 'INFLUX_ORG is empty or has control characters.');
  check(/^[^_\s"\x00-\x1f][^"\x00-\x1f]*$/.test(bucket), `INFLUX_BUCKET: "${bucket}" cannot be the name of a bucket.`);
  for (const seconds of [retentionSeconds, hourlyRetentionSeconds]) {
    const fits = seconds === false || seconds === 0 || (Number.isInteger(seconds) && seconds >= SHORTEST_RETENTION_SECONDS);
    check(fits, 'The retention of an InfluxDB bucket is 0 (for ever) or at least one hour, in whole seconds.');
  }
  const transportOptions = caFile === undefined ? {} : { ca: read(caFile) };
  const client = new InfluxDB({ url, token, timeout: timeoutMs, transportOptions });
  const queries = new InfluxDB({ url, token, timeout: queryTimeoutMs, transportOptions }).getQueryApi(org);

  return {
    client,
    org,
    bucket,
    retentionSeconds,
    hourlyRetentionSeconds,
    async request<T>(what: string, method: string, path: string, body: unknown = '', expected?: number): Promise<T> {
      // The client's own timeout is for silence on the socket; this one also ends an answer that drips for ever.
      const signal = AbortSignal.timeout(timeoutMs);
      let status = 0;
      try {
        // Only points: InfluxDB reads a compressed body nowhere else.
        const how = typeof body === 'string' ? { headers: { 'content-type': 'text/plain; charset=utf-8' }, gzipThreshold: GZIP_BYTES } : {};
        const sent = { method, signal, ...how };
        const answer = await client.transport.request(path, body, sent, (_, code) => {
          status = code ?? 0;
        });
        if (expected !== undefined && status !== expected) throw new Error(`what answers is not InfluxDB 2 (status ${status})`);
        return answer as T;
      } catch (error) {
        throw unavailable(what, error, signal.aborted);
      }
    },
    async query<T>(what: string, flux: string): Promise<T[]> {
      try {
        return await queries.collectRows<T>(flux);
      } catch (error) {
        throw unavailable(what, error);
      }
    },
    // The client keeps no connection beyond a request.
    close: async () => {},
  };
}

function check(fits: boolean, message: string): void {
  if (!fits) throw new ParapetError('PARAPET_CONFIG_INVALID', { message });
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function read(caFile: string): Buffer {
  try {
    return readFileSync(caFile);
  } catch (error) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `INFLUX_CA_FILE: ${caFile} cannot be read.`, cause: error });
  }
}
