/**
 * The contract of a vendor adapter: authenticate, send, normalise. An adapter holds no connection and no state; the
 * call stage owns pools, time-outs and retries.
 */
import type { ParapetError } from '../../core/errors.ts';
import type { CanonicalAnswer, CanonicalRequest, StreamEvent, WireFormatId } from '../wire/types.ts';

export interface VendorRequest {
  /** Path and query below the vendor's base URL, e.g. `/chat/completions`. */
  path: string;
  headers: Record<string, string>;
  /** The client's own bytes where nothing had to change, else the JSON text of the changed body. */
  body: string | Buffer;
}

export interface VendorCall {
  request: CanonicalRequest;
  /** The model's name at the vendor. */
  model: string;
  /** The client's own body bytes; used untouched when client and vendor speak the same format and the model is not renamed. */
  rawBody: Buffer;
  apiKey: string | undefined;
}

/** Turns the vendor's SSE payloads into canonical events. */
export interface VendorStreamParser {
  /** One SSE event. Throws ParapetError `PARAPET_VENDOR_GARBAGE` when it is not the vendor's format. */
  push(event: { event: string | undefined; data: string }): StreamEvent[];
}

/** A vendor's API. One folder each: request.ts, response.ts, stream.ts, index.ts. */
export interface VendorAdapter {
  /** Id of the vendor kind, e.g. `openai`, `anthropic`. */
  readonly id: string;
  /** The wire format the vendor speaks; a client of the same format gets the vendor's bytes unchanged. */
  readonly wire: WireFormatId;
  buildRequest(call: VendorCall): VendorRequest;
  /** Throws ParapetError `PARAPET_VENDOR_GARBAGE` when the body is not the vendor's format. */
  parseResponse(body: unknown): CanonicalAnswer;
  createStreamParser(): VendorStreamParser;
  /** A non-2xx answer as a coded error: 429 → PARAPET_VENDOR_RATE_LIMITED with retryAfterSeconds, else PARAPET_VENDOR_ERROR with a fitting status. */
  parseError(status: number, headers: Record<string, string | string[] | undefined>, body: string): ParapetError;
}
