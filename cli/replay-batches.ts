/**
 * The batches of a replay: cut from the source by the sink's own limits, decoded, and written by the sink's own code. A batch
 * is decoded while the one before it is written. What may be there already is read again with exactly the bounds that it
 * had, because by its bounds a sink knows a batch that still runs somewhere.
 */
import type { StoredRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Mask } from '../sinks/erasure.ts';
import { decodeAll } from '../sinks/gather.ts';
import type { BatchBounds, BatchLimits, Draft, SinkRecord } from '../sinks/port.ts';
import type { RebuildPart, Window } from './rebuilds/port.ts';
import { HOUR_MS } from './replay-progress.ts';
import type { Source, Stretch } from './replay-source.ts';

/** What became of a stretch of the log. */
export interface Written {
  firstOffset: number;
  lastOffset: number;
  records: number;
  /** Could not be decoded, or the store refused them: dead letters of the live view too. */
  skipped: number;
  /** Records written, by hours since 1970. */
  hours: Map<number, number>;
}

export interface Batches {
  /** Reads the stretch in batches; `write` is called for one batch at a time, in order, and resolves when the store has it. */
  cut(stretch: Stretch): AsyncGenerator<Batch>;
  /** Writes the stretch as one batch, of which the store may have some or all. */
  again(stretch: Stretch): Promise<Written>;
}

export interface Batch {
  lastOffset: number;
  /** Throws PARAPET_STORE_UNAVAILABLE. */
  write(): Promise<Written>;
}

export interface BatchParts {
  source: Source;
  codec: Codec;
  part: RebuildPart;
  limits: Pick<BatchLimits, 'maxRecords' | 'maxBytes'>;
  window: Window | undefined;
  /** Of erased subjects: what is rebuilt names them no more than what it replaces. */
  mask: Mask | undefined;
  /** The sink has positions of its own, which must move past records that cannot be decoded as well. */
  positioned: boolean;
}

const READ_RECORDS = 5_000;
/** Few enough that what they decode to dies young. */
const DECODE_RECORDS = 200;

export function createBatches({ source, codec, part, limits, window, mask, positioned }: BatchParts): Batches {
  const { sink, topic: topicId } = part;
  const topic = TOPICS[topicId].name;
  const pieceRecords = Math.min(READ_RECORDS, limits.maxRecords);

  interface Filling extends Written {
    bytes: number;
    draft: Draft<never> | undefined;
    /** The records themselves, where the sink makes no draft. */
    held: SinkRecord<never>[];
    count: number;
  }

  function begin(partition: number, firstOffset: number, drafting: boolean): Filling {
    const draft = drafting ? (sink.draft?.(partition) as Draft<never> | undefined) : undefined;
    return { firstOffset, lastOffset: firstOffset - 1, records: 0, skipped: 0, hours: new Map(), bytes: 0, draft, held: [], count: 0 };
  }

  async function add(batch: Filling, piece: readonly StoredRecord[]): Promise<void> {
    for (let at = 0; at < piece.length; at += DECODE_RECORDS) {
      const some = piece.slice(at, at + DECODE_RECORDS);
      const wanted = window === undefined ? some : some.filter(({ timestamp }) => timestamp >= window.from && timestamp < window.to);
      for (const { timestamp } of wanted) count(batch.hours, timestamp, 1);
      batch.count += wanted.length;
      if ((mask?.spares(wanted) ?? true) && batch.draft?.take?.(wanted, codec)) continue;
      const { records, undecodable } = await decodeAll(codec, topicId, wanted, mask);
      for (const { record } of undecodable) count(batch.hours, record.timestamp, -1);
      batch.count -= undecodable.length;
      batch.skipped += undecodable.length;
      if (batch.draft) batch.draft.add(records as SinkRecord<never>[]);
      else batch.held.push(...(records as SinkRecord<never>[]));
    }
    batch.records += piece.length;
    for (const { value } of piece) batch.bytes += value.length;
    batch.lastOffset = (piece.at(-1) as StoredRecord).offset;
  }

  async function put(partition: number, batch: Filling): Promise<Written> {
    const { firstOffset, lastOffset, draft } = batch;
    if (draft === undefined) return putHeld(partition, batch, false);
    const bounds: BatchBounds = { topic, partition, firstOffset, lastOffset };
    // Where some record does not fit, the slow way finds it.
    if (batch.count > 0 && !(await draft.write(bounds))) return again({ partition, from: firstOffset, end: lastOffset + 1 });
    return batch;
  }

  async function putHeld(partition: number, batch: Filling, recovered: boolean): Promise<Written> {
    const { firstOffset, lastOffset, held } = batch;
    if (held.length === 0 && !positioned) return batch;
    const refused = await sink.write({ topic, partition, firstOffset, lastOffset, records: held, recovered });
    for (const { index } of refused) count(batch.hours, (held[index] as SinkRecord<never>).timestamp, -1);
    batch.skipped += refused.length;
    return batch;
  }

  async function again({ partition, from, end }: Stretch): Promise<Written> {
    const batch = begin(partition, from, false);
    for await (const piece of source.read(topicId, { partition, from, end }, pieceRecords)) await add(batch, piece);
    batch.lastOffset = end - 1;
    return putHeld(partition, batch, true);
  }

  return {
    again,
    async *cut({ partition, from, end }) {
      let batch: Filling | undefined;
      let first = from;
      const ready = (full: Filling): Batch => ({ lastOffset: full.lastOffset, write: () => put(partition, full) });
      for await (const piece of source.read(topicId, { partition, from, end }, pieceRecords)) {
        batch ??= begin(partition, first, true);
        await add(batch, piece);
        if (batch.records < limits.maxRecords && batch.bytes < limits.maxBytes) continue;
        yield ready(batch);
        first = batch.lastOffset + 1;
        batch = undefined;
      }
      if (batch !== undefined) yield ready(batch);
    },
  };
}

function count(hours: Map<number, number>, timestamp: number, records: number): void {
  const hour = Math.floor(timestamp / HOUR_MS);
  hours.set(hour, (hours.get(hour) ?? 0) + records);
}
