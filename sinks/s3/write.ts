/**
 * One batch, one file a day, idempotent: the keys and the bytes come from the batch alone, and an object is written only
 * where none is. So the same batch again finds its files and changes nothing, whoever wrote them and wherever it crashed.
 */
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell, Column } from '../columns.ts';
import type { Refused, SinkBatch, SinkRecord } from '../port.ts';
import { compress, keyOf, LAKE_COLUMNS, type LakeTopic, parquetSchema } from './schema.ts';
import type { ObjectStore } from './store.ts';

/** Writes what is missing of the batch. Throws PARAPET_STORE_UNAVAILABLE. */
export async function writeBatch<T>(store: ObjectStore, topic: LakeTopic, batch: SinkBatch<T>): Promise<Refused[]> {
  const refused: Refused[] = [];
  const days = new Map<string, SinkRecord<T>[]>();
  batch.records.forEach((record, index) => {
    const day = dayOf(record.timestamp);
    if (day === undefined) refused.push({ index, reason: `_timestamp: ${record.timestamp} is not a time.` });
    else {
      const records = days.get(day);
      if (records === undefined) days.set(day, [record]);
      else records.push(record);
    }
  });
  for (const [day, records] of [...days].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { partition, firstOffset, lastOffset } = batch;
    await store.putOnce(keyOf({ topic, day, partition, firstOffset, lastOffset }), toParquet(topic, batch.topic, partition, records));
  }
  return refused;
}

function dayOf(timestamp: number): string | undefined {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999
    ? undefined
    : date.toISOString().slice(0, 10);
}

/** Records as one Parquet file of one row group. The same records give the same bytes. */
export function toParquet<T>(topic: LakeTopic, topicName: string, partition: number, records: readonly SinkRecord<T>[]): Uint8Array {
  const columnData: ColumnSource[] = [
    { name: '_topic', data: records.map(() => topicName) },
    { name: '_partition', data: records.map(() => partition) },
    { name: '_offset', data: records.map((record) => BigInt(record.offset)), encoding: 'DELTA_BINARY_PACKED', statistics: true },
    {
      name: '_timestamp',
      data: records.map((record) => BigInt(Math.trunc(record.timestamp))),
      encoding: 'DELTA_BINARY_PACKED',
      statistics: true,
    },
    { name: '_key', data: records.map((record) => record.key) },
    { name: '_headers', data: records.map((record) => JSON.stringify(record.headers)) },
    { name: '_value', data: records.map((record) => record.raw), encoding: 'PLAIN' },
    ...flatten(LAKE_COLUMNS[topic] as readonly Column<T>[], records),
  ];
  const schema: SchemaElement[] = parquetSchema(topic);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData,
      schema,
      codec: 'ZSTD',
      compressors: compress,
      statistics: false,
      rowGroupSize: Math.max(1, records.length),
      createdBy: 'parapet',
    }),
  );
}

/** Rows per turn: few enough to stay in the processor's cache while all the columns look at them. */
const CHUNK = 256;

function flatten<T>(columns: readonly Column<T>[], records: readonly SinkRecord<T>[]): ColumnSource[] {
  const cells = columns.map(() => new Array<unknown>(records.length));
  for (let start = 0; start < records.length; start += CHUNK) {
    const end = Math.min(records.length, start + CHUNK);
    columns.forEach(({ from, kind }, at) => {
      const data = cells[at] as unknown[];
      for (let i = start; i < end; i++) data[i] = toParquetValue(kind, from((records[i] as SinkRecord<T>).value));
    });
  }
  return columns.map(({ name, kind }, at): ColumnSource => {
    const data = cells[at] as unknown[];
    // Run lengths of booleans are written in a way that ClickHouse's reader does not take; a bit each is as small.
    if (kind === 'bool') return { name, data, encoding: 'PLAIN' };
    // Nearly every one is different: looking for a dictionary would only cost time.
    if (kind === 'string' || kind === 'double' || kind === 'money') return { name, data, encoding: 'PLAIN' };
    if (kind === 'time') return { name, data, encoding: 'DELTA_BINARY_PACKED', statistics: true };
    return { name, data, statistics: kind === 'label' };
  });
}

function toParquetValue(kind: Column<never>['kind'], cell: Cell): unknown {
  if (cell === null) return null;
  if (kind === 'long' || kind === 'time') return BigInt(cell as number);
  if (kind === 'texts' || kind === 'counts') return JSON.stringify(cell);
  return cell;
}
