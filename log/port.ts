/**
 * The event log as everything else sees it: an append-only, partitioned, keyed log with consumer groups. Two engines
 * stand behind it (embedded, kafka) and both pass `log/conformance.ts`.
 *
 * Promises of every engine:
 * - `append` resolves when the records survive a crash of process and machine; a batch is stored whole or not at all.
 * - Records of one key are in one partition, in the order they were appended; so are those of keys beside it (`keys.ts`), and
 *   topics with equally many partitions keep them under the same number.
 * - Of a compacted topic (`topics.ts`) the last record of each key is kept, the others may go at any time.
 * - A producer that repeats records it has already appended (same producer id and sequence) adds nothing.
 * - A partition is read by one member of a group at a time; a member that lost it cannot commit (PARAPET_LOG_FENCED).
 * - After a crash a group goes on from its last commit: records come again, none is skipped.
 */

export interface LogRecord {
  topic: string;
  /** Decides the partition and the order: `org/agent`. What stands behind a separator does not (`keys.ts`). */
  key: string;
  /** Milliseconds since 1970: when the thing happened, not when it was appended. */
  timestamp: number;
  headers: Record<string, string>;
  /** Confluent wire format: 0, schema id (4 bytes), Avro. */
  value: Buffer;
}

export interface StoredRecord extends LogRecord {
  partition: number;
  offset: number;
}

/** A place in a partition. Offsets grow with each record; in some engines they have gaps, so only `+ 1` past a record is sound. */
export interface Position {
  topic: string;
  partition: number;
  offset: number;
}

/** Makes appends idempotent: record i of the batch has the number `firstSequence + i`, and a number is stored once. */
export interface Producer {
  id: string;
  firstSequence: number;
}

/** Every record's offset is in `[start, end)`; where offsets have gaps, not every offset there is a record's. */
export interface PartitionRange {
  partition: number;
  start: number;
  end: number;
}

/** What a group has finished: everything below `offset`. `metadata` is the consumer's own note, at most 2 KiB. */
export interface Commit {
  topic: string;
  partition: number;
  offset: number;
  metadata: string;
}

/** What a group has finished of a partition: everything below `offset`. */
export interface Standing {
  group: string;
  partition: number;
  offset: number;
}

/** A partition that this member holds. Read, work, commit; after `revoked` aborts every commit is refused. */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  /** Where the group stands when the partition was taken: the next offset to read, and the note left there. */
  readonly committed: { offset: number; metadata: string };
  /** Aborts when the partition is to be given up; the handler then has `drainMs` to finish what it holds. */
  readonly revoked: AbortSignal;
  /** Up to `maxRecords`/`maxBytes` records from `offset`; waits at most `waitMs` when there are none, then gives []. */
  read(offset: number, options: { maxRecords: number; maxBytes: number; waitMs: number }): Promise<StoredRecord[]>;
  /** One past the newest record. */
  end(): Promise<number>;
  /**
   * Makes `offset` (and the note) the group's position, and appends `records` with it. On engines that can
   * (`log.transactional`) both happen in one transaction, so that a step's outputs appear exactly once.
   * Throws PARAPET_LOG_FENCED when the partition is no longer this member's.
   */
  commit(offset: number, metadata?: string, records?: readonly LogRecord[]): Promise<void>;
}

export interface SubscribeOptions {
  group: string;
  topics: string[];
  /** Where a group without a commit begins. */
  from: 'earliest' | 'latest';
}

export interface Subscription {
  /** Stops taking partitions, aborts `revoked`, waits until the handlers have ended. */
  close(): Promise<void>;
}

export interface EventLog {
  /** True when `Assignment.commit` stores records and position in one transaction. */
  readonly transactional: boolean;
  append(records: readonly LogRecord[], producer?: Producer): Promise<Position[]>;
  /** `handler` runs once for each partition that this member takes, until it is revoked or the subscription closes. */
  subscribe(options: SubscribeOptions, handler: (assignment: Assignment) => Promise<void>): Promise<Subscription>;
  /** Reads without a group, for replay and inspection. */
  read(position: Position, options: { maxRecords: number; maxBytes: number }): Promise<StoredRecord[]>;
  ranges(topic: string): Promise<PartitionRange[]>;
  commits(group: string): Promise<Commit[]>;
  /** Sets a group's position; refused (PARAPET_LOG_FENCED) while a member is reading the partition. */
  seek(group: string, position: Position, metadata?: string): Promise<void>;
  /** Where every group stands that has ever committed on the topic, whoever it is of. */
  standings(topic: string): Promise<Standing[]>;
  /**
   * Removes records older than `before` (milliseconds since 1970) from the start of each partition, up to its limit and never
   * beyond: a partition for which `limits` has no offset is left as it is. Without `limits` there is none. Gives how many
   * offsets that were; an engine whose offsets have gaps counts these too. A record from the future leaves with the old one behind it (`expiry.ts`).
   */
  expire(topic: string, before: number, limits?: ReadonlyMap<number, number>): Promise<number>;
  close(): Promise<void>;
}
