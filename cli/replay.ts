/**
 * Rebuilds a ClickHouse view from the log, beside the one in use: read every record up to where the view's group stands,
 * write it into a fresh table by the sink's own code, check the count against the log, compare with the view row by row,
 * swap. The view in use is only ever replaced whole.
 */
import { ParapetError } from '../core/errors.ts';
import type { EventLog, StoredRecord } from '../log/port.ts';
import { TOPICS, type TopicId } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { type ClickHouse, type ClickHouseView, createClickHouseSink, dropTable, rebuildTable, swapIn } from '../sinks/clickhouse/index.ts';
import type { SinkRecord } from '../sinks/port.ts';

const BATCH_RECORDS = 20_000;

export const REPLAYABLE: Record<string, { view: ClickHouseView; topic: TopicId }> = {
  'clickhouse.interactions': { view: 'interactions', topic: 'assessed' },
  'clickhouse.threats': { view: 'threats', topic: 'threats' },
  'clickhouse.audit': { view: 'audit', topic: 'audit' },
};

export interface ReplayProgress {
  done: number;
  total: number;
}

export interface ReplayResult {
  view: string;
  /** Records of the log that belong into the view. */
  records: number;
  /** Rows of the rebuilt view. */
  rows: number;
  /** Records that could not be decoded, here and in the live view: they are dead letters. */
  skipped: number;
  /** Rows that the old view lacked, had too many of, or had otherwise. */
  differences: number;
  missing: number;
  extra: number;
  seconds: number;
}

export interface ReplayParts {
  log: EventLog;
  codec: Codec;
  clickhouse: ClickHouse;
}

/** The view's sink must not be running. Throws PARAPET_VIEW_UNKNOWN, or PARAPET_REPLAY_DIFFERS when the rebuilt table is not whole. */
export async function replayView(
  { log, codec, clickhouse }: ReplayParts,
  name: string,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const target = REPLAYABLE[name];
  if (target === undefined) {
    throw new ParapetError('PARAPET_VIEW_UNKNOWN', {
      message: `There is no view ${name}; there are ${Object.keys(REPLAYABLE).join(', ')}.`,
    });
  }
  const { view, topic } = target;
  const started = performance.now();
  const table = rebuildTable(view, Date.now().toString(36));
  const sink = createClickHouseSink({ store: clickhouse, view, table });
  await sink.open();
  try {
    const { records, written, skipped } = await rebuild();
    const rows = await countRows(table);
    if (rows !== written) {
      throw new ParapetError('PARAPET_REPLAY_DIFFERS', {
        message: `${name}: the log gave ${written} records, the rebuilt table has ${rows} rows. The view in use was kept.`,
      });
    }
    const { missing, extra } = await compare(view, table);
    await swapIn(clickhouse, view, table);
    return {
      view: name,
      records,
      rows,
      skipped,
      missing,
      extra,
      differences: missing + extra,
      seconds: (performance.now() - started) / 1_000,
    };
  } catch (error) {
    await dropTable(clickhouse, table).catch(() => undefined);
    throw error;
  }

  async function rebuild(): Promise<{ records: number; written: number; skipped: number }> {
    const topicName = TOPICS[topic].name;
    const commits = await log.commits(name);
    const parts = (await log.ranges(topicName)).map(({ partition, start }) => ({
      partition,
      start,
      end: commits.find((each) => each.topic === topicName && each.partition === partition)?.offset ?? start,
    }));
    const total = parts.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0);
    let done = 0;
    let written = 0;
    let skipped = 0;
    for (const { partition, start, end } of parts) {
      for (let offset = start; offset < end; ) {
        const stored = (
          await log.read(
            { topic: topicName, partition, offset },
            { maxRecords: Math.min(BATCH_RECORDS, end - offset), maxBytes: 64 * 1024 * 1024 },
          )
        ).filter((record) => record.offset < end);
        const last = stored.at(-1);
        if (last === undefined) break;
        const records = await decoded(stored);
        skipped += stored.length - records.length;
        const refused =
          records.length === 0
            ? []
            : await sink.write({
                topic: topicName,
                partition,
                firstOffset: offset,
                lastOffset: last.offset,
                records: records as never,
                recovered: false,
              });
        written += records.length - refused.length;
        skipped += refused.length;
        done += stored.length;
        offset = last.offset + 1;
        onProgress({ done, total });
      }
    }
    return { records: total, written, skipped };
  }

  async function decoded(stored: StoredRecord[]): Promise<SinkRecord<unknown>[]> {
    await codec.prepare(
      topic,
      stored.map((record) => record.value),
    );
    const records: SinkRecord<unknown>[] = [];
    for (const { offset, timestamp, key, headers, value } of stored) {
      try {
        records.push({ offset, timestamp, key, headers, raw: value, value: codec.decode(topic, value) });
      } catch (error) {
        // The live sink set the same record aside as a dead letter; anything else is a fault.
        if (!(error instanceof ParapetError)) throw error;
      }
    }
    return records;
  }

  async function countRows(of: string): Promise<number> {
    const answer = await clickhouse.client.query({
      query: `SELECT toString(count()) AS n FROM ${clickhouse.database}.${of}`,
      format: 'JSONEachRow',
    });
    return Number((await answer.json<{ n: string }>())[0]?.n);
  }

  /** Rows as multisets of their hashes, so that a row that is there twice is a difference too. */
  async function compare(old: string, fresh: string): Promise<{ missing: number; extra: number }> {
    const hashes = (of: string, sign: number) =>
      `SELECT cityHash64(toString(tuple(*))) AS h, ${sign} AS sign FROM ${clickhouse.database}.${of}`;
    const answer = await clickhouse.client.query({
      query: `SELECT toString(sumIf(balance, balance > 0)) AS missing, toString(-sumIf(balance, balance < 0)) AS extra
        FROM (SELECT h, sum(sign) AS balance FROM (${hashes(fresh, 1)} UNION ALL ${hashes(old, -1)}) GROUP BY h)`,
      format: 'JSONEachRow',
    });
    const row = (await answer.json<{ missing: string; extra: string }>())[0];
    return { missing: Number(row?.missing), extra: Number(row?.extra) };
  }
}
