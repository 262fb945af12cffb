/** Checks an event against OCSF's own schema, as far as our classes and their objects go (ocsf-1.8.0.json). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Definition {
  attributes: Record<string, string>;
  constraints?: { at_least_one?: string[] };
}
interface Schema {
  classes: Record<string, Definition & { class_uid: number; category_uid: number; profiles: string[] }>;
  objects: Record<string, Definition>;
}

const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'ocsf-1.8.0.json'), 'utf8')) as Schema;
const STRINGS = /^(string|username|email|url|hostname|ip|resource_uid|file_path|uuid|process_name)_t$/;

/** What is wrong with the event; empty when it is valid. */
export function violations(event: Record<string, unknown>): string[] {
  const found = Object.values(schema.classes).find(({ class_uid }) => class_uid === event['class_uid']);
  if (found === undefined) return [`no class ${String(event['class_uid'])} in the table`];
  const out: string[] = [];
  const profiles = (event['metadata'] as { profiles?: string[] } | undefined)?.profiles ?? [];
  for (const profile of profiles) if (!found.profiles.includes(profile)) out.push(`the class has no profile ${profile}`);
  if (event['category_uid'] !== found.category_uid) out.push('category_uid is not the class’s');
  if (event['type_uid'] !== found.class_uid * 100 + Number(event['activity_id'])) out.push('type_uid is not class_uid * 100 + activity_id');
  check('', event, found, profiles, out);
  return out;
}

function check(
  path: string,
  value: Record<string, unknown>,
  { attributes, constraints }: Definition,
  profiles: string[],
  out: string[],
): void {
  for (const [name, text] of Object.entries(attributes)) {
    const profile = / @(\w+)/.exec(text)?.[1];
    if (text.includes('!') && !(name in value) && (profile === undefined || profiles.includes(profile)))
      out.push(`${path}${name} is required`);
  }
  const oneOf = constraints?.at_least_one;
  if (oneOf && !oneOf.some((name) => name in value)) out.push(`${path} has none of ${oneOf.join(', ')}`);
  for (const [name, inner] of Object.entries(value)) {
    const text = attributes[name];
    if (text === undefined) {
      out.push(`${path}${name} is not in the schema`);
      continue;
    }
    const [, type = '', array, profile, values] = /^([\w]+)(\[\])?!?(?: @(\w+))?(?: = ([\d ]+))?$/.exec(text) ?? [];
    if (type === '') throw new Error(`the table cannot be read at ${name}`);
    if (profile !== undefined && !profiles.includes(profile)) out.push(`${path}${name} needs the profile ${profile}`);
    const each = array ? inner : [inner];
    if (!Array.isArray(each)) out.push(`${path}${name} is no array`);
    else for (const one of each) checkValue(`${path}${name}`, one, type, values?.split(' ').map(Number), profiles, out);
  }
}

function checkValue(path: string, value: unknown, type: string, values: number[] | undefined, profiles: string[], out: string[]): void {
  if (STRINGS.test(type)) {
    if (typeof value !== 'string') out.push(`${path} is no string`);
  } else if (/^(integer|long|timestamp)_t$/.test(type)) {
    if (!Number.isSafeInteger(value)) out.push(`${path} is no integer`);
    else if (values && !values.includes(value as number)) out.push(`${path} is ${String(value)}, not one of ${values.join(', ')}`);
  } else if (type === 'boolean_t') {
    if (typeof value !== 'boolean') out.push(`${path} is no boolean`);
  } else if (type === 'object' || type === 'json_t') {
    if (typeof value !== 'object' || value === null) out.push(`${path} is no object`);
  } else {
    const definition = schema.objects[type];
    if (definition === undefined) out.push(`${path}: the table lacks the object ${type}`);
    else check(`${path}.`, value as Record<string, unknown>, definition, profiles, out);
  }
}
