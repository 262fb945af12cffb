/**
 * W3C trace context (https://www.w3.org/TR/trace-context/): read strictly, written in version 00. What does not fit the
 * standard is as good as absent: a caller's broken header must neither refuse a request nor begin a broken trace.
 */

export interface SpanContext {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits. */
  spanId: string;
  sampled: boolean;
}

/** Share of the traces that are recorded, and whether a caller's own decision goes before it. */
export interface Sampling {
  parentBased: boolean;
  /** 0 to 1. */
  ratio: number;
}

/** Headers as Node and the log have them. */
export type Headers = Record<string, string | string[] | undefined>;

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const STATE_MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const STATE_CHARS = 512;
const STATE_MEMBERS = 32;

/** The context in a `traceparent`; undefined when there is none or it is malformed. */
export function parseTraceparent(header: string | string[] | undefined): SpanContext | undefined {
  if (typeof header !== 'string') return undefined;
  const match = TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  // Later versions may append fields; the first one has none.
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparent({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** A `tracestate` to pass on: as many members from its front as the standard asks to carry; undefined when it is malformed. */
export function parseTracestate(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const members = header
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  if (members.length === 0 || members.length > STATE_MEMBERS || !members.every((member) => STATE_MEMBER.test(member))) return undefined;
  let out = '';
  for (const member of members) {
    const longer = out === '' ? member : `${out},${member}`;
    if (longer.length > STATE_CHARS) break;
    out = longer;
  }
  return out === '' ? undefined : out;
}

/**
 * Whether a trace is recorded. By ratio it depends on the trace id alone (its random end, as OpenTelemetry's consistent
 * sampling has it), so every process that uses the same ratio decides alike.
 */
export function isSampled({ parentBased, ratio }: Sampling, traceId: string, parent: SpanContext | undefined): boolean {
  if (parentBased && parent !== undefined) return parent.sampled;
  return Number.parseInt(traceId.slice(18, 31), 16) >= (1 - ratio) * 2 ** 52;
}

/** The trace of a request as the gateway keeps it. */
export interface RequestTrace {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
}

/**
 * Headers of a record: the gateway's span as the parent of what comes later, and the caller's `tracestate`. Without
 * `sampling`, nothing is recorded here, and the caller's decision is passed on.
 */
export function recordHeaders(
  { traceId, spanId, parentSpanId }: RequestTrace,
  caller: Headers,
  sampling?: Sampling,
): Record<string, string> {
  // Most requests have no context of their own: nothing is parsed for them.
  const parent = parentSpanId === null ? undefined : parseTraceparent(caller['traceparent']);
  const sampled = sampling === undefined ? parent?.sampled === true : isSampled(sampling, traceId, parent);
  const out: Record<string, string> = { traceparent: traceparent({ traceId, spanId, sampled }) };
  const state = parent === undefined ? undefined : parseTracestate(caller['tracestate']);
  if (state !== undefined) out['tracestate'] = state;
  return out;
}
