/** What the doctor asks of the stores and destinations that are configured: each check reaches, logs in, and changes nothing. */
import { readFileSync } from 'node:fs';
import type { Environment } from '../core/environment.ts';
import { ERROR_TABLE, ParapetError, toParapetError } from '../core/errors.ts';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import type { Check } from './doctor.ts';
import { peerOf } from './doctor-certificates.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics } from './stores.ts';
import { configuredStores, openSinks, type StoreName, sinksOf } from './views.ts';

export interface StoreCheck {
  name: string;
  /** Where its address and credentials are set. */
  settings: string;
  look(): Promise<string | Check>;
}

/** Clocks further apart than this make hours of different stores differ. */
const SKEW_MS = 5_000;

/** One check for each store that these settings name, but for the lake and an embedded ClickHouse. */
export function storeChecks(env: Environment): StoreCheck[] {
  const checks: Partial<Record<StoreName, StoreCheck>> = {
    elasticsearch: { name: 'Elasticsearch', settings: 'ELASTICSEARCH_…', look: () => checkSearch(env) },
    influxdb: { name: 'InfluxDB', settings: 'INFLUX_…', look: () => checkTelemetry(env) },
    postgres: { name: 'PostgreSQL', settings: 'DATABASE_URL', look: () => checkMetadata(env) },
    'siem.syslog': { name: 'syslog', settings: 'SIEM_SYSLOG_…', look: () => checkDestination(env, 'siem.syslog', env.SIEM_SYSLOG_URL) },
    'siem.hec': { name: 'Splunk HEC', settings: 'SIEM_HEC_…', look: () => checkDestination(env, 'siem.hec', env.SIEM_HEC_URL) },
    'siem.webhook': { name: 'webhook', settings: 'SIEM_WEBHOOK_…', look: () => checkWebhook(env) },
  };
  const clickhouse = { name: 'ClickHouse', settings: 'CLICKHOUSE_…', look: () => checkAnalytics(env) };
  const configured = configuredStores(env).flatMap((store) => checks[store] ?? []);
  return env.CLICKHOUSE_URL === undefined ? configured : [clickhouse, ...configured];
}

async function checkAnalytics(env: Environment): Promise<string | Check> {
  const store = await openAnalytics(env);
  try {
    const answer = await store.client.query({
      query: 'SELECT version() AS version, toString(toUnixTimestamp64Milli(now64(3))) AS ms',
      format: 'JSONEachRow',
    });
    const [is] = await answer.json<{ version: string; ms: string }>();
    return inTime('ClickHouse', `${is?.version} at ${env.CLICKHOUSE_URL}`, Number(is?.ms));
  } finally {
    await store.close();
  }
}

async function checkSearch(env: Environment): Promise<string> {
  const { versionOf } = await import('../sinks/elasticsearch/index.ts');
  const store = await connectSearch(env);
  try {
    return `${await versionOf(store)} at ${env.ELASTICSEARCH_URL}`;
  } finally {
    await store.close();
  }
}

/** Asks with the token's rights: health alone would not show a wrong one. */
async function checkTelemetry(env: Environment): Promise<string | Check> {
  const store = await connectTelemetry(env);
  const query = `org=${encodeURIComponent(store.org)}&name=${encodeURIComponent(store.bucket)}`;
  const { buckets } = await store
    .request<{ buckets: { name: string }[] }>('list its buckets', 'GET', `/api/v2/buckets?${query}`)
    .catch((error: unknown) => {
      // A bucket that is not there yet is made by the sink.
      if (error instanceof ParapetError && /404 bucket/.test(error.message)) return { buckets: [] };
      throw error;
    });
  return `${env.INFLUX_URL}, bucket ${store.bucket}${buckets.length > 0 ? '' : ' (made when the sink starts)'}`;
}

async function checkMetadata(env: Environment): Promise<string | Check> {
  const store = await connectMetadata(env);
  try {
    const [is] = await store.transaction((session) =>
      session.query<{ version: string; ms: number }>(
        `SELECT current_setting('server_version') AS version, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`,
      ),
    );
    const { host } = new URL(env.DATABASE_URL as string);
    return inTime('PostgreSQL', `${is?.version} at ${host}`, is?.ms ?? Date.now());
  } finally {
    await store.close();
  }
}

/** The sink's own opening: a connection, or what the server says of its health; never an event. */
async function checkDestination(env: Environment, store: StoreName, url: string | undefined): Promise<string> {
  const [name] = sinksOf(store);
  const shared = {
    clickhouse: undefined,
    metrics: createMetrics({ defaults: false }),
    logger: createLogger('doctor', 'silent'),
    onGone: () => {},
  };
  const stores = await openSinks(name === undefined ? [] : [name], env, shared);
  const sink = stores.create(name as NonNullable<typeof name>);
  try {
    await sink.open();
  } finally {
    await sink.close();
    await stores.close();
  }
  return url === undefined ? 'reached' : new URL(url).host;
}

/** Nothing can be asked of a webhook but to take an event, so only the way to it is looked at. */
async function checkWebhook(env: Environment): Promise<string> {
  const url = new URL(env.SIEM_WEBHOOK_URL as string);
  const ca = env.SIEM_WEBHOOK_CA_FILE === undefined ? {} : { ca: readFileSync(env.SIEM_WEBHOOK_CA_FILE) };
  await peerOf({
    host: url.hostname,
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    tls: url.protocol === 'https:',
    ...ca,
  });
  return `${url.host} can be reached; whether it takes events shows with the first`;
}

function inTime(name: string, says: string, ms: number): string | Check {
  const ahead = Math.round((ms - Date.now()) / 1_000);
  if (Math.abs(ahead) * 1_000 <= SKEW_MS) return says;
  const hint = 'Set both clocks by NTP: retention and hours of the books go by them.';
  return { name, state: 'warning', says: `${says}; its clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}`, hint };
}

/** What to do, where the error only has its code's general words. `settings`: where address and credentials stand. */
export function adviceFor(error: unknown, settings: string): { says: string; hint: string } {
  const { code, message, hint } = toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
  if (hint !== ERROR_TABLE[code].hint) return { says: message, hint };
  const advice = ADVICE.find(([pattern]) => pattern.test(`${causesOf(error)} ${message}`))?.[1];
  return { says: message, hint: advice?.replace('…', settings) ?? hint };
}

const ADVICE: [RegExp, string][] = [
  [/ENOTFOUND|EAI_AGAIN/, 'Check the host in …: its name cannot be resolved.'],
  [/ECONNREFUSED/, 'Nothing listens there: start the server, or check host and port in ….'],
  [/CERT_HAS_EXPIRED|has expired|not yet valid/i, 'Renew the server’s certificate, and check the clocks (…).'],
  [/ALTNAME|altnames/i, 'Use the host name that the server’s certificate names in ….'],
  [
    /SELF_SIGNED|UNABLE_TO|self.signed|unable to (get|verify)/i,
    'The authority of the server’s certificate is not trusted: see the CA file of ….',
  ],
  [
    /\b(401|403|516)\b|authenticat|credential|password|Unauthorized|Forbidden|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch/i,
    'The server does not take these credentials: check ….',
  ],
  [/TIMEDOUT|timeout|timed out|no answer/i, 'No answer in time: check the network and the server’s load (…).'],
];

function causesOf(error: unknown): string {
  const words: string[] = [];
  for (let at: unknown = error; at instanceof Error && words.length < 12; at = at instanceof AggregateError ? at.errors[0] : at.cause) {
    words.push(at.name, 'code' in at ? String(at.code) : '', at.message);
  }
  return words.join(' ');
}
