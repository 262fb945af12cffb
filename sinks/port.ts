/**
 * The contract of a sink: one store, one view of one topic. Idempotent by construction: the runner remembers where a
 * batch begins and ends *before* it is written, so that after a crash exactly the same batch is written again.
 */
import type { StoredRecord } from '../log/port.ts';
import type { TopicId } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { UnsealedRecords } from '../schemas/unsealed.ts';

export interface SinkRecord<T> {
  offset: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  key: string;
  headers: Record<string, string>;
  /** Without sealed content: that is in `raw` alone. */
  value: T;
  /** The record's bytes as they stand in the log (Confluent wire format); they still name a subject that `value` masks. */
  raw: Buffer;
}

/** Where a batch begins and ends: what makes it the same batch when it comes again. */
export interface BatchBounds {
  topic: string;
  partition: number;
  /** Offset of the first and the last record the batch was cut at; records in between may be missing (dead letters). */
  firstOffset: number;
  lastOffset: number;
}

export interface SinkBatch<T> extends BatchBounds {
  records: SinkRecord<T>[];
  /** True when this batch may have been written before, wholly or in part: a crash or an unclear answer came between. */
  recovered: boolean;
}

/** Records that the store refused for good, by their index in `batch.records`, with the store's reason. */
export interface Refused {
  index: number;
  reason: string;
}

/**
 * A batch as the store will get it, made while its records are read, so that a large batch is never in memory as objects.
 * It is only for batches that go well: whatever goes wrong, the runner reads the batch again and gives it to `Sink.write`,
 * as `recovered`, just as after a crash. One that is not written is dropped without a word.
 */
export interface Draft<T> {
  /** Takes of the records, which follow the ones before, what it will write; holds none of them. */
  add(records: readonly SinkRecord<T>[]): void;
  /**
   * The same from their bytes, where the draft can read these without decoding them. False when some of the records were
   * written with another schema than today's, or some such: then none was taken, and all are to be decoded and added.
   */
  take?(records: readonly StoredRecord[], codec: Codec): boolean;
  /**
   * Writes all that was added, as the batch with these bounds. Resolves true when the store has it for good; false when
   * some record does not fit or was refused. Throws PARAPET_STORE_UNAVAILABLE.
   */
  write(bounds: BatchBounds): Promise<boolean>;
}

/** How the runner cuts batches for this sink: at whichever bound comes first. Many partitions get a share of these each. */
export interface BatchLimits {
  maxRecords: number;
  maxBytes: number;
  /** How long the first record of a batch may wait for more, once the log's end is reached. */
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
  write(batch: SinkBatch<UnsealedRecords[Id]>): Promise<Refused[]>;
  /**
   * One past the last record that the store has of this partition; absent where a record written again in another batch changes
   * nothing. A log may forget where a group stood, and what comes again below this place is then written as `recovered`.
   */
  holds?(partition: number, from: number): Promise<number>;
  /** For sinks of many records: begins a batch of this partition. While one is written, the next is read. */
  draft?(partition: number): Draft<UnsealedRecords[Id]>;
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
