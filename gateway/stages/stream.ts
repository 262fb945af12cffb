/**
 * A streamed answer. Three promises decide its shape: no byte leaves before the intent is on disk; the vendor's end mark
 * is kept back until the end is on disk; a stream that was cut never looks like one that ended. In monitor mode nothing
 * else is ever held.
 */
import type { ServerResponse } from 'node:http';
import { ParapetError, toParapetError } from '../../core/errors.ts';
import type { Ending, Exchange } from '../exchange.ts';
import type { Target } from '../routing.ts';
import { readUnterminated } from '../vendors/end-mark.ts';
import { isUsageOnlyChunk } from '../vendors/openai/index.ts';
import type { VendorRequest } from '../vendors/types.ts';
import { createAccumulator } from '../wire/accumulator.ts';
import { createSseParser, type SseEvent } from '../wire/sse.ts';
import type { CanonicalRequest, StreamEvent } from '../wire/types.ts';
import { callVendor, type VendorHeaders } from './call.ts';
import { decide, stops } from './decide.ts';
import { createHoldBack } from './guard.ts';
import { inspect, inspectResponse } from './inspect.ts';
import type { Client, StageParts } from './parts.ts';
import { boundLastWrite } from './respond.ts';
import type { AnswerTreatment } from './sensitive.ts';

const ERROR_BODY_BYTES = 1024 * 1024;
const LINGER_MS = 2_000;
/** What an end mark without it needs, so that a client takes it for a whole event. */
const BLANK_LINE = Buffer.from('\n\n');

export interface StreamedAnswer {
  ending: Ending;
  /** Sends what is left (the end mark, or an error frame) and ends the response. Undefined when no head was sent yet. */
  close: (() => void) | undefined;
}

/** Resolves when the answer has come to its end, whichever; never rejects for what a vendor or a client did. */
export function stream(
  parts: StageParts,
  exchange: Exchange,
  request: CanonicalRequest,
  target: Target,
  vendorRequest: VendorRequest,
  client: Client,
  response: ServerResponse,
  treatment?: AnswerTreatment,
): Promise<StreamedAnswer> {
  const { adapter } = target.vendor;
  // What is changed on the way has to be written anew.
  const passThrough = exchange.wire.id === adapter.wire && treatment === undefined;
  const treated = treatment?.stream();
  const hidesUsage = passThrough && adapter.wire === 'openai.chat' && !request.streamUsage;
  const renderer = exchange.wire.createStreamRenderer(parts.renderContext(exchange, request));
  const sse = createSseParser();
  const parser = adapter.createStreamParser();
  const accumulator = createAccumulator();
  const holdBack =
    parts.policy.mode === 'block'
      ? createHoldBack({
          inspect: (segments) => inspect(exchange, segments),
          judge(inspected) {
            // What does not stop the answer is noted once, at its end.
            if (stops(exchange, parts.policy, inspected)) decide(exchange, parts.policy, inspected);
          },
        })
      : undefined;

  return new Promise((resolve) => {
    let status = 0;
    let headers: VendorHeaders = {};
    let errorBody: Buffer[] | undefined;
    let headSent = false;
    let over = false;
    let intentOnDisk = false;
    let waiting: (string | Buffer)[] = [];
    let last: (string | Buffer)[] = [];
    let drainTimer: NodeJS.Timeout | undefined;
    let stallTimer: NodeJS.Timeout | undefined;
    let stalled = false;
    exchange.vendorStartedMs = performance.now();

    exchange.intentDurable?.then(
      () => {
        intentOnDisk = true;
        flush();
      },
      // The spool closed: without an intent nothing may leave.
      (error: unknown) => fail(error),
    );

    function send(frames: (string | Buffer)[]): void {
      for (const frame of frames) if (frame.length > 0) waiting.push(frame);
      flush();
    }

    function flush(): void {
      // After the end is settled it alone decides what is still sent, and with which status.
      if (over || !intentOnDisk || waiting.length === 0 || exchange.abandoned || response.destroyed) return;
      sendHead();
      const bytes = joined(waiting);
      waiting = [];
      if (!response.write(bytes)) waitForDrain();
    }

    function sendHead(): void {
      if (headSent) return;
      headSent = true;
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
        'x-parapet-interaction-id': exchange.id,
      });
    }

    /** The client reads slower than the vendor writes: stop reading from the vendor, for so long. */
    function waitForDrain(): void {
      if (stallTimer !== undefined) return;
      connection.pause();
      stallTimer = setTimeout(() => {
        stalled = true;
        response.destroy();
      }, parts.clientStallMs);
      response.once('drain', () => {
        clearTimeout(stallTimer);
        stallTimer = undefined;
        connection.resume();
      });
    }

    function handle(frame: SseEvent): void {
      if (frame.data === '') {
        // A comment or ping keeps the client's connection alive as well.
        if (passThrough && headSent) send([frame.raw]);
        return;
      }
      const events = parser.push({ event: frame.event, data: frame.data });
      take(frame, treated === undefined ? events : events.flatMap(treated));
    }

    function take(frame: SseEvent, events: StreamEvent[]): void {
      exchange.chunkCount += 1;
      for (const event of events) {
        if (event.type === 'error') throw event.error;
        const hadContent = accumulator.hasContent;
        accumulator.push(event);
        if (!hadContent && accumulator.hasContent) exchange.timeToFirstTokenMs = performance.now() - exchange.startedMs;
      }
      const bytes = bytesFor(frame, events);
      if (accumulator.finished) {
        last.push(bytes);
        return finish();
      }
      if (bytes.length === 0) return;
      send(holdBack ? holdBack.push(bytes, events) : [bytes]);
    }

    function bytesFor(frame: SseEvent, events: StreamEvent[]): string | Buffer {
      if (!passThrough) return events.map((event) => renderer.render(event)).join('');
      return hidesUsage && isUsageOnlyChunk(frame.data) ? '' : frame.raw;
    }

    /** The vendor's end mark came: judge the whole answer, then close. */
    function finish(): void {
      exchange.answer = accumulator.answer();
      if (parts.policy.mode !== 'off') decide(exchange, parts.policy, inspectResponse(exchange, exchange.answer.content));
      if (holdBack) last = [...holdBack.rest(), ...last];
      settle(exchange.abandoned ? abandoned() : { status: 'answered', httpStatus: 200 }, last);
    }

    function abandoned(error?: ParapetError): Ending {
      const httpStatus = headSent ? 200 : 0;
      const why = error ?? (stalled ? new ParapetError('PARAPET_CLIENT_STALLED') : undefined);
      return why === undefined ? { status: 'abandoned', httpStatus } : { status: 'abandoned', httpStatus, error: why };
    }

    function fail(thrown: unknown): void {
      if (over) return;
      const error = toParapetError(thrown);
      if (!accumulator.finished) exchange.answer = accumulator.hasContent ? accumulator.answer() : undefined;
      if (exchange.abandoned) return settle(abandoned(error), []);
      const kind = error.code === 'PARAPET_BLOCKED' || error.code === 'PARAPET_INSPECTION_FAILED' ? 'blocked' : 'failed';
      settle({ status: kind, httpStatus: headSent ? 200 : error.status, error }, headSent ? [renderer.renderError(error)] : []);
    }

    function settle(ending: Ending, tail: (string | Buffer)[]): void {
      if (over) return;
      over = true;
      clearTimeout(drainTimer);
      clearTimeout(stallTimer);
      // After its end mark a vendor only closes the response; let it, so that the connection can be used again.
      if (accumulator.finished) setTimeout(() => connection.abort(), LINGER_MS).unref();
      else connection.abort();
      exchange.vendorMs = performance.now() - exchange.vendorStartedMs;
      const failed = ending.status === 'failed' || ending.status === 'blocked';
      resolve({
        ending,
        close:
          failed && !headSent
            ? undefined
            : () => {
                if (response.destroyed) return;
                sendHead();
                response.end(joined([...waiting, ...tail]));
                boundLastWrite(response, parts.clientStallMs);
              },
      });
    }

    function guarded(work: () => void): void {
      if (over) return;
      try {
        work();
      } catch (thrown) {
        fail(thrown);
      }
    }

    const connection = callVendor(target.vendor, vendorRequest, {
      attempt() {
        exchange.attempts += 1;
      },
      head(code, values) {
        status = code;
        headers = values;
        const ok = code >= 200 && code <= 299;
        if (!ok || !isEventStream(values)) errorBody = [];
      },
      data(chunk) {
        guarded(() => {
          exchange.responseBytes += chunk.length;
          if (exchange.responseBytes > parts.responseLimitBytes) {
            throw new ParapetError('PARAPET_VENDOR_GARBAGE', {
              message: `The vendor's answer is larger than ${parts.responseLimitBytes} bytes.`,
            });
          }
          if (errorBody) {
            if (exchange.responseBytes <= ERROR_BODY_BYTES) errorBody.push(chunk);
            return;
          }
          for (const frame of sse.push(chunk)) {
            if (over) break;
            handle(frame);
          }
        });
      },
      end() {
        guarded(() => {
          if (errorBody) throw errorOf(target, status, headers, Buffer.concat(errorBody), exchange);
          const rest = sse.end();
          const ends = readUnterminated(parser, rest);
          if (rest && ends.length > 0)
            take({ ...rest, raw: Buffer.concat([rest.raw, BLANK_LINE]) }, treated ? ends.flatMap(treated) : ends);
          if (!over)
            throw new ParapetError('PARAPET_VENDOR_CUT', {
              message: `The vendor ${target.vendor.config.name} ended its answer before the end.`,
            });
        });
      },
      error(error) {
        fail(error);
      },
    });

    client.onClose(() => {
      if (over) return;
      exchange.abandoned = true;
      waiting = [];
      clearTimeout(stallTimer);
      connection.resume();
      drainTimer = setTimeout(() => {
        fail(
          new ParapetError('PARAPET_VENDOR_TIMEOUT', {
            message: 'The client left, and the vendor did not end its answer within the drain time.',
          }),
        );
      }, parts.abandonDrainMs);
    });
  });
}

function joined(frames: (string | Buffer)[]): string | Buffer {
  if (frames.length === 1) return frames[0] as string | Buffer;
  if (frames.every((frame) => typeof frame === 'string')) return frames.join('');
  return Buffer.concat(frames.map((frame) => (typeof frame === 'string' ? Buffer.from(frame) : frame)));
}

function isEventStream(headers: VendorHeaders): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.startsWith('text/event-stream');
}

function errorOf(target: Target, status: number, headers: VendorHeaders, body: Buffer, exchange: Exchange): ParapetError {
  const text = body.toString('utf8');
  if (status < 200 || status > 299) return target.vendor.adapter.parseError(status, headers, text);
  exchange.unparsed = text;
  return new ParapetError('PARAPET_VENDOR_GARBAGE', {
    message: `The vendor ${target.vendor.config.name} was asked for a stream and did not send one.`,
  });
}
