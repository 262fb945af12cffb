/**
 * FULL_TRANSITIVE: every version can read what every other version wrote. So a field may only be added with a default,
 * and only be removed when it had one; types never narrow.
 */
import avro from 'avsc';

type Schema = { [key: string]: unknown };

/** Reasons why `candidate` may not join `released`; empty when it may. */
export function incompatibilities(candidate: Schema, released: readonly { version: string; schema: Schema }[]): string[] {
  const problems: string[] = [];
  const now = avro.Type.forSchema(candidate as avro.Schema);
  for (const { version, schema } of released) {
    const then = avro.Type.forSchema(schema as avro.Schema);
    const forward = cannotRead(then, now);
    if (forward) problems.push(`version ${version} cannot read the candidate: ${forward}`);
    const backward = cannotRead(now, then);
    if (backward) problems.push(`the candidate cannot read version ${version}: ${backward}`);
  }
  return problems;
}

function cannotRead(reader: avro.Type, writer: avro.Type): string | undefined {
  try {
    reader.createResolver(writer);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The schema without docs and our own attributes, as text: equal texts are the same schema to Avro. */
export function canonicalText(schema: Schema): string {
  const full = avro.Type.forSchema(schema as avro.Schema).schema({ exportAttrs: true });
  return JSON.stringify(full, (key, value) => (key === 'doc' || (key === 'values' && Array.isArray(value)) ? undefined : value));
}
