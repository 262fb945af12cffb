/** Where a replay reads from: the log, or the lake, which outlives it. Both give the same records at the same offsets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../core/errors.ts';
import type { EventLog, PartitionRange, StoredRecord } from '../log/port.ts';
import { TOPICS, type TopicId } from '../log/topics.ts';
import { LAKE_TOPICS, type LakeTopic, lakeRanges, type ObjectStore, readLake } from '../sinks/s3/index.ts';

export type ReplaySource = 'log' | 'lake';

/** Offsets of one partition, [from, end). */
export interface Stretch {
  partition: number;
  from: number;
  end: number;
}

export interface Source {
  ranges(topic: TopicId): Promise<PartitionRange[]>;
  /** All records of the stretch in order, in pieces of at most `pieceRecords`. Throws PARAPET_STORE_UNAVAILABLE. */
  read(topic: TopicId, stretch: Stretch, pieceRecords: number): AsyncGenerator<StoredRecord[]>;
}

const PIECE_BYTES = 16 * 1024 * 1024;
const SILENT_READS = 50;
const SILENT_MS = 200;

export function openSource(source: ReplaySource, { log, lake }: { log: EventLog; lake: ObjectStore }): Source {
  return source === 'log' ? logSource(log) : lakeSource(lake);
}

function logSource(log: EventLog): Source {
  return {
    ranges: (topic) => log.ranges(TOPICS[topic].name),
    async *read(id, { partition, from, end }, pieceRecords) {
      const topic = TOPICS[id].name;
      for (let offset = from, silent = 0; offset < end; ) {
        const read = await log.read({ topic, partition, offset }, { maxRecords: pieceRecords, maxBytes: PIECE_BYTES });
        const piece = read.filter((record) => record.offset < end);
        const last = piece.at(-1);
        if (last !== undefined) {
          yield piece;
          offset = last.offset + 1;
          silent = 0;
          continue;
        }
        if (read.length > 0) return;
        // The group has finished records here: either they have expired since, or the log is slow.
        const oldest = (await log.ranges(topic)).find((range) => range.partition === partition)?.start ?? 0;
        if (oldest > offset) offset = oldest;
        else if (++silent > SILENT_READS) {
          throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
            message: `The event log gives nothing of ${topic}/${partition} from ${offset} on.`,
          });
        } else await sleep(SILENT_MS);
      }
    },
  };
}

function lakeSource(lake: ObjectStore): Source {
  return {
    ranges: (topic) => lakeRanges(lake, lakeTopic(topic)),
    async *read(topic, { partition, from, end }, pieceRecords) {
      let piece: StoredRecord[] = [];
      for await (const record of readLake(lake, lakeTopic(topic), { partition, fromOffset: from })) {
        if (record.offset >= end) break;
        piece.push(record);
        if (piece.length < pieceRecords) continue;
        yield piece;
        piece = [];
      }
      if (piece.length > 0) yield piece;
    },
  };
}

function lakeTopic(topic: TopicId): LakeTopic {
  const held = LAKE_TOPICS.find((name) => name === topic);
  if (held !== undefined) return held;
  throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', { message: `The lake does not hold the topic ${topic}.` });
}
