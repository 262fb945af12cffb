/**
 * A trace collector for tests that believes nothing: a body that OTLP's JSON does not allow, in any field, is answered
 * with 400 and remembered as a complaint, as a real one would refuse it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SeenSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  traceState: string | undefined;
  flags: number;
  name: string;
  kind: number;
  startedAt: bigint;
  endedAt: bigint;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  droppedLinks: number;
  status: { code?: number; message?: string };
  resource: Record<string, unknown>;
}

/** What to do with a post instead of taking it; undefined takes it. */
export type Behaviour = (request: { number: number; spans: SeenSpan[] }, response: ServerResponse) => undefined | 'handled';

export interface Collector {
  url: string;
  /** Of posts that were taken. */
  spans: SeenSpan[];
  /** Posts that came, whatever became of them, with their spans. */
  posts: { spans: SeenSpan[]; headers: IncomingMessage['headers'] }[];
  /** Why a body was refused. */
  complaints: string[];
  close(): Promise<void>;
}

export async function startCollector(behave: Behaviour = () => undefined, port = 0): Promise<Collector> {
  const seen: Pick<Collector, 'spans' | 'posts' | 'complaints'> = { spans: [], posts: [], complaints: [] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        const spans = parsePost(request, Buffer.concat(chunks));
        seen.posts.push({ spans, headers: request.headers });
        if (behave({ number: seen.posts.length, spans }, response) === 'handled') return;
        seen.spans.push(...spans);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      } catch (error) {
        seen.complaints.push(String(error));
        response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    ...seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function parsePost(request: IncomingMessage, body: Buffer): SeenSpan[] {
  must(request.method === 'POST' && request.url === '/v1/traces', `${request.method} ${request.url}`);
  must(request.headers['content-type'] === 'application/json', 'content-type');
  const encoding = request.headers['content-encoding'];
  must(encoding === 'gzip' || encoding === undefined, 'content-encoding');
  return parseRequest(new TextDecoder('utf-8', { fatal: true }).decode(encoding === 'gzip' ? gunzipSync(body) : body));
}

/** Throws at whatever is not exactly as the protocol has it. */
export function parseRequest(text: string): SeenSpan[] {
  const { resourceSpans } = only(JSON.parse(text), ['resourceSpans']);
  return list(resourceSpans, 'resourceSpans').flatMap((each) => {
    const { resource, scopeSpans } = only(each, ['resource', 'scopeSpans']);
    const attributes = attributesOf(only(resource, ['attributes'])['attributes']);
    return list(scopeSpans, 'scopeSpans').flatMap((scoped) => {
      const { scope, spans } = only(scoped, ['scope', 'spans']);
      must(typeof only(scope, ['name'])['name'] === 'string', 'scope.name');
      return list(spans, 'spans').map((span) => spanOf(span, attributes));
    });
  });
}

const SPAN_FIELDS = [
  'traceId',
  'spanId',
  'parentSpanId',
  'traceState',
  'flags',
  'name',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'attributes',
  'links',
  'droppedLinksCount',
  'status',
];

function spanOf(given: unknown, resource: Record<string, unknown>): SeenSpan {
  const span = only(given, SPAN_FIELDS);
  const { parentSpanId, traceState, flags, name, kind, droppedLinksCount = 0 } = span;
  must(typeof name === 'string' && name.length > 0, 'name');
  must(traceState === undefined || (typeof traceState === 'string' && traceState.length <= 512), 'traceState');
  must(uint32(flags) && uint32(droppedLinksCount), 'flags, droppedLinksCount');
  must(Number.isInteger(kind) && (kind as number) >= 1 && (kind as number) <= 5, 'kind');
  const status = only(span['status'], ['code', 'message']) as SeenSpan['status'];
  must(status.code === undefined || [0, 1, 2].includes(status.code), 'status.code');
  must(status.message === undefined || typeof status.message === 'string', 'status.message');
  const startedAt = fixed64(span['startTimeUnixNano']);
  const endedAt = fixed64(span['endTimeUnixNano']);
  must(endedAt >= startedAt, 'a span ends after it began');
  return {
    traceId: id(span['traceId'], 32),
    spanId: id(span['spanId'], 16),
    parentSpanId: parentSpanId === undefined ? undefined : id(parentSpanId, 16),
    traceState: traceState as string | undefined,
    flags: flags as number,
    name: name as string,
    kind: kind as number,
    startedAt,
    endedAt,
    attributes: attributesOf(span['attributes']),
    links: span['links'] === undefined ? [] : list(span['links'], 'links').map(linkOf),
    droppedLinks: droppedLinksCount as number,
    status,
    resource,
  };
}

function linkOf(given: unknown): { traceId: string; spanId: string } {
  const { traceId, spanId, flags } = only(given, ['traceId', 'spanId', 'flags']);
  must(uint32(flags), 'link.flags');
  return { traceId: id(traceId, 32), spanId: id(spanId, 16) };
}

function attributesOf(given: unknown): Record<string, unknown> {
  const out = new Map<string, unknown>();
  for (const each of list(given, 'attributes')) {
    const { key, value } = only(each, ['key', 'value']);
    must(typeof key === 'string' && key !== '' && !out.has(key), `attribute ${String(key)}`);
    out.set(key as string, anyValueOf(value));
  }
  return Object.fromEntries(out);
}

function anyValueOf(given: unknown): unknown {
  const entries = Object.entries(only(given, ['stringValue', 'intValue', 'doubleValue', 'boolValue', 'arrayValue']));
  must(entries.length === 1, 'a value has one field');
  const [kind, value] = entries[0] as [string, unknown];
  if (kind === 'arrayValue') return list(only(value, ['values'])['values'], 'values').map(anyValueOf);
  if (kind === 'stringValue') must(typeof value === 'string' && (value as string).isWellFormed(), 'stringValue');
  if (kind === 'doubleValue') must(typeof value === 'number', 'doubleValue');
  if (kind === 'boolValue') must(typeof value === 'boolean', 'boolValue');
  if (kind !== 'intValue') return value;
  must(typeof value === 'string' && /^-?\d+$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value), 'intValue');
  return Number(value);
}

function id(given: unknown, digits: number): string {
  must(typeof given === 'string' && given.length === digits && /^[0-9a-f]+$/.test(given) && !/^0+$/.test(given), `id ${String(given)}`);
  return given as string;
}

function fixed64(given: unknown): bigint {
  must(typeof given === 'string' && /^\d{1,20}$/.test(given), 'a time is a string of digits');
  const value = BigInt(given as string);
  must(BigInt.asUintN(64, value) === value, 'a time has 64 bits');
  return value;
}

function uint32(given: unknown): boolean {
  return Number.isInteger(given) && (given as number) >= 0 && (given as number) <= 0xff_ff_ff_ff;
}

function only(given: unknown, allowed: readonly string[]): Record<string, unknown> {
  must(typeof given === 'object' && given !== null && !Array.isArray(given), `an object with ${allowed.join(', ')}`);
  for (const name of Object.keys(given as object)) must(allowed.includes(name), `unknown field ${name}`);
  return given as Record<string, unknown>;
}

function list(given: unknown, name: string): unknown[] {
  must(Array.isArray(given), `${name} is a list`);
  return given as unknown[];
}

function must(fact: boolean, what: string): void {
  if (!fact) throw new Error(`Not OTLP: ${what}`);
}
