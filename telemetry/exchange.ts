/**
 * Spans of one request of the gateway: SERVER for the whole, CLIENT for each time a connection to the vendor was tried,
 * INTERNAL for inspections and durable writes. Times are only noted on the way; spans are made at the end, and only
 * where the trace is sampled.
 */
import { randomHex } from '../core/ids.ts';
import type { Ending, Exchange } from '../gateway/exchange.ts';
import type { VendorRequest } from '../gateway/vendors/types.ts';
import { attemptAttributes, callName, failureOf, requestAttributes } from './attributes.ts';
import { isSampled, parseTraceparent, parseTracestate, recordHeaders, type Sampling, traceparent } from './context.ts';
import { type Attributes, KIND, type Span } from './otlp.ts';

/** One connection that is tried. */
export interface AttemptTrace {
  /** Sent instead of the request's own. */
  readonly headers: Record<string, string>;
  head(status: number): void;
  /** `error`: why it failed, as a code. */
  end(error?: string): void;
}

/** Called by the stage that calls vendors. */
export interface CallTracer {
  attempt(): AttemptTrace;
}

/** Notes what happens when; `end` once, at the very end. */
export interface ExchangeTrace {
  /** The request was read, routed and inspected. */
  prepared(): void;
  calls(request: VendorRequest): VendorRequest & { tracer: CallTracer };
  intent(durable: Promise<void>): void;
  /** The answer is whole (or failed), its record is about to be written. */
  answered(): void;
  /** `lost`: the code of why the record of the end could not be written. */
  end(ending: Ending, lost?: string): void;
}

export interface ExchangeTraces {
  /** Undefined when there is nothing to do: the trace is not sampled. */
  begin(exchange: Exchange): ExchangeTrace | undefined;
  /** Of the exchange's records. */
  headers(exchange: Exchange): Record<string, string>;
}

export interface ExchangeTracesParts {
  add(span: Span): void;
  sampling: Sampling;
  vendorContext: boolean;
  userIds: boolean;
}

interface Attempt {
  spanId: string;
  startedMs: number;
  endedMs: number | undefined;
  status: number | undefined;
  error: string | undefined;
}

const NOTHING: Attributes = {};
const NO_LINKS: Span['links'] = [];

export function createExchangeTraces(parts: ExchangeTracesParts): ExchangeTraces {
  const { sampling } = parts;
  return {
    begin(exchange) {
      const { trace, headers } = exchange;
      const sampled = isSampled(sampling, trace.traceId, parseTraceparent(headers['traceparent']));
      return sampled || parts.vendorContext ? traceExchange(parts, exchange, sampled) : undefined;
    },
    headers: ({ trace, headers }) => recordHeaders(trace, headers, sampling),
  };
}

function traceExchange({ add, vendorContext, userIds }: ExchangeTracesParts, exchange: Exchange, sampled: boolean): ExchangeTrace {
  const { trace } = exchange;
  const attempts: Attempt[] = [];
  let preparedMs: number | undefined;
  let requestInspectMs = 0;
  let intentMs: number | undefined;
  let intentDurableMs: number | undefined;
  let answeredMs: number | undefined;

  function attempt(request: VendorRequest): AttemptTrace {
    const made: Attempt = { spanId: randomHex(2), startedMs: performance.now(), endedMs: undefined, status: undefined, error: undefined };
    attempts.push(made);
    const context = traceparent({ traceId: trace.traceId, spanId: sampled ? made.spanId : trace.spanId, sampled });
    return {
      headers: vendorContext ? { ...request.headers, traceparent: context } : request.headers,
      head(status) {
        made.status = status;
      },
      end(error) {
        made.endedMs ??= performance.now();
        made.error ??= error;
      },
    };
  }

  function inspections(closingMs: number, child: (name: string, fromMs: number, toMs: number, more: Partial<Span>) => void): void {
    const responseMs = exchange.inspectMs - requestInspectMs;
    const attributes = (direction: string, ms: number) => ({
      attributes: { 'parapet.inspect.direction': direction, 'parapet.inspect.ms': ms },
    });
    if (requestInspectMs > 0 && preparedMs !== undefined) {
      child('inspect request', preparedMs - requestInspectMs, preparedMs, attributes('request', requestInspectMs));
    }
    // A stream is inspected bit by bit: the span has the length of all of them together and ends with the last.
    if (responseMs > 0) child('inspect response', closingMs - responseMs, closingMs, attributes('response', responseMs));
  }

  function spans(ending: Ending, lost: string | undefined): void {
    const endedMs = performance.now();
    // Refused at the door: there was nothing in between.
    const closingMs = answeredMs ?? endedMs;
    const traceState = trace.parentSpanId === null ? undefined : parseTracestate(exchange.headers['tracestate']);
    const at = (ms: number) => exchange.startedAt + (ms - exchange.startedMs) * 1_000;
    // Spelt out: a spread for each span would cost more than the rest of it.
    const child = (name: string, fromMs: number, toMs: number, more: Partial<Span> = {}): void =>
      add({
        traceId: trace.traceId,
        spanId: more.spanId ?? randomHex(2),
        parentSpanId: trace.spanId,
        remoteParent: false,
        traceState,
        name,
        kind: more.kind ?? KIND.internal,
        startedAt: at(fromMs),
        endedAt: at(toMs),
        attributes: more.attributes ?? NOTHING,
        links: NO_LINKS,
        droppedLinks: 0,
        error: more.error,
      });

    inspections(closingMs, child);
    if (intentMs !== undefined) child('write intent', intentMs, intentDurableMs ?? endedMs);
    for (const [index, each] of attempts.entries())
      child(callName(exchange), each.startedMs, endOf(each, closingMs), attemptSpan(index, each, ending));
    if (answeredMs !== undefined) child('write end', answeredMs, endedMs, { error: lost });
    add({
      traceId: trace.traceId,
      spanId: trace.spanId,
      parentSpanId: trace.parentSpanId,
      remoteParent: trace.parentSpanId !== null,
      traceState,
      name: exchange.target === undefined ? 'chat' : `chat ${exchange.request?.model}`,
      kind: KIND.server,
      startedAt: exchange.startedAt,
      endedAt: at(endedMs),
      attributes: requestAttributes(exchange, ending, userIds),
      links: NO_LINKS,
      droppedLinks: 0,
      error: lost ?? failureOf(ending),
    });
  }

  /** One that the gateway gave up has no end of its own. */
  function endOf({ endedMs }: Attempt, closingMs: number): number {
    return endedMs ?? (exchange.vendorMs === null ? closingMs : exchange.vendorStartedMs + exchange.vendorMs);
  }

  function attemptSpan(index: number, { spanId, status, error, endedMs }: Attempt, ending: Ending): Partial<Span> {
    const why =
      error ??
      (endedMs === undefined ? failureOf(ending) : undefined) ??
      (status !== undefined && status >= 400 ? String(status) : undefined);
    return { spanId, kind: KIND.client, attributes: attemptAttributes(exchange, index, status, why), error: why };
  }

  return {
    prepared() {
      preparedMs = performance.now();
      requestInspectMs = exchange.inspectMs;
    },
    calls: (request) => ({ ...request, tracer: { attempt: () => attempt(request) } }),
    intent(durable) {
      intentMs = performance.now();
      durable.then(
        () => {
          intentDurableMs = performance.now();
        },
        () => undefined,
      );
    },
    answered() {
      answeredMs = performance.now();
      if (preparedMs !== undefined) return;
      preparedMs = answeredMs;
      requestInspectMs = exchange.inspectMs;
    },
    end(ending, lost) {
      if (sampled) spans(ending, lost);
    },
  };
}
