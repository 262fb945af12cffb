/**
 * What a processor is: a pure step from one record to an outcome. The runner owns offsets, retries, dead letters and
 * metrics; a step sees none of them. A step that needs the past has a memory, one for each partition, which the runner
 * fills from a compacted topic and commits together with the outputs: after a crash both are of the same position.
 */
import type { LogRecord, StoredRecord } from '../log/port.ts';
import type { TopicId, TopicRecords } from '../log/topics.ts';

export interface StepInput<T> {
  value: T;
  key: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  headers: Record<string, string>;
}

/** The record as it stands in the log. */
export interface Raw {
  bytes: Buffer;
}

export type Emission = { [Id in TopicId]: { topic: Id; key: string; timestamp: number; value: TopicRecords[Id] } }[TopicId];

export type Outcome = { kind: 'emit'; records: Emission[] } | { kind: 'drop'; reason: string } | { kind: 'dead'; reason: string };

/** May throw: what is thrown is tried again, then becomes a dead letter. */
export type Step<T> = (input: StepInput<T> & Raw) => Outcome | Promise<Outcome>;

export interface Processor<Id extends TopicId = TopicId> {
  /** Also the consumer group. */
  readonly name: string;
  readonly input: Id;
  readonly step: Step<TopicRecords[Id]>;
}

export interface Placed {
  /** Of the record in its partition: what a memory has counted up to here, it does not count again. */
  offset: number;
}

/** What is remembered of one partition while this process holds it. */
export interface Memory<T> {
  /** One record of what was committed before, oldest first. An empty value takes its key back. */
  restore(record: StoredRecord): void;
  /** Everything that may fail must come before the first change: a record that throws is tried again with the same memory. */
  step(input: StepInput<T> & Placed): Outcome;
  /** What has changed since the last call, each key once. Its keys lie beside the input's (`log/keys.ts`). */
  changes(): LogRecord[];
}

export interface StatefulProcessor<Id extends TopicId = TopicId> {
  readonly name: string;
  readonly input: Id;
  /** Compacted, with as many partitions as the input. */
  readonly states: string;
  remember(): Memory<TopicRecords[Id]>;
}
