/**
 * What of a record's values PostgreSQL can hold. Names that come from callers may hold anything: a NUL or half a character,
 * which no text of PostgreSQL can hold, or more than an index entry takes. Such a name becomes what can be held of it, `~`, and
 * twelve hex digits of its SHA-256, so that two names never become one. Numbers and times that make no sense are refused.
 */
import { hash } from 'node:crypto';

/** A value that makes its record unfit; the message becomes the reason and quotes nothing. */
export class Unfit extends Error {}

const LONGEST_NAME = 200;

/** A name or an id: unchanged wherever PostgreSQL can hold and index it. */
export function nameOf(text: string): string {
  if (text.length <= LONGEST_NAME && !text.includes('\0') && text.isWellFormed()) return text;
  const digest = hash('sha256', Buffer.from(text, 'utf16le')).slice(0, 12);
  return `${text.slice(0, LONGEST_NAME).toWellFormed().replaceAll('\0', '\uFFFD')}~${digest}`;
}

/** Text that nothing is looked up by, whole, as far as PostgreSQL can hold it. */
export function textOf(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

const FIRST_MICROS = Date.UTC(1970, 0, 1) * 1_000;
const LAST_MICROS = Date.UTC(9999, 11, 31) * 1_000;

/** Microseconds since 1970, whole and between 1970 and 9999. */
export function microsOf(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value >= FIRST_MICROS && value < LAST_MICROS) return value;
  throw new Unfit(`${field} is not a time between the years 1970 and 9999.`);
}

/** ISO 8601 with all six digits. */
export function timestampOf(micros: number): string {
  const millis = Math.floor(micros / 1_000);
  return `${new Date(millis).toISOString().slice(0, -1)}${String(micros - millis * 1_000).padStart(3, '0')}Z`;
}

/** A count of tokens. Up to 2^53 − 1: beyond, a JavaScript number is not exact, and no call has so many. */
export function countOf(value: number, field: string): bigint {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new Unfit(`${field} is not a whole number that can be counted.`);
}

const MOST_USD = 1e6;

/** US dollars as billionths, so that sums do not depend on their order. */
export function nanosOf(value: number, field: string): bigint {
  if (Number.isFinite(value) && Math.abs(value) <= MOST_USD) return BigInt(Math.round(value * 1e9));
  throw new Unfit(`${field} is not an amount of at most a million dollars.`);
}

/** Billionths as a decimal number. */
export function decimalOf(nanos: bigint): string {
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(10, '0');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
