/**
 * What a processor is: a pure step from one record to an outcome. The runner owns offsets, retries, dead letters and
 * metrics; a step sees none of them.
 */
import type { TopicId, TopicRecords } from '../log/topics.ts';

export interface StepInput<T> {
  value: T;
  key: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  headers: Record<string, string>;
}

export type Emission = { [Id in TopicId]: { topic: Id; key: string; timestamp: number; value: TopicRecords[Id] } }[TopicId];

export type Outcome = { kind: 'emit'; records: Emission[] } | { kind: 'drop'; reason: string } | { kind: 'dead'; reason: string };

/** May throw: what is thrown is tried again, then becomes a dead letter. */
export type Step<T> = (input: StepInput<T>) => Outcome | Promise<Outcome>;

export interface Processor<Id extends TopicId = TopicId> {
  /** Also the consumer group. */
  readonly name: string;
  readonly input: Id;
  readonly step: Step<TopicRecords[Id]>;
}
