/**
 * Spans as OTLP's JSON has them (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): names in camel case,
 * ids in hex, enums as numbers, 64-bit numbers as decimal strings. Whatever the texts hold, the request stays valid: a
 * collector refuses the whole batch for one wrong byte.
 */

export const KIND = { internal: 1, server: 2, client: 3, consumer: 5 } as const;

export type AttributeValue = string | number | boolean | readonly string[];
/** Entries that are undefined or null are left out. */
export type Attributes = Record<string, AttributeValue | undefined | null>;

export interface SpanLink {
  traceId: string;
  spanId: string;
}

/** A span that has ended. Times are microseconds since 1970. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  /** The parent is in another process. */
  remoteParent: boolean;
  traceState: string | undefined;
  name: string;
  kind: (typeof KIND)[keyof typeof KIND];
  startedAt: number;
  endedAt: number;
  attributes: Attributes;
  links: readonly SpanLink[];
  /** Links that there was no room for. */
  droppedLinks: number;
  /** A code, never a message: messages of vendors may hold what a user wrote. */
  error: string | undefined;
}

/** Enough for every id and name, too little for a prompt. */
const TEXT_CHARS = 256;
const SAMPLED = 0x01;
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
const STATUS_ERROR = 2;
const SCOPE = '{"name":"parapet"}';

/** JSON of one span; written field by field, because it is most of what a span costs. */
export function encodeSpan(span: Span): string {
  const { traceId, spanId, parentSpanId, traceState, links, droppedLinks, error } = span;
  const flags = SAMPLED | KNOWS_REMOTE | (span.remoteParent ? IS_REMOTE : 0);
  let out = `{"traceId":"${traceId}","spanId":"${spanId}","flags":${flags},"kind":${span.kind}`;
  if (parentSpanId !== null) out += `,"parentSpanId":"${parentSpanId}"`;
  if (traceState !== undefined) out += `,"traceState":${JSON.stringify(traceState)}`;
  out += `,"name":${textOf(span.name || 'unnamed')},"attributes":${encodeAttributes(span.attributes)}`;
  out += `,"startTimeUnixNano":"${nanos(span.startedAt)}","endTimeUnixNano":"${nanos(Math.max(span.startedAt, span.endedAt))}"`;
  if (links.length > 0) out += `,"links":[${links.map(encodeLink).join(',')}]`;
  if (droppedLinks > 0) out += `,"droppedLinksCount":${droppedLinks}`;
  return `${out},"status":${error === undefined ? '{}' : `{"code":${STATUS_ERROR},"message":${textOf(error)}}`}}`;
}

/** The body of a request from the JSON of its spans. */
export function encodeRequest(resource: Attributes, spans: readonly string[]): string {
  const attributes = encodeAttributes(resource);
  return `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{"scope":${SCOPE},"spans":[${spans.join(',')}]}]}]}`;
}

function encodeLink({ traceId, spanId }: SpanLink): string {
  return `{"traceId":"${traceId}","spanId":"${spanId}","flags":${SAMPLED | KNOWS_REMOTE | IS_REMOTE}}`;
}

function encodeAttributes(attributes: Attributes): string {
  let out = '';
  for (const name in attributes) {
    const given = attributes[name];
    const value = given === undefined || given === null || name === '' ? undefined : encodeValue(given);
    if (value !== undefined) out += `${out === '' ? '' : ','}{"key":${textOf(name)},"value":{${value}}}`;
  }
  return `[${out}]`;
}

function encodeValue(value: AttributeValue): string | undefined {
  if (typeof value === 'string') return `"stringValue":${textOf(value)}`;
  if (typeof value === 'boolean') return `"boolValue":${value}`;
  if (typeof value !== 'number') return `"arrayValue":{"values":[${value.map((each) => `{"stringValue":${textOf(each)}}`).join(',')}]}`;
  if (Number.isSafeInteger(value)) return `"intValue":"${value}"`;
  return Number.isFinite(value) ? `"doubleValue":${value}` : undefined;
}

/** As JSON. Half a surrogate pair, whether it came so or was cut so, is not UTF-8. */
function textOf(text: string): string {
  return JSON.stringify((text.length <= TEXT_CHARS ? text : text.slice(0, TEXT_CHARS)).toWellFormed());
}

function nanos(micros: number): string {
  return `${Math.max(0, Math.round(micros))}000`;
}
