/**
 * The connection, and how its failures read: whoever sees one in a log at night should know what to look at. The client's
 * own retries are off, because a retry that the sink does not know of is one that it cannot reason about.
 */
import { readFileSync } from 'node:fs';
import { Client, errors } from '@elastic/elasticsearch';
import { ParapetError } from '../../core/errors.ts';

export interface ElasticsearchOptions {
  /** `http(s)://host:port`; a path before the API is kept. No user or password in it. */
  url: string;
  /** The encoded form (`id:key` in base64), as Kibana and `POST /_security/api_key` give it. */
  apiKey?: string;
  user?: string;
  password?: string;
  /** PEM of the authority that signed the server's certificate. */
  caFile?: string;
  /** Before every name that is made: indices, aliases, templates, policies. */
  prefix?: string;
  /** For one request, in milliseconds. */
  timeoutMs?: number;
}

export interface Elasticsearch {
  client: Client;
  prefix: string;
  close(): Promise<void>;
}

/**
 * Makes the client and asks the server who it is.
 * Throws PARAPET_CONFIG_INVALID on options that contradict each other, PARAPET_STORE_UNAVAILABLE when it does not answer.
 */
export async function openElasticsearch(options: ElasticsearchOptions): Promise<Elasticsearch> {
  const store = connect(options);
  try {
    await attempt('open', () => store.client.info());
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Like `openElasticsearch`, without asking: for processes that must start while the store is down. */
export function connect(options: ElasticsearchOptions): Elasticsearch {
  const { url, apiKey, user, password, caFile, prefix = '', timeoutMs = 30_000 } = options;
  if (!/^(?:[a-z0-9][a-z0-9._-]*)?$/.test(prefix)) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `"${prefix}" cannot begin the name of an Elasticsearch index.` });
  }
  if (apiKey !== undefined && user !== undefined) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'Elasticsearch takes an API key or a user, not both.' });
  }
  if (password !== undefined && user === undefined) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'ELASTICSEARCH_PASSWORD is set without ELASTICSEARCH_USER.' });
  }
  checkUrl(url);
  const client = new Client({
    node: url,
    maxRetries: 0,
    requestTimeout: timeoutMs,
    ...(apiKey === undefined ? {} : { auth: { apiKey } }),
    ...(user === undefined ? {} : { auth: { username: user, password: password ?? '' } }),
    ...(caFile === undefined ? {} : { tls: { ca: readAuthority(caFile) } }),
  });
  return { client, prefix, close: () => client.close() };
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'ELASTICSEARCH_URL is not a URL such as https://host:9200.' });
  }
  // A URL is printed without a thought; a password is not to be.
  if (parsed.username !== '' || parsed.password !== '') {
    const hint = 'Set ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD, or ELASTICSEARCH_API_KEY.';
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'ELASTICSEARCH_URL holds a user or a password.', hint });
  }
}

function readAuthority(caFile: string): Buffer {
  try {
    return readFileSync(caFile);
  } catch (error) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `ELASTICSEARCH_CA_FILE: ${caFile} cannot be read.`, cause: error });
  }
}

/** Asks the server who it is. Throws PARAPET_STORE_UNAVAILABLE. */
export async function versionOf({ client }: Elasticsearch): Promise<string> {
  return attempt('open', async () => (await client.info()).version.number);
}

/** Runs `act`; what it throws becomes PARAPET_STORE_UNAVAILABLE that says what to do. */
export async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw unavailable(what, error);
  }
}

export function unavailable(what: string, error: unknown): ParapetError {
  if (error instanceof ParapetError) return error;
  const [says, hint] = explain(error);
  const message = `Elasticsearch could not ${what}: ${says}`;
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', { message, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** The HTTP status of an answer that the client took for an error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof errors.ResponseError ? error.statusCode : undefined;
}

/** Elasticsearch's own name of an error, e.g. `resource_already_exists_exception`. */
export function typeOf(error: unknown): string | undefined {
  if (!(error instanceof errors.ResponseError)) return undefined;
  const body: unknown = error.body;
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  return typeof body.error === 'object' && body.error !== null && 'type' in body.error ? String(body.error.type) : undefined;
}

/** Privileges that the sink needs, for the hint and the README. */
export const PRIVILEGES =
  'cluster: monitor, manage_index_templates, manage_ilm; indices: create_index, index, read, view_index_metadata, maintenance, manage';

/** A proxy may repeat in its words what it was sent. */
const SECRET = /\b(Basic|ApiKey|Bearer) [\w+/=.-]+/gi;

const AUTHORITY = /self.signed certificate|unable to (get|verify)/i;

/** What to do about an answer or an item of one, where the status and Elasticsearch's name of the error say it. */
export function hintOf(status: number, type: string | undefined): string | undefined {
  if (status === 401) {
    return 'Check ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD: the server does not know them.';
  }
  if (type === 'security_exception') return `The credentials are known, but not allowed this. Parapet needs: ${PRIVILEGES}.`;
  if (type === 'cluster_block_exception') {
    return 'The index or the cluster takes no writes now: look for a full disk (flood stage) or a block that somebody set.';
  }
  if (type === undefined && status >= 300 && status < 500 && status !== 429) {
    return 'These are not the words of Elasticsearch: check ELASTICSEARCH_URL, and a proxy if there is one.';
  }
  return undefined;
}

/** What happened, and what to do about it when that is known. */
function explain(error: unknown): [says: string, hint?: string | undefined] {
  if (error instanceof errors.ResponseError) {
    const says = `${error.statusCode} ${typeOf(error) ?? ''} ${reasonOf(error)}`
      .replace(/ +/g, ' ')
      .replace(SECRET, '$1 …')
      .trim()
      .slice(0, 400);
    return [says, hintOf(error.statusCode ?? 0, typeOf(error))];
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return [
      'what answers is not Elasticsearch',
      'Check ELASTICSEARCH_URL: it must lead to Elasticsearch 8 itself, or to a proxy that passes its headers on.',
    ];
  }
  if (error instanceof errors.TimeoutError) return ['no answer in time', 'Check the load of the cluster; nothing is lost.'];
  // The client keeps the message of Node's error and drops its code; of a host with several addresses it has not even that.
  const says = (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)).slice(0, 400) || 'the connection failed';
  if (/ENOTFOUND|EAI_AGAIN/.test(says)) return [says, 'Check the host in ELASTICSEARCH_URL: its name cannot be resolved.'];
  if (AUTHORITY.test(says)) {
    return [says, 'Set ELASTICSEARCH_CA_FILE to the PEM of the authority that signed the server’s certificate.'];
  }
  if (/certificate has expired|not yet valid/i.test(says)) return [says, 'Renew the server’s certificate, and check the clocks.'];
  if (/altnames/i.test(says)) return [says, 'Use a host in ELASTICSEARCH_URL that the server’s certificate names.'];
  if (/wrong version number|packet length too long/i.test(says)) {
    return [says, 'The port does not speak TLS: check http or https in ELASTICSEARCH_URL.'];
  }
  if (/ECONNREFUSED|the connection failed/.test(says)) {
    return [says, 'Nothing listens there: start Elasticsearch, or check ELASTICSEARCH_URL.'];
  }
  if (/other side closed|socket hang up|ECONNRESET/i.test(says)) {
    return [says, 'The server ended the connection: it is stopping, or it speaks TLS and ELASTICSEARCH_URL says http.'];
  }
  if (/Expected HTTP|HPE_|Parse Error|Response does not match/i.test(says)) {
    return [says, 'The port does not speak HTTP: check the port in ELASTICSEARCH_URL.'];
  }
  return [says];
}

function reasonOf(error: InstanceType<typeof errors.ResponseError>): string {
  const body: unknown = error.body;
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const inner = body.error;
    if (typeof inner === 'string') return inner;
    if (typeof inner === 'object' && inner !== null && 'reason' in inner) return String(inner.reason);
  }
  return '';
}
