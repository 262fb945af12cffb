/**
 * A vendor's refusal as a coded error, the same for every vendor. Subtle: the status tells whose fault it was. What
 * the caller can mend (400, 404, 413, 422, 429) keeps its status; a refused key is the gateway's own and becomes 502,
 * and its message is not repeated, because vendors quote a part of the key in it.
 */
import { type ErrorDetails, ParapetError } from '../../core/errors.ts';
import { isObject } from '../wire/fields.ts';

export type Headers = Record<string, string | string[] | undefined>;

const MESSAGE_LIMIT = 300;

export interface VendorFailure {
  vendor: string;
  status: number;
  headers: Headers;
  /** The body as text: JSON, HTML or empty. */
  body: string;
  nowMs: number;
}

/** 429 → PARAPET_VENDOR_RATE_LIMITED, anything else → PARAPET_VENDOR_ERROR; both with the vendor's delay when given. */
export function vendorFailure({ vendor, status, headers, body, nowMs }: VendorFailure): ParapetError {
  const details: ErrorDetails = {};
  const retryAfterSeconds = retryAfter(headers, nowMs);
  if (retryAfterSeconds !== undefined) details.retryAfterSeconds = retryAfterSeconds;
  if (status === 401 || status === 403) {
    return new ParapetError('PARAPET_VENDOR_ERROR', {
      ...details,
      message: `The vendor ${vendor} refused the gateway's key (${status}).`,
      hint: 'The operator checks the key of this vendor and what it may use.',
    });
  }
  const said = messageOf(body);
  details.message = `The vendor ${vendor} answered ${status}${said.message === '' ? ' without a message.' : `: ${said.message}`}`;
  if (said.param !== undefined) details.param = said.param;
  if (status === 429) return new ParapetError('PARAPET_VENDOR_RATE_LIMITED', details);
  return new ParapetError('PARAPET_VENDOR_ERROR', { ...details, status: outwardStatus(status) });
}

/** An error that the vendor reported under status 200, as in the middle of a stream; from its `error` object. */
export function vendorStreamFailure(vendor: string, error: unknown): ParapetError {
  const type = isObject(error) ? `${text(error['type'])} ${text(error['code'])}` : '';
  const said = messageOf(JSON.stringify({ error }));
  const message = `The vendor ${vendor} broke off the answer: ${said.message === '' ? 'no reason given.' : said.message}`;
  if (type.includes('rate_limit')) return new ParapetError('PARAPET_VENDOR_RATE_LIMITED', { message });
  return new ParapetError('PARAPET_VENDOR_ERROR', type.includes('overloaded') ? { message, status: 503 } : { message });
}

/** What came is not the vendor's format. `detail` says why, without showing content. */
export function vendorGarbage(vendor: string, detail: string, cause?: unknown): ParapetError {
  return new ParapetError('PARAPET_VENDOR_GARBAGE', { message: `The vendor ${vendor} sent something unreadable: ${detail}`, cause });
}

/** Runs a reader of requests on a vendor's answer: what it finds invalid is the vendor's fault here. */
export function readingVendor<T>(vendor: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof ParapetError && thrown.code === 'PARAPET_INVALID_REQUEST') throw vendorGarbage(vendor, thrown.message, thrown);
    throw thrown;
  }
}

function outwardStatus(status: number): number {
  switch (status) {
    case 400:
    case 404:
    case 413:
    case 422:
      return status;
    case 408:
    case 504:
      return 504;
    case 503:
    case 529:
      return 503;
    default:
      return 502;
  }
}

/** Seconds to wait, from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date. */
function retryAfter(headers: Headers, nowMs: number): number | undefined {
  const ms = Number(one(headers, 'retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms / 1000;
  const value = one(headers, 'retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds : undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - nowMs) / 1000));
}

function one(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function messageOf(body: string): { message: string; param?: string } {
  if (body.trim() === '') return { message: '' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // A proxy's HTML page says nothing that a caller could use.
    return { message: 'a body that is not JSON.' };
  }
  const error = isObject(parsed) ? (parsed['error'] ?? parsed) : parsed;
  if (typeof error === 'string') return { message: clip(error) };
  if (!isObject(error)) return { message: '' };
  const message = clip(text(error['message']) || text(error['detail']));
  return typeof error['param'] === 'string' ? { message, param: error['param'] } : { message };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function clip(message: string): string {
  return message.length <= MESSAGE_LIMIT ? message : `${message.slice(0, MESSAGE_LIMIT)}…`;
}
