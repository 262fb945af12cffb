/**
 * Loads the `.avsc` files. A file may name a record of another file (`ai.parapet.Interaction`); the loader puts the
 * definition in at its first use, so that each topic's schema is one self-contained document for any registry.
 */
import { readFileSync } from 'node:fs';

export type AvroSchema = string | AvroSchema[] | { [key: string]: unknown };

/** Record name → file, in order of dependency. */
const FILES = {
  Interaction: 'interaction.v1.avsc',
  EnrichedInteraction: 'enriched.v1.avsc',
  AssessedInteraction: 'assessed.v1.avsc',
  Threat: 'threat.v1.avsc',
  AuditEvent: 'audit.v1.avsc',
  Control: 'control.v1.avsc',
  AnalystVerdict: 'verdict.v1.avsc',
  Incident: 'incident.v1.avsc',
} as const;

export type RecordName = keyof typeof FILES;
export const RECORD_NAMES = Object.keys(FILES) as RecordName[];

/** The file's own schema, references unresolved. */
export function sourceSchema(name: RecordName): { [key: string]: unknown } {
  return JSON.parse(readFileSync(new URL(FILES[name], import.meta.url), 'utf8'));
}

/** The schema with every referenced record inlined at its first use. */
export function fullSchema(name: RecordName): { [key: string]: unknown } {
  const known = new Map<string, { [key: string]: unknown }>();
  for (const record of RECORD_NAMES) collectNamed(sourceSchema(record), 'ai.parapet', known);
  return inline(sourceSchema(name), known, new Set()) as { [key: string]: unknown };
}

function collectNamed(schema: unknown, namespace: string, into: Map<string, { [key: string]: unknown }>): void {
  if (Array.isArray(schema)) {
    for (const each of schema) collectNamed(each, namespace, into);
    return;
  }
  if (schema === null || typeof schema !== 'object') return;
  const node = schema as { [key: string]: unknown };
  if (node['type'] === 'record') {
    into.set(`${node['namespace'] ?? namespace}.${node['name']}`, node);
    for (const field of node['fields'] as { type: unknown }[]) collectNamed(field.type, namespace, into);
  } else {
    collectNamed(node['type'], namespace, into);
    collectNamed(node['items'], namespace, into);
  }
}

function inline(schema: unknown, known: Map<string, { [key: string]: unknown }>, seen: Set<string>): unknown {
  if (typeof schema === 'string') {
    const name = schema.includes('.') ? schema : `ai.parapet.${schema}`;
    const definition = known.get(name);
    if (definition === undefined) return schema;
    return seen.has(name) ? name : inline(definition, known, seen);
  }
  if (Array.isArray(schema)) return schema.map((each) => inline(each, known, seen));
  if (schema === null || typeof schema !== 'object') return schema;
  const node = schema as { [key: string]: unknown };
  if (node['type'] === 'record') {
    const name = `${node['namespace'] ?? 'ai.parapet'}.${node['name']}`;
    if (seen.has(name)) return name;
    seen.add(name);
    const fields = (node['fields'] as { type: unknown }[]).map((field) => ({ ...field, type: inline(field.type, known, seen) }));
    return { ...node, fields };
  }
  const out: { [key: string]: unknown } = { ...node };
  if (typeof node['type'] === 'object') out['type'] = inline(node['type'], known, seen);
  if (node['items'] !== undefined) out['items'] = inline(node['items'], known, seen);
  return out;
}
