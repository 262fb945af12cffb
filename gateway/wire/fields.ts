/**
 * Readers for the fields of a parsed body. Each takes the path of the field, so that every complaint names the place
 * (`messages[2].content`) that the caller has to change. Subtle: `null` counts as absent, because the vendors' own
 * clients send `null` for what is not set.
 */
import { ParapetError } from '../../core/errors.ts';

export type JsonObject = Record<string, unknown>;

/** A field is missing or wrong. */
export function invalid(param: string, message: string): ParapetError {
  return new ParapetError('PARAPET_INVALID_REQUEST', { message: `${param}: ${message}`, param });
}

/** A field is right, but what it asks for cannot be carried to the other format. */
export function unsupported(param: string, message: string): ParapetError {
  return new ParapetError('PARAPET_UNSUPPORTED', { message: `${param}: ${message}`, param });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function readObject(value: unknown, param: string): JsonObject {
  if (!isObject(value)) throw invalid(param, `expected an object, got ${nameOf(value)}.`);
  return value;
}

export function readArray(value: unknown, param: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(param, `expected an array, got ${nameOf(value)}.`);
  return value;
}

export function readString(value: unknown, param: string): string {
  if (typeof value !== 'string') throw invalid(param, `expected a string, got ${nameOf(value)}.`);
  return value;
}

/** A string that has at least one character: names, ids, models. */
export function readName(value: unknown, param: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(param, `expected a non-empty string, got ${nameOf(value)}.`);
  return value;
}

export function optionalString(value: unknown, param: string): string | undefined {
  return isAbsent(value) ? undefined : readString(value, param);
}

export function optionalBoolean(value: unknown, param: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') throw invalid(param, `expected true or false, got ${nameOf(value)}.`);
  return value;
}

export interface Range {
  min: number;
  max: number;
  integer?: boolean;
}

export const COUNT: Range = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };

export function optionalNumber(value: unknown, param: string, range: Range): number | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(param, `expected a number, got ${nameOf(value)}.`);
  if (range.integer && !Number.isInteger(value)) throw invalid(param, `expected a whole number, got ${value}.`);
  if (value < range.min || value > range.max) {
    const upper = range.max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${range.max}`;
    throw invalid(param, `expected ${range.min} ${upper}, got ${value}.`);
  }
  return value;
}

/** An array of strings. */
export function readStrings(value: unknown, param: string): string[] {
  return readArray(value, param).map((item, i) => readString(item, `${param}[${i}]`));
}

/** What a value is, without showing it: a body may hold personal data. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
