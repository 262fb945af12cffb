/**
 * What of a request's body no parser reads. When client and vendor speak the same format all of it reaches the vendor, and much of
 * that a model: the schema that the answer must follow, a speaker's name, fields that only some vendors know (documents, a chat
 * template). So that no field is a way around the guard, each format says what it reads and what no model sees; the rest is text for
 * the guard.
 */
import type { RestText, Role } from '../../schemas/content.ts';
import { isAbsent, isObject, type JsonObject } from './fields.ts';

/**
 * What is known of a value: `true` where all of it is read or no model sees any; fields, of an object or of each object of a list; or
 * how to tell from the object itself. Where fields are known, anything but objects is read, or was refused.
 */
export type Known = true | { readonly [field: string]: Known } | ((value: JsonObject) => Known);

/** Fields of which all is known, with spaces between. */
export function all(names: string): Record<string, true> {
  return Object.fromEntries(names.split(' ').map((name): [string, true] => [name, true]));
}

/** `top`: all fields but `messages`; `message`: each of these. */
export function restOf(body: JsonObject, top: Known, message: Known): RestText[] {
  const out: RestText[] = [];
  const { messages, ...others } = body;
  walk(others, top, '', undefined, out);
  for (const [i, each] of (messages as JsonObject[]).entries()) walk(each, message, `messages[${i}]`, roleOf(each), out);
  return out;
}

/** The parser took it, so it is one of ours, or the older name of one. */
const roleOf = ({ role }: JsonObject): Role => (role === 'function' ? 'tool' : (role as Role));

function walk(value: unknown, known: Known, at: string, role: Role | undefined, out: RestText[]): void {
  if (known === true) return;
  if (Array.isArray(value)) {
    value.forEach((each, i) => {
      walk(each, known, `${at}[${i}]`, role, out);
    });
    return;
  }
  if (!isObject(value)) return;
  const fields = typeof known === 'function' ? known(value) : known;
  if (typeof fields === 'function') return walk(value, fields, at, role, out);
  if (fields === true) return;
  for (const [field, each] of Object.entries(value)) {
    const path = at === '' ? field : `${at}.${field}`;
    if (Object.hasOwn(fields, field)) walk(each, fields[field] as Known, path, role, out);
    else if (says(each) || field.length > LONGEST_NAME)
      out.push({ path, text: typeof each === 'string' ? each : JSON.stringify(each), ...(role ? { role } : {}) });
  }
}

/** A field's name that is longer is a sentence. */
const LONGEST_NAME = 40;

/** Whether there is a word in it; numbers and switches say nothing. */
function says(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (isAbsent(value) || typeof value !== 'object') return false;
  return Object.entries(value).some(([name, each]) => name.length > LONGEST_NAME || says(each));
}
