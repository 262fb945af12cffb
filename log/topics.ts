/**
 * Every topic of the house: its name on the wire, its record and how long it matters. Raw topics are the truth and are
 * kept; derived topics can be computed again from them; of a compacted topic the last record of each key is kept.
 */
import type { RecordName } from '../schemas/definitions.ts';
import type {
  AnalystVerdict,
  AssessedInteraction,
  AuditEvent,
  Control,
  EnrichedInteraction,
  Incident,
  Interaction,
  Threat,
} from '../schemas/types.ts';

export interface TopicRecords {
  interactions: Interaction;
  enriched: EnrichedInteraction;
  assessed: AssessedInteraction;
  threats: Threat;
  audit: AuditEvent;
  controls: Control;
  verdicts: AnalystVerdict;
  incidents: Incident;
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
  verdicts: { name: 'parapet.verdicts.v1', record: 'AnalystVerdict', kind: 'raw' },
  incidents: { name: 'parapet.incidents.v1', record: 'Incident', kind: 'derived' },
};

/**
 * What processors remember from batch to batch: a record for each key of their own, in bytes of their own, compacted. It has as
 * many partitions as their input, so that a partition's past comes and goes with it.
 */
export const BEHAVIOUR_STATES = 'parapet.behaviour.v1';
export const RESPONSE_STATES = 'parapet.responses.v1';
export const STATE_TOPICS: readonly string[] = [BEHAVIOUR_STATES, RESPONSE_STATES];
/** A state that nobody has written for so long leaves the log. Longer than any silence that an indicator asks about. */
export const STATE_DAYS = 90;

export const TOPIC_IDS = Object.keys(TOPICS) as TopicId[];

/**
 * The number of partitions of every topic, by its name. Controls are few, and every process looks at them twice a second: one
 * partition does.
 */
export function partitionsByTopic(partitions: number): Record<string, number> {
  const records = Object.values(TOPICS).map(({ name, kind }) => [name, kind === 'compacted' ? 1 : partitions]);
  return Object.fromEntries([...records, ...STATE_TOPICS.map((name) => [name, partitions])]);
}

const COMPACTED = new Set([
  ...Object.values(TOPICS)
    .filter(({ kind }) => kind === 'compacted')
    .map(({ name }) => name),
  ...STATE_TOPICS,
]);

/** By its name without a prefix. */
export function isCompacted(topic: string): boolean {
  return COMPACTED.has(topic);
}

/** Where a consumer group leaves the records it could not work with, and finds what was decided about them. */
export function deadLetterTopic(group: string): string {
  return `parapet.${group}.dead.v1`;
}

const DEAD_LETTER = /^parapet\..+\.dead\.v1$/;

export function isDeadLetterTopic(topic: string): boolean {
  return DEAD_LETTER.test(topic);
}
