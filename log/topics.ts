/**
 * Every topic of the house: its name on the wire, its record and how long it matters. Raw topics are the truth and are
 * kept; derived topics can be computed again from them; of a compacted topic the last record of each key is kept.
 */
import type { RecordName } from '../schemas/definitions.ts';
import type { AssessedInteraction, AuditEvent, Control, EnrichedInteraction, Interaction, Threat } from '../schemas/types.ts';

export interface TopicRecords {
  interactions: Interaction;
  enriched: EnrichedInteraction;
  assessed: AssessedInteraction;
  threats: Threat;
  audit: AuditEvent;
  controls: Control;
}

export type TopicId = keyof TopicRecords;

interface Topic {
  /** Name in the log and the prefix of its registry subject. */
  name: string;
  record: RecordName;
  kind: 'raw' | 'derived' | 'compacted';
  /** True when the interactions in it come without their sealed content, which is read before. */
  unsealed?: true;
}

export const TOPICS: Record<TopicId, Topic> = {
  interactions: { name: 'parapet.interactions.v1', record: 'Interaction', kind: 'raw' },
  audit: { name: 'parapet.audit.v1', record: 'AuditEvent', kind: 'raw' },
  enriched: { name: 'parapet.interactions.enriched.v1', record: 'EnrichedInteraction', kind: 'derived' },
  assessed: { name: 'parapet.interactions.assessed.v1', record: 'AssessedInteraction', kind: 'derived', unsealed: true },
  threats: { name: 'parapet.threats.v1', record: 'Threat', kind: 'derived' },
  controls: { name: 'parapet.controls.v1', record: 'Control', kind: 'compacted' },
};

export const TOPIC_IDS = Object.keys(TOPICS) as TopicId[];

/**
 * The number of partitions of every topic, by its name. What is compacted is little, and every process looks at it twice a
 * second: one partition does.
 */
export function partitionsByTopic(partitions: number): Record<string, number> {
  return Object.fromEntries(Object.values(TOPICS).map(({ name, kind }) => [name, kind === 'compacted' ? 1 : partitions]));
}

/** Where a consumer group leaves the records it could not work with, and finds what was decided about them. */
export function deadLetterTopic(group: string): string {
  return `parapet.${group}.dead.v1`;
}

const DEAD_LETTER = /^parapet\..+\.dead\.v1$/;

export function isDeadLetterTopic(topic: string): boolean {
  return DEAD_LETTER.test(topic);
}
