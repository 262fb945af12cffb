/**
 * One interaction on its way through the stages. Each stage fills its own part, in request order; `record` reads all of
 * it. Whatever happens, an exchange ends exactly once, and its end is on disk before its caller has the last byte.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { ParapetError } from '../core/errors.ts';
import { newId, nowMicros, randomHex } from '../core/ids.ts';
import type { Detector } from '../detection/types.ts';
import type { PolicyDecision, Sealed, Verdict } from '../schemas/types.ts';
import { parseTraceparent } from '../telemetry/context.ts';
import type { Caller } from './api-keys.ts';
import type { Target } from './routing.ts';
import type { CanonicalAnswer, CanonicalRequest, WireFormat } from './wire/types.ts';

export interface Exchange {
  readonly id: string;
  readonly wire: WireFormat;
  /** Microseconds since 1970. */
  readonly startedAt: number;
  /** The same moment on the monotonic clock, in milliseconds. */
  readonly startedMs: number;
  readonly headers: IncomingHttpHeaders;
  readonly address: string | undefined;
  readonly trace: { traceId: string; spanId: string; parentSpanId: string | null };
  /** Judges request and answer by the same rules, whatever is published meanwhile. */
  readonly detector: Detector;

  /** record: given with the first record of this exchange; 0 before. */
  gatewaySequence: number;
  /** receive */
  rawBody: Buffer;
  /** authenticate */
  caller: Caller | undefined;
  /** parse */
  request: CanonicalRequest | undefined;
  identity: {
    org: string;
    agentId: string;
    userId: string | null;
    subject: string;
    sessionId: string | null;
    conversationId: string | null;
  };
  /** route */
  target: Target | undefined;
  /** identify: the organisation's own, for request and answer, whatever is set meanwhile; undefined where the settings hold. */
  blockScore: number | undefined;
  /** inspect, decide, guard */
  verdicts: Verdict[];
  policyDecisions: PolicyDecision[];
  riskScore: number;
  inspectMs: number;
  /** In monitor mode: settles when the request has been looked at, meanwhile the vendor is called. */
  judged: Promise<void> | undefined;
  /** record: the sealed request, made once for the intent and used again for the end. */
  sealedRequest: Sealed | undefined;
  contentTruncated: boolean;
  /** Resolves when the intent is on disk; undefined while there is none. */
  intentDurable: Promise<void> | undefined;
  /** call */
  attempts: number;
  vendorStartedMs: number;
  vendorMs: number | null;
  timeToFirstTokenMs: number | null;
  chunkCount: number;
  responseBytes: number;
  answer: CanonicalAnswer | undefined;
  /** What could not be parsed, for the record. */
  unparsed: string | undefined;
  /** The client's connection closed before the answer's end. */
  abandoned: boolean;
}

export const NOBODY = {
  org: 'unknown',
  agentId: 'unknown',
  userId: null,
  subject: 'unknown/unknown',
  sessionId: null,
  conversationId: null,
};

export function createExchange(wire: WireFormat, headers: IncomingHttpHeaders, address: string | undefined, detector: Detector): Exchange {
  return {
    id: newId(),
    wire,
    startedAt: nowMicros(),
    startedMs: performance.now(),
    headers,
    address,
    trace: traceOf(headers['traceparent']),
    detector: detector.current ?? detector,
    gatewaySequence: 0,
    rawBody: EMPTY,
    caller: undefined,
    request: undefined,
    identity: NOBODY,
    target: undefined,
    blockScore: undefined,
    verdicts: [],
    policyDecisions: [],
    riskScore: 0,
    inspectMs: 0,
    judged: undefined,
    sealedRequest: undefined,
    contentTruncated: false,
    intentDurable: undefined,
    attempts: 0,
    vendorStartedMs: 0,
    vendorMs: null,
    timeToFirstTokenMs: null,
    chunkCount: 0,
    responseBytes: 0,
    answer: undefined,
    unparsed: undefined,
    abandoned: false,
  };
}

/** How an exchange ended. */
export type Ending =
  | { status: 'answered'; httpStatus: number }
  | { status: 'blocked' | 'rejected' | 'failed'; httpStatus: number; error: ParapetError }
  | { status: 'abandoned'; httpStatus: number; error?: ParapetError };

const EMPTY = Buffer.alloc(0);

/** W3C trace context: goes on with the caller's trace, or begins one. */
function traceOf(header: string | string[] | undefined): Exchange['trace'] {
  const caller = parseTraceparent(header);
  const spanId = randomHex(2);
  return caller ? { traceId: caller.traceId, spanId, parentSpanId: caller.spanId } : { traceId: randomHex(4), spanId, parentSpanId: null };
}
