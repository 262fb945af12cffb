/**
 * Reads the lake back: whole records in the order of the log, for a replay, and counts by hour, for a reconciliation.
 * The subtle point: files may overlap when batches were once cut differently, so files whose ranges touch are read
 * together and a record is given once, by its offset.
 */
import { type AsyncBuffer, type ColumnData, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { ParapetError } from '../../core/errors.ts';
import type { PartitionRange } from '../../log/port.ts';
import type { Horizon } from '../port.ts';
import { createCounter, type Tally } from '../tally.ts';
import { decompress, type LakeTopic, type ObjectKey, parseKey, RECORD_COLUMNS, topicPrefix } from './schema.ts';
import type { ObjectStore, StoredObject } from './store.ts';

/** A record as it stood in the log. */
export interface LakeRecord {
  topic: string;
  partition: number;
  offset: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  key: string;
  headers: Record<string, string>;
  /** The record's bytes (Confluent wire format). */
  value: Buffer;
}

type LakeFile = ObjectKey & StoredObject;

/**
 * The records of a topic: partition by partition, in the order of their offsets, each once.
 * Throws PARAPET_STORE_UNAVAILABLE, also for a file that cannot be read as what its key says.
 */
export async function* readLake(
  store: ObjectStore,
  topic: LakeTopic,
  only: { partition?: number; fromOffset?: number } = {},
): AsyncGenerator<LakeRecord> {
  const { partition, fromOffset = 0 } = only;
  for (const cluster of clusters(await filesOf(store, topic))) {
    if (partition !== undefined && cluster[0]?.partition !== partition) continue;
    const records = new Map<number, LakeRecord>();
    for (const file of cluster) {
      if (file.lastOffset < fromOffset) continue;
      for (const record of await unlessGone(store, file, () => recordsOf(store, file), []))
        if (!records.has(record.offset)) records.set(record.offset, record);
    }
    for (const record of [...records.values()].sort((a, b) => a.offset - b.offset)) if (record.offset >= fromOffset) yield record;
  }
}

/**
 * The record of one interaction; undefined when the lake does not hold it. Reads one column of the files of its day, and one file whole.
 * `startedAt` in microseconds since 1970. Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function findInteraction(
  store: ObjectStore,
  { interactionId, startedAt }: { interactionId: string; startedAt: number },
): Promise<LakeRecord | undefined> {
  const day = new Date(startedAt / 1_000).toISOString().slice(0, 10);
  for (const file of await filesOf(store, 'interactions')) {
    if (file.day !== day) continue;
    const [ids = []] = await unlessGone(store, file, () => columnsOf(store, file, ['interaction_id']), []);
    const at = Array.from(ids, String).indexOf(interactionId);
    if (at >= 0) return (await unlessGone(store, file, () => recordsOf(store, file), []))[at];
  }
  return undefined;
}

/**
 * The offsets that the lake holds of a topic: `[start, end)` of each partition, by the bounds of its files.
 * Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function lakeRanges(store: ObjectStore, topic: LakeTopic): Promise<PartitionRange[]> {
  const ranges = new Map<number, PartitionRange>();
  for (const { partition, firstOffset, lastOffset } of await filesOf(store, topic)) {
    const range = ranges.get(partition);
    const [start, end] = [Math.min(range?.start ?? firstOffset, firstOffset), Math.max(range?.end ?? 0, lastOffset + 1)];
    ranges.set(partition, { partition, start, end });
  }
  return [...ranges.values()];
}

/** How many interactions the lake holds; reads five columns of every file. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyLake(store: ObjectStore, horizons: readonly Horizon[] = []): Promise<Tally[]> {
  const counter = createCounter(horizons);
  for (const file of await filesOf(store, 'interactions')) {
    const names = ['interaction_id', 'status', 'started_at', 'gateway_id', 'gateway_sequence'];
    const [ids = [], statuses = [], times = [], gateways = [], sequences = []] = await unlessGone(
      store,
      file,
      () => columnsOf(store, file, names),
      [],
    );
    for (let i = 0; i < ids.length; i++) {
      counter.count({
        interactionId: String(ids[i]),
        gatewayId: String(gateways[i]),
        gatewaySequence: Number(sequences[i]),
        startedAt: millisOf(times[i]),
        status: String(statuses[i]),
      });
    }
  }
  return counter.tallies();
}

async function filesOf(store: ObjectStore, topic: LakeTopic): Promise<LakeFile[]> {
  const files: LakeFile[] = [];
  for (const object of await store.list(topicPrefix(topic))) {
    const key = parseKey(object.key);
    if (key !== undefined) files.push({ ...key, ...object });
  }
  return files.sort((a, b) => a.partition - b.partition || a.firstOffset - b.firstOffset || (a.key < b.key ? -1 : 1));
}

/** A file that is due may be deleted between being listed and being read; one that is there and cannot be read is an error. */
async function unlessGone<T>(store: ObjectStore, { key }: StoredObject, read: () => Promise<T>, gone: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((await store.list(key)).length === 0) return gone;
    throw error;
  }
}

/** Files of one partition whose ranges touch, together: usually one file, or the days of one batch. */
function clusters(files: LakeFile[]): LakeFile[][] {
  const all: LakeFile[][] = [];
  let current: LakeFile[] = [];
  let reach = -1;
  for (const file of files) {
    if (current[0]?.partition !== file.partition || file.firstOffset > reach) {
      if (current.length > 0) all.push(current);
      current = [];
      reach = -1;
    }
    current.push(file);
    reach = Math.max(reach, file.lastOffset);
  }
  if (current.length > 0) all.push(current);
  return all;
}

async function recordsOf(store: ObjectStore, file: LakeFile): Promise<LakeRecord[]> {
  const [topics = [], partitions = [], offsets = [], timestamps = [], keys = [], headers = [], values = []] = await columnsOf(
    store,
    file,
    RECORD_COLUMNS,
  );
  return Array.from(offsets, (offset, i) => ({
    topic: String(topics[i]),
    partition: Number(partitions[i]),
    offset: Number(offset),
    timestamp: millisOf(timestamps[i]),
    key: String(keys[i]),
    headers: JSON.parse(String(headers[i])) as Record<string, string>,
    value: Buffer.from(values[i] as Uint8Array),
  }));
}

/** The values of the named columns, from only the parts of the file that hold them. */
async function columnsOf(store: ObjectStore, { key, bytes }: StoredObject, names: readonly string[]): Promise<ArrayLike<unknown>[]> {
  const file: AsyncBuffer = {
    byteLength: bytes,
    slice: async (start, end = bytes) => {
      const part = await store.read(key, start < 0 ? bytes + start : start, end);
      return part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength) as ArrayBuffer;
    },
  };
  try {
    const metadata = await parquetMetadataAsync(file);
    const columns = new Map<string, unknown[]>(names.map((name) => [name, []]));
    const onChunk = ({ columnName, columnData }: ColumnData) => {
      const values = columns.get(columnName);
      for (let i = 0; i < columnData.length; i++) values?.push(columnData[i]);
    };
    await parquetRead({ file, metadata, columns: [...names], compressors: decompress, utf8: false, onChunk });
    return [...columns.values()];
  } catch (error) {
    if (error instanceof ParapetError) throw error;
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `The lake file ${key} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}

function millisOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Number(value);
}
