/**
 * One batch, one insert, idempotent. The insert is one block with the token `<view>/<topic>/<partition>/<first>-<last>`,
 * so a repeated one is a no-op. The subtle point: ClickHouse notes a token *before* it shows the part, so a crash between
 * the two would make the retry a no-op that loses the batch. A batch that may have been tried before is therefore never
 * trusted to its token: the table is asked which offsets it holds, and only the others are written, under a new token.
 */
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Taker } from '../../schemas/walk.ts';
import type { Column } from '../columns.ts';
import type { BatchBounds, Draft, Refused, SinkBatch, SinkRecord } from '../port.ts';
import { attempt, type ClickHouse, codeOf, firstLine, unavailable } from './connect.ts';
import { createNativeBlock, type NativeBlock } from './native.ts';
import { type ClickHouseView, VIEWS } from './schema.ts';

export interface Writer<T> {
  /** Throws PARAPET_STORE_UNAVAILABLE: nothing or everything of it may be there, so the batch comes again as recovered. */
  write(batch: SinkBatch<T>): Promise<Refused[]>;
  /** One past the last offset at or after `from` that the table has of the partition; `from` when it has none. */
  holds(partition: number, from: number): Promise<number>;
  draft(partition: number): Draft<T>;
}

/** A record on its way, with its place in the batch. */
interface Row<T> {
  index: number;
  partition: number;
  record: SinkRecord<T>;
}

export function createWriter<T>(store: ClickHouse, view: ClickHouseView, table: string): Writer<T> {
  const target = `${store.database}.${table}`;
  const { topic, time } = VIEWS[view];
  const columns = rowColumns<T>(view);
  const insert = inserter(
    store,
    target,
    columns.map((column) => column.name),
  );

  const blocks = createPool(() => fillable(columns));

  /** Writes the rows; those that cannot be written are found by halving and returned. */
  async function put(rows: Row<T>[], token: string): Promise<Refused[]> {
    if (rows.length === 0) return [];
    const filled = blocks.take();
    const { block } = filled;
    const misfits = block.add(rows);
    if (misfits.length > 0) {
      blocks.giveBack(filled);
      const bad = new Set(misfits.map((misfit) => misfit.index));
      const refused = misfits.map(({ index, reason }) => ({ index: (rows[index] as Row<T>).index, reason }));
      return [
        ...refused,
        ...(await put(
          rows.filter((_, index) => !bad.has(index)),
          token,
        )),
      ];
    }
    try {
      await insert(block.parts(), token);
      blocks.giveBack(filled);
      return [];
    } catch (error) {
      const reason = refusalOf(error);
      if (reason === undefined) throw unavailable(`write to ${target}`, error);
      if (rows.length === 1) return [{ index: (rows[0] as Row<T>).index, reason }];
      const middle = rows.length >> 1;
      const first = await put(rows.slice(0, middle), freshToken(token));
      return [...first, ...(await put(rows.slice(middle), freshToken(token)))];
    }
  }

  const { from: timeOf } = columns.find(({ name }) => name === time) as Column<Row<T>>;

  /** By place and time: a log that was set up anew gives its places to other records. */
  async function missing(batch: SinkBatch<T>, token: string, rows: Row<T>[]): Promise<Row<T>[]> {
    await untilSettled(store, token);
    const held = await attempt(`say which offsets ${target} holds`, async () => {
      // Another replica may have taken what was written: this one must have it too before it is asked.
      if (store.layout.engine === 'replicated') await store.client.command({ query: `SYSTEM SYNC REPLICA ${target}` });
      const answer = await store.client.query({
        query: `SELECT toFloat64(_offset), toFloat64(toUnixTimestamp64Micro(${time})) FROM ${target} WHERE _partition = {partition:Int32} AND _offset BETWEEN {first:Int64} AND {last:Int64}`,
        query_params: { partition: batch.partition, first: batch.firstOffset, last: batch.lastOffset },
        format: 'JSONCompactEachRow',
      });
      return new Set((await answer.json<[number, number]>()).map((place) => place.join('/')));
    });
    return rows.filter((row) => !held.has(`${row.record.offset}/${timeOf(row)}`));
  }

  return {
    async write(batch) {
      const token = tokenOf(view, batch);
      const rows = batch.records.map((record, index): Row<T> => ({ index, partition: batch.partition, record }));
      if (!batch.recovered) return ordered(await put(rows, token));
      return ordered(await put(await missing(batch, token, rows), freshToken(token)));
    },

    holds(partition, from) {
      return attempt(`say up to where ${target} holds partition ${partition}`, async () => {
        const answer = await store.client.query({
          query: `SELECT toFloat64(maxOrNull(_offset)) + 1 FROM ${target} WHERE _partition = {partition:Int32} AND _offset >= {from:Int64}`,
          query_params: { partition, from },
          format: 'JSONCompactEachRow',
        });
        return (await answer.json<[number | null]>())[0]?.[0] ?? from;
      });
    },

    draft(partition) {
      const filled = blocks.take();
      const { block, cells, partition: partitionOf, offset: offsetOf } = filled;
      let fits = true;
      return {
        take(records, codec) {
          const reader = codec.cells(topic, cells);
          if (!records.every(({ value }) => reader.reads(value))) return false;
          if (!fits) return true;
          block.reserve(records.length);
          try {
            for (const { value, offset } of records) {
              reader.read(value);
              partitionOf.number(partition);
              offsetOf.number(offset);
            }
            block.taken(records.length);
          } catch {
            // One that is no record of this schema, or does not fit: reading the batch again will say which, and why.
            fits = false;
          }
          return true;
        },
        add(records) {
          if (fits) fits = block.add(records.map((record, index): Row<T> => ({ index, partition, record }))).length === 0;
        },
        async write(bounds) {
          if (!fits) return false;
          try {
            await insert(block.parts(), tokenOf(view, bounds));
          } catch (error) {
            if (refusalOf(error) !== undefined) return false;
            throw unavailable(`write to ${target}`, error);
          }
          blocks.giveBack(filled);
          return true;
        },
      };
    },
  };
}

function tokenOf(view: ClickHouseView, { topic, partition, firstOffset, lastOffset }: BatchBounds): string {
  return `${view}/${topic}/${partition}/${firstOffset}-${lastOffset}`;
}

/** Free blocks are let go after this long without a batch: what a busy hour needed is not kept for ever. */
const KEEP_FREE_MS = 60_000;

/**
 * Blocks that keep their buffers from batch to batch. The subtle point: only a block whose insert went well is given back.
 * After a failed one something may still be sending from its buffers, and what it sends must not change.
 */
function createPool<T>(make: () => Fillable<T>): { take(): Fillable<T>; giveBack(filled: Fillable<T>): void } {
  const free: Fillable<T>[] = [];
  let idle: NodeJS.Timeout | undefined;
  return {
    take: () => free.pop() ?? make(),
    giveBack(filled) {
      filled.block.clear();
      free.push(filled);
      clearTimeout(idle);
      idle = setTimeout(() => free.splice(0), KEEP_FREE_MS).unref();
    },
  };
}

/** Paths of the two columns that are not of the record's own. */
const PARTITION = '_partition';
const OFFSET = '_offset';

/** A block to fill, and what takes a record's cells and place. */
interface Fillable<T> {
  block: NativeBlock<Row<T>>;
  /** Of the record alone. The same for the life of the block: a reader is made for them once. */
  cells: ReadonlyMap<string, Taker>;
  partition: Taker;
  offset: Taker;
}

function fillable<T>(columns: readonly Column<Row<T>>[]): Fillable<T> {
  const block = createNativeBlock(columns);
  const cells = new Map(block.takers);
  const [partition, offset] = [PARTITION, OFFSET].map((path) => cells.get(path) as Taker) as [Taker, Taker];
  for (const path of [PARTITION, OFFSET]) cells.delete(path);
  return { block, cells, partition, offset };
}

/** The view's columns, and where the record stands in the log. */
function rowColumns<T>(view: ClickHouseView): Column<Row<T>>[] {
  // VIEWS pairs each view with the columns of its own record, which its type cannot say.
  const columns = VIEWS[view].columns as readonly Column<T>[];
  return [
    ...columns.map(({ from, ...rest }): Column<Row<T>> => ({ ...rest, from: (row) => from(row.record.value) })),
    { name: '_partition', kind: 'int', nullable: false, path: PARTITION, from: (row) => row.partition },
    { name: '_offset', kind: 'long', nullable: false, path: OFFSET, from: (row) => row.record.offset },
  ];
}

/** One block, whatever its size: a block is what ClickHouse writes and deduplicates as a whole. */
const ONE_BLOCK = {
  max_insert_block_size: 1_000_000_000,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 1_000_000_000_000,
  max_insert_threads: 1,
  max_partitions_per_insert_block: 0,
};

type Insert = (parts: Buffer[], token: string) => Promise<void>;

/** Over HTTP the block is the body. chDB takes statements as text only, so there it reads the block from a file. */
function inserter({ client, handover }: ClickHouse, target: string, names: string[]): Insert {
  const statement = (token: string, settings: Record<string, string | number>) => {
    const all = { async_insert: 0, insert_deduplicate: 1, insert_deduplication_token: token, ...ONE_BLOCK, ...settings };
    const list = Object.entries(all).map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quote(value)}`);
    return `INSERT INTO ${target} (${names.join(', ')}) SETTINGS ${list.join(', ')}`;
  };
  if (handover === undefined) {
    return async (parts, token) => {
      const answer = await client.exec({ query: `${statement(token, {})} FORMAT Native`, values: Readable.from(parts) });
      answer.stream.resume();
      for await (const _ of answer.stream);
    };
  }
  return async (parts, token) => {
    const file = join(handover, `${randomUUID()}.native`);
    try {
      await writeParts(file, parts);
      // ClickHouse does not deduplicate INSERT … SELECT unless told: it cannot know that this SELECT always gives the same.
      const settings = { max_threads: 1, max_block_size: 1_000_000_000, deduplicate_insert_select: 'force_enable' };
      await client.command({ query: `${statement(token, settings)} SELECT * FROM file(${quote(file)}, 'Native')` });
    } finally {
      await rm(file, { force: true });
    }
  };
}

/** In one call to the system for up to as many buffers as it takes at once; `writeFile` would make one for each. */
async function writeParts(path: string, parts: Buffer[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (let rest = parts; rest.length > 0; ) {
      const { bytesWritten } = await file.writev(rest.slice(0, 1_000));
      rest = after(rest, bytesWritten);
    }
  } finally {
    await file.close();
  }
}

/** What is left of the parts behind their first `bytes` bytes. */
function after(parts: Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  let at = 0;
  for (; at < parts.length && skip >= (parts[at] as Buffer).length; at++) skip -= (parts[at] as Buffer).length;
  const [first, ...others] = parts.slice(at);
  return first === undefined ? [] : [first.subarray(skip), ...others];
}

/** Waits for an insert of this batch that still runs: its client went away, the server goes on. */
async function untilSettled({ client }: ClickHouse, token: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 250) {
    const running = await attempt('say what it is doing', async () => {
      const answer = await client.query({
        query: `SELECT count() AS running FROM system.processes WHERE query_kind = 'Insert' AND position(query, {token:String}) > 0`,
        query_params: { token },
        format: 'JSONEachRow',
      });
      return Number((await answer.json<{ running: number | string }>())[0]?.running ?? 0);
    });
    if (running === 0) return;
    if (waitedMs >= 30_000) throw unavailable('finish an earlier insert of the same batch', new Error(token));
    await sleep(250);
  }
}

/** What ClickHouse says about rows, as opposed to tables, disks and networks: writing the same rows again would not help. */
const ROW_ERRORS = new Set([
  '6', // CANNOT_PARSE_TEXT
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '69', // ARGUMENT_OUT_OF_BOUND
  '72', // CANNOT_PARSE_NUMBER
  '117', // INCORRECT_DATA
  '131', // TOO_LARGE_STRING_SIZE
  '321', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  '349', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  '469', // VIOLATED_CONSTRAINT
]);

function refusalOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && ROW_ERRORS.has(code) ? `code ${code}: ${firstLine(error)}` : undefined;
}

function freshToken(token: string): string {
  return `${token.split('#')[0]}#${randomUUID()}`;
}

function ordered(refused: Refused[]): Refused[] {
  return refused.sort((a, b) => a.index - b.index);
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
