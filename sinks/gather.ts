/**
 * Reads the next batch of a partition: until a bound, or until the first record has waited long enough and no more are at
 * hand. A sink's draft takes them by the hundred, from their bytes where it can, else decoded: so a batch of any size costs the
 * memory of its bytes in the store, and what is decoded dies young.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type ParapetError, toParapetError } from '../core/errors.ts';
import type { Assignment, StoredRecord } from '../log/port.ts';
import type { TopicId } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { UnsealedRecords } from '../schemas/unsealed.ts';
import type { Mask } from './erasure.ts';
import type { BatchLimits, Draft, Sink, SinkRecord } from './port.ts';

/** Few enough that little of what they decode to is alive when the collector comes by: with 1,000 it costs four times as much. */
const READ_RECORDS = 200;
/** How long it takes at most to notice that nobody wants the batch any more. */
const IDLE_MS = 5_000;

/** A record that could not be decoded. */
export interface Undecodable {
  record: StoredRecord;
  error: ParapetError;
}

export interface Gathered<T> {
  firstOffset: number;
  lastOffset: number;
  /** Milliseconds since 1970 of the first record. */
  oldest: number;
  /** Records that could be decoded. */
  size: number;
  /** All of them are in the draft, where the sink makes one; else they are here, each with its source. */
  draft: Draft<T> | undefined;
  records: SinkRecord<T>[];
  sources: StoredRecord[];
  undecodable: Undecodable[];
}

export interface GatherOptions {
  limits: BatchLimits;
  stop: AbortSignal;
  /** Shared by the sink's partitions. */
  turns: Turns;
  /** Of erased subjects. */
  mask?: Mask | undefined;
}

/** undefined when `stop` aborted first: a batch that was not begun is simply read again by whoever takes the partition. */
export async function gather<Id extends TopicId>(
  sink: Sink<Id>,
  codec: Codec,
  assignment: Assignment,
  offset: number,
  { limits: { maxRecords, maxBytes, lingerMs }, stop, turns, mask }: GatherOptions,
): Promise<Gathered<UnsealedRecords[Id]> | undefined> {
  type Value = UnsealedRecords[Id];
  const out: Gathered<Value> = {
    firstOffset: offset,
    lastOffset: offset - 1,
    oldest: 0,
    size: 0,
    draft: undefined,
    records: [],
    sources: [],
    undecodable: [],
  };
  let taken = 0;
  let bytes = 0;
  let until = 0;
  let moreAtHand = false;
  let release: (() => void) | undefined;

  async function take(stored: readonly StoredRecord[]): Promise<void> {
    if (taken === 0) {
      until = performance.now() + lingerMs;
      out.oldest = (stored[0] as StoredRecord).timestamp;
      out.draft = sink.draft?.(assignment.partition);
    }
    if ((mask?.spares(stored) ?? true) && out.draft?.take?.(stored, codec)) out.size += stored.length;
    else {
      const { records, sources, undecodable } = await decodeAll(codec, sink.topic, stored, mask);
      out.undecodable.push(...undecodable);
      out.size += records.length;
      if (out.draft) out.draft.add(records);
      else {
        out.records.push(...records);
        out.sources.push(...sources);
      }
    }
    taken += stored.length;
    for (const { value } of stored) bytes += value.length;
    out.lastOffset = (stored.at(-1) as StoredRecord).offset;
  }

  try {
    while (!stop.aborted) {
      const waitMs = taken === 0 ? IDLE_MS : until - performance.now();
      // While the log has more there is nothing to wait for: large batches are how the store catches up.
      if (taken > 0 && waitMs <= 0 && !moreAtHand) return out;
      const maxNow = Math.min(READ_RECORDS, maxRecords - taken);
      const stored = await assignment.read(out.lastOffset + 1, { maxRecords: maxNow, maxBytes: maxBytes - bytes, waitMs });
      if (stored.length > 0) await take(stored);
      if (taken >= maxRecords || bytes >= maxBytes) return out;
      moreAtHand = stored.length === maxNow;
      if (moreAtHand) release ??= await turns.next();
      else {
        release?.();
        release = undefined;
      }
      // A log that has more at hand answers without a pause; timers and the store's answers want a turn too.
      await turn();
    }
    return undefined;
  } finally {
    release?.();
  }
}

/**
 * Lets one partition at a time fill a large batch. Side by side they would all fill theirs at once, hold several times the
 * memory, and then all wait for the store together.
 */
export interface Turns {
  /** Resolves when it is the caller's turn; the function that it gives ends the turn. */
  next(): Promise<() => void>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    async next() {
      const before = last;
      let end = () => {};
      last = new Promise((resolve) => {
        end = resolve;
      });
      await before;
      return end;
    },
  };
}

/** The records that can be decoded, with their sources, and the others. Erased subjects are masked: no view may name them again. */
export async function decodeAll<Id extends TopicId>(codec: Codec, topic: Id, stored: readonly StoredRecord[], mask?: Mask) {
  await codec.prepare(
    topic,
    stored.map((record) => record.value),
  );
  const records: SinkRecord<UnsealedRecords[Id]>[] = [];
  const sources: StoredRecord[] = [];
  const undecodable: Undecodable[] = [];
  const masked = mask?.current();
  for (const record of stored) {
    try {
      const { offset, timestamp, key, headers, value: raw } = record;
      const value = codec.decodeUnsealed(topic, raw);
      records.push({ offset, timestamp, key, headers, value: masked ? masked(topic, value) : value, raw });
      sources.push(record);
    } catch (error) {
      undecodable.push({ record, error: toParapetError(error, 'PARAPET_RECORD_INVALID') });
    }
  }
  return { records, sources, undecodable };
}
