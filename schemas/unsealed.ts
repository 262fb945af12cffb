/**
 * Records as stores get them: without the sealed content. No store may show content, so none needs it decoded; leaving it
 * out while decoding spares its buffers, which are most of a record, and makes it a mistake of types to ask for it.
 */
import type { TopicRecords } from '../log/topics.ts';
import type { AvroSchema } from './definitions.ts';
import type { AssessedInteraction, EnrichedInteraction, Interaction } from './types.ts';

export const SEALED_FIELDS = ['requestContent', 'responseContent', 'errorContent'] as const;

export type UnsealedInteraction = Omit<Interaction, (typeof SEALED_FIELDS)[number]>;
type Unsealed<T extends { interaction: Interaction }> = Omit<T, 'interaction'> & { interaction: UnsealedInteraction };
export type UnsealedAssessedInteraction = Unsealed<AssessedInteraction>;

export interface UnsealedRecords extends Omit<TopicRecords, 'interactions' | 'enriched' | 'assessed'> {
  interactions: UnsealedInteraction;
  enriched: Unsealed<EnrichedInteraction>;
  assessed: UnsealedAssessedInteraction;
}

/** The schema without the fields that hold sealed content. */
export function unsealedSchema(schema: AvroSchema): AvroSchema {
  if (Array.isArray(schema)) return schema.map(unsealedSchema);
  if (typeof schema !== 'object') return schema;
  const out = { ...schema };
  if (typeof out['type'] === 'object') out['type'] = unsealedSchema(out['type'] as AvroSchema);
  if (out['items'] !== undefined) out['items'] = unsealedSchema(out['items'] as AvroSchema);
  if (Array.isArray(out['fields'])) {
    out['fields'] = (out['fields'] as { name: string; type: AvroSchema }[])
      .filter(({ name }) => !SEALED_FIELDS.includes(name as (typeof SEALED_FIELDS)[number]))
      .map((field) => ({ ...field, type: unsealedSchema(field.type) }));
  }
  return out;
}
