/**
 * One call of a vendor: bytes out, head and chunks back through handlers, without a stream object in between. Only a
 * connection that was never made is tried again; once a byte is out the vendor may have begun to work, and to bill.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { ParapetError } from '../../core/errors.ts';
import type { CallTracer } from '../../telemetry/exchange.ts';
import type { Vendor } from '../routing.ts';
import type { VendorRequest } from '../vendors/types.ts';

export type VendorHeaders = Record<string, string | string[] | undefined>;

export interface VendorHandlers {
  /** Each time a connection is tried. */
  attempt(): void;
  head(status: number, headers: VendorHeaders): void;
  data(chunk: Buffer): void;
  /** The body is whole. */
  end(): void;
  /** The call failed, before its head or after. Nothing comes after this. */
  error(error: ParapetError): void;
}

export interface VendorConnection {
  pause(): void;
  resume(): void;
  /** Ends the call; no handler is called any more. */
  abort(): void;
}

const CONNECT_FAILURES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
const RETRY_MS = [50, 250];

/** A request of a sampled exchange brings its tracer. */
type TracedRequest = VendorRequest & { tracer?: CallTracer };

export function callVendor(vendor: Vendor, request: TracedRequest, handlers: VendorHandlers): VendorConnection {
  let controller: Dispatcher.DispatchController | undefined;
  let over = false;
  let tries = 0;

  function attempt(): void {
    handlers.attempt();
    const trace = request.tracer?.attempt();
    let headSeen = false;
    vendor.pool.dispatch(
      { path: `${vendor.basePath}${request.path}`, method: 'POST', headers: trace?.headers ?? request.headers, body: request.body },
      {
        onRequestStart(started) {
          controller = started;
          if (over) started.abort(new Error('aborted'));
        },
        onResponseStart(_controller, status, headers) {
          headSeen = true;
          trace?.head(status);
          if (!over) handlers.head(status, headers);
        },
        onResponseData(_controller, chunk) {
          if (!over) handlers.data(chunk);
        },
        onResponseEnd() {
          if (over) return;
          over = true;
          trace?.end();
          handlers.end();
        },
        onResponseError(_controller, error) {
          if (over) return;
          const code = (error as NodeJS.ErrnoException).code ?? '';
          trace?.end(code || error.name);
          const pause = RETRY_MS[tries];
          if (!headSeen && CONNECT_FAILURES.has(code) && pause !== undefined) {
            tries += 1;
            void sleep(pause).then(() => {
              if (!over) attempt();
            });
            return;
          }
          over = true;
          // A pool that is closed says so within `dispatch`; a caller expects its answer later, always.
          queueMicrotask(() => handlers.error(failureOf(vendor, error, code, headSeen)));
        },
      },
    );
  }

  attempt();
  return {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    abort() {
      if (over) return;
      over = true;
      controller?.abort(new Error('aborted'));
    },
  };
}

function failureOf(vendor: Vendor, error: Error, code: string, headSeen: boolean): ParapetError {
  const { name } = vendor.config;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new ParapetError('PARAPET_VENDOR_TIMEOUT', {
      message: `The vendor ${name} did not go on with its answer in time.`,
      cause: error,
    });
  }
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return new ParapetError('PARAPET_DRAINING', { message: 'The gateway shut down before the vendor had answered.', cause: error });
  if (headSeen)
    return new ParapetError('PARAPET_VENDOR_CUT', { message: `The vendor ${name} ended its answer before the end.`, cause: error });
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') {
    return new ParapetError('PARAPET_VENDOR_UNREACHABLE', {
      message: `The vendor ${name} closed the connection without an answer.`,
      cause: error,
    });
  }
  if (/^HPE_/.test(code))
    return new ParapetError('PARAPET_VENDOR_GARBAGE', { message: `The vendor ${name} does not answer in HTTP.`, cause: error });
  return new ParapetError('PARAPET_VENDOR_UNREACHABLE', {
    message: `The vendor ${name} could not be reached (${code || error.message}).`,
    cause: error,
  });
}
