/**
 * Makes `schemas/types.ts` from the `.avsc` files: `npm run schemas`. A test fails when the file is stale.
 * Open sets stay strings in Avro (an enum could never grow under FULL_TRANSITIVE); `values` beside a field makes them a
 * union of literals in TypeScript.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { RECORD_NAMES, sourceSchema } from './definitions.ts';

type Field = { name: string; type: unknown; doc?: string; values?: string[] };
type RecordSchema = { type: 'record'; name: string; doc?: string; fields: Field[] };

const TARGET = new URL('types.ts', import.meta.url);

/** The text of `types.ts` as the schemas of today make it. */
export function generateTypes(): string {
  const out = ['// Made by schemas/generate.ts from the .avsc files. Do not edit: run `npm run schemas`.', ''];
  const done = new Set<string>();
  for (const name of RECORD_NAMES) writeRecord(sourceSchema(name) as unknown as RecordSchema, out, done);
  return `${out.join('\n').trimEnd()}\n`;
}

function writeRecord(record: RecordSchema, out: string[], done: Set<string>): void {
  if (done.has(record.name)) return;
  done.add(record.name);
  const lines: string[] = [];
  const nested: RecordSchema[] = [];
  if (record.doc) lines.push(`/** ${record.doc} */`);
  lines.push(`export interface ${record.name} {`);
  for (const field of record.fields) {
    if (field.doc) lines.push(`  /** ${field.doc} */`);
    lines.push(`  ${field.name}: ${typeText(field.type, field.values, nested)};`);
  }
  lines.push('}', '');
  for (const each of nested) writeRecord(each, out, done);
  out.push(...lines);
}

function typeText(type: unknown, values: string[] | undefined, nested: RecordSchema[]): string {
  if (Array.isArray(type)) {
    const others = type.filter((each) => each !== 'null');
    const text = others.map((each) => typeText(each, values, nested)).join(' | ');
    return type.includes('null') ? `${text} | null` : text;
  }
  if (typeof type === 'string') {
    if (type === 'string') return values ? values.map((value) => `'${value}'`).join(' | ') : 'string';
    if (type === 'boolean') return 'boolean';
    if (type === 'bytes') return 'Buffer';
    if (['int', 'long', 'float', 'double'].includes(type)) return 'number';
    return type.split('.').at(-1) ?? type;
  }
  const node = type as { type: unknown; items?: unknown; values?: unknown };
  if (node.type === 'record') {
    nested.push(node as RecordSchema);
    return (node as RecordSchema).name;
  }
  if (node.type === 'array') {
    const item = typeText(node.items, undefined, nested);
    return /[ |]/.test(item) ? `(${item})[]` : `${item}[]`;
  }
  if (node.type === 'map') return `Record<string, ${typeText(node.values, undefined, nested)}>`;
  return typeText(node.type, values, nested);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = generateTypes();
  if (process.argv.includes('--check')) {
    if (readFileSync(TARGET, 'utf8') !== text) {
      console.error('schemas/types.ts is stale: run npm run schemas');
      process.exit(1);
    }
  } else {
    writeFileSync(TARGET, text);
  }
}
