/**
 * The contract of a sink: one store, one view of one topic. Idempotent by construction: the runner remembers where a
 * batch begins and ends *before* it is written, so that after a crash exactly the same batch is written again.
 */
import type { TopicId, TopicRecords } from '../log/topics.ts';

export interface SinkRecord<T> {
  offset: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  key: string;
  headers: Record<string, string>;
  value: T;
  /** The record's bytes as they stand in the log (Confluent wire format). */
  raw: Buffer;
}

export interface SinkBatch<T> {
  topic: string;
  partition: number;
  /** Offset of the first and the last record the batch was cut at; records in between may be missing (dead letters). */
  firstOffset: number;
  lastOffset: number;
  records: SinkRecord<T>[];
  /** True when this batch may have been written before, wholly or in part: a crash or an unclear answer came between. */
  recovered: boolean;
}

/** Records that the store refused for good, by their index in `batch.records`, with the store's reason. */
export interface Refused {
  index: number;
  reason: string;
}

/** How the runner cuts batches for this sink: at whichever bound comes first. */
export interface BatchLimits {
  maxRecords: number;
  maxBytes: number;
  /** How long the first record of a batch may wait for more. */
  lingerMs: number;
}

export interface Sink<Id extends TopicId = TopicId> {
  /** `<store>.<view>`, e.g. `clickhouse.interactions`; also the consumer group. */
  readonly name: string;
  readonly topic: Id;
  readonly limits: BatchLimits;
  /** Connects, and creates or migrates what the view needs. Throws PARAPET_STORE_UNAVAILABLE. */
  open(): Promise<void>;
  /**
   * Writes the batch once: a second call with the same batch changes nothing. Resolves when the store has it for good.
   * Throws PARAPET_STORE_UNAVAILABLE to be called again with the same batch; returns what the store refused for good.
   */
  write(batch: SinkBatch<TopicRecords[Id]>): Promise<Refused[]>;
  close(): Promise<void>;
}

/**
 * Up to where a count goes while traffic goes on: of this gateway, the interactions numbered up to `through` that had
 * ended by then. Gateways that no horizon names are counted whole.
 */
export interface Horizon {
  gatewayId: string;
  through: number;
  /** Numbers up to `through` that had not ended. */
  open: readonly number[];
}
