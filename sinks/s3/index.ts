/**
 * The lake sink: Parquet files by topic, day and offset, in a folder or on S3. It keeps the truth outside the log, so that
 * everything can be rebuilt from it; see README.md for asking it directly. `write.ts` says why a repeated batch is harmless.
 */
import type { TopicId } from '../../log/topics.ts';
import type { BatchLimits, Sink } from '../port.ts';
import type { LakeTopic } from './schema.ts';
import type { ObjectStore } from './store.ts';
import { writeBatch } from './write.ts';

export { findInteraction, type LakeRecord, lakeRanges, readLake, tallyLake } from './read.ts';
export { applyRetention as applyLakeRetention, type LakeRetention, reportRetention as reportLakeRetention } from './retention.ts';
export { LAKE_TOPICS, type LakeTopic } from './schema.ts';
export { createFolderStore, createS3Store, type ObjectStore, type S3Options } from './store.ts';

export interface LakeSinkOptions<Id extends LakeTopic> {
  /** Shared by all sinks of the process and closed by who made it. */
  store: ObjectStore;
  topic: Id;
  limits?: Partial<BatchLimits>;
}

/** Large files, seldom: what reads a lake pays per file. */
const LIMITS: BatchLimits = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024, lingerMs: 60_000 };

/** A sink named `s3.<topic>`. */
export function createLakeSink<Id extends LakeTopic & TopicId>({ store, topic, limits }: LakeSinkOptions<Id>): Sink<Id> {
  return {
    name: `s3.${topic}`,
    topic,
    limits: { ...LIMITS, ...limits },
    open: () => store.open(),
    write: (batch) => writeBatch(store, topic, batch),
    close: async () => {},
  };
}
