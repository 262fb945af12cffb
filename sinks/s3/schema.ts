/**
 * What a lake file looks like: where it lies, and its columns. Every file holds each record twice over: its own bytes in
 * `_value`, from which everything can be replayed without loss, and flattened columns for whoever only wants to ask.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compressors, SchemaElement } from 'hyparquet';
import type { TopicId } from '../../log/topics.ts';
import {
  ASSESSED_COLUMNS,
  AUDIT_COLUMNS,
  type Column,
  INCIDENT_COLUMNS,
  INTERACTION_COLUMNS,
  THREAT_COLUMNS,
  VERDICT_COLUMNS,
} from '../columns.ts';

export type LakeTopic = Extract<TopicId, 'interactions' | 'assessed' | 'audit' | 'threats' | 'verdicts' | 'incidents'>;

/** The flattened columns of each topic; the same names and meanings as in ClickHouse. */
export const LAKE_COLUMNS: Record<LakeTopic, readonly Pick<Column<never>, 'name' | 'kind' | 'nullable'>[]> = {
  interactions: INTERACTION_COLUMNS,
  assessed: ASSESSED_COLUMNS,
  audit: AUDIT_COLUMNS,
  threats: THREAT_COLUMNS,
  verdicts: VERDICT_COLUMNS,
  incidents: INCIDENT_COLUMNS,
};

export const LAKE_TOPICS = Object.keys(LAKE_COLUMNS) as LakeTopic[];

/** The record itself and where it stood in the log. */
export const RECORD_COLUMNS = ['_topic', '_partition', '_offset', '_timestamp', '_key', '_headers', '_value'] as const;

export interface ObjectKey {
  topic: LakeTopic;
  /** UTC, `YYYY-MM-DD`, of the records' own time: never of the clock, which would be another one after a crash. */
  day: string;
  partition: number;
  /** The bounds of the batch that the file was cut from, which may hold records of other days too. */
  firstOffset: number;
  lastOffset: number;
}

export function topicPrefix(topic: LakeTopic): string {
  return `topic=${topic}/`;
}

export function keyOf({ topic, day, partition, firstOffset, lastOffset }: ObjectKey): string {
  const padded = (offset: number) => String(offset).padStart(20, '0');
  return `${topicPrefix(topic)}day=${day}/partition=${partition}/${padded(firstOffset)}-${padded(lastOffset)}.parquet`;
}

/** What a key says; undefined for an object that is not the lake's. */
export function parseKey(key: string): ObjectKey | undefined {
  const match = /^topic=([a-z]+)\/day=(\d{4}-\d\d-\d\d)\/partition=(\d+)\/(\d{20})-(\d{20})\.parquet$/.exec(key);
  if (match === null) return undefined;
  const [, topic, day, partition, first, last] = match as unknown as [string, string, string, string, string, string];
  if (!Object.hasOwn(LAKE_COLUMNS, topic)) return undefined;
  return { topic: topic as LakeTopic, day, partition: Number(partition), firstOffset: Number(first), lastOffset: Number(last) };
}

/** Parquet's own description of the columns, in order. */
export function parquetSchema(topic: LakeTopic): SchemaElement[] {
  const columns = LAKE_COLUMNS[topic];
  return [
    { name: 'root', num_children: RECORD_COLUMNS.length + columns.length },
    text('_topic', false),
    { name: '_partition', type: 'INT32', repetition_type: 'REQUIRED' },
    { name: '_offset', type: 'INT64', repetition_type: 'REQUIRED' },
    { name: '_timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
    text('_key', false),
    text('_headers', false),
    { name: '_value', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
    ...columns.flatMap(elementsOf),
  ];
}

function elementsOf({ name, kind, nullable }: Pick<Column<never>, 'name' | 'kind' | 'nullable'>): SchemaElement[] {
  const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED';
  switch (kind) {
    case 'string':
    case 'label':
      return [text(name, nullable)];
    case 'int':
      return [{ name, type: 'INT32', repetition_type }];
    case 'long':
      return [{ name, type: 'INT64', repetition_type }];
    case 'double':
    case 'money':
      return [{ name, type: 'DOUBLE', repetition_type }];
    case 'bool':
      return [{ name, type: 'BOOLEAN', repetition_type }];
    case 'time':
      return [{ name, type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type }];
    case 'strings':
    case 'labels':
      return listOf(name, text('element', false));
    case 'doubles':
      return listOf(name, { name: 'element', type: 'DOUBLE', repetition_type: 'REQUIRED' });
    case 'texts':
    case 'counts':
      // JSON text: every engine can read it, while maps are where Parquet readers disagree.
      return [text(name, false)];
  }
}

function text(name: string, nullable: boolean): SchemaElement {
  return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' };
}

function listOf(name: string, element: SchemaElement): SchemaElement[] {
  return [
    { name, converted_type: 'LIST', num_children: 1, repetition_type: 'REQUIRED' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    element,
  ];
}

/** Node's own Zstandard: faster and denser than the writer's built-in Snappy, which is JavaScript. */
export const compress: Record<string, (input: Uint8Array) => Uint8Array> = { ZSTD: (input) => zstdCompressSync(input) };
export const decompress: Compressors = { ZSTD: (input) => zstdDecompressSync(input) };
