/** Reading without a group. What a fetch gave beyond the asked-for is kept, because the next read mostly goes on there. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ageOf } from '../expiry.ts';
import type { EventLog, PartitionRange, Position, StoredRecord } from '../port.ts';
import { persist, protocolError } from './faults.ts';
import type { Cluster } from './internals.ts';
import { EARLIEST, fetchParts, LATEST, leaderOf, offsetsAt, READ_UNCOMMITTED } from './protocol.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const KEPT_PARTITIONS = 16;
const WITHIN_MS = 30_000;
const OFFSET_OUT_OF_RANGE = 1;
/** How long `ranges` waits for transactions that have committed to become visible: their markers are written after. */
const SETTLE_MS = 2_000;
const SETTLE_PAUSE_MS = 2;

export interface Reader extends Pick<EventLog, 'read' | 'ranges'> {
  /** The offset of the first record from `position` on that is kept when all older than `time` leave; `end` when there is none before it. */
  firstSince(position: Position, end: number, time: number): Promise<number>;
  /** Records were removed: what was read ahead may be gone. */
  forget(): void;
}

export function createReader(cluster: Cluster, partitionCount: (topic: string) => Promise<number>): Reader {
  const ahead = new Map<string, { from: number; records: StoredRecord[]; at: number }>();

  async function fetchFrom(topic: string, partition: number, start: number): Promise<StoredRecord[]> {
    for (let offset = start; ; ) {
      const broker = await cluster.findBroker({ nodeId: leaderOf(cluster, topic, partition) });
      const [part] = await fetchParts(broker, [{ topic, partition, offset, maxBytes: FETCH_BYTES }], {
        maxWaitMs: 0,
        maxBytes: FETCH_BYTES,
      });
      if (part === undefined) return [];
      if (part.errorCode === OFFSET_OUT_OF_RANGE) {
        const first = (await offsetsAt(cluster, topic, [partition], EARLIEST)).get(partition) ?? 0;
        // Beyond the end there is nothing; before the start it goes on at the oldest record kept.
        if (first <= offset) return [];
        offset = first;
        continue;
      }
      if (part.errorCode !== 0) throw protocolError(part.errorCode);
      if (part.records.length > 0) return part.records;
      // A stretch of markers and aborted records: go on behind it.
      if (part.next === undefined || part.next <= offset || part.next >= part.lastStableOffset) return [];
      offset = part.next;
    }
  }

  return {
    async read({ topic, partition, offset }, { maxRecords, maxBytes }) {
      await partitionCount(topic);
      const name = `${topic}/${partition}`;
      let found = ahead.get(name);
      if (found === undefined || found.from !== offset) {
        const records = await persist(() => fetchFrom(topic, partition, offset), {
          withinMs: WITHIN_MS,
          mend: () => cluster.refreshMetadata(),
        });
        found = { from: offset, records, at: 0 };
      }
      ahead.delete(name);
      const out: StoredRecord[] = [];
      let bytes = 0;
      let { at } = found;
      for (; at < found.records.length && out.length < maxRecords; at++) {
        const record = found.records[at] as StoredRecord;
        bytes += record.value.length;
        if (out.length > 0 && bytes > maxBytes) break;
        out.push(record);
      }
      const last = out.at(-1);
      if (last !== undefined && at < found.records.length) {
        if (ahead.size >= KEPT_PARTITIONS) ahead.clear();
        ahead.set(name, { from: last.offset + 1, records: found.records, at });
      }
      return out;
    },

    async ranges(topic) {
      const partitions = Array.from({ length: await partitionCount(topic) }, (_, i) => i);
      const until = performance.now() + SETTLE_MS;
      return persist(
        async () => {
          const written = await offsetsAt(cluster, topic, partitions, LATEST, READ_UNCOMMITTED);
          let ends = await offsetsAt(cluster, topic, partitions, LATEST);
          while (partitions.some((each) => (ends.get(each) ?? 0) < (written.get(each) ?? 0)) && performance.now() < until) {
            await sleep(SETTLE_PAUSE_MS);
            ends = await offsetsAt(cluster, topic, partitions, LATEST);
          }
          const starts = await offsetsAt(cluster, topic, partitions, EARLIEST);
          return partitions.map((partition): PartitionRange => {
            const start = starts.get(partition) ?? 0;
            return { partition, start, end: Math.max(start, ends.get(partition) ?? 0) };
          });
        },
        { withinMs: WITHIN_MS, mend: () => cluster.refreshMetadata() },
      );
    },

    async firstSince(position, end, time) {
      let early: number | undefined;
      for (let { offset } = position; offset < end; ) {
        const records = await persist(() => fetchFrom(position.topic, position.partition, offset), { withinMs: WITHIN_MS });
        for (const record of records) {
          const age = ageOf(record.timestamp, time);
          if (age === 'kept') return early ?? record.offset;
          early = age === 'old' ? undefined : (early ?? record.offset);
        }
        const last = records.at(-1);
        if (last === undefined) break;
        offset = last.offset + 1;
      }
      return early ?? end;
    },

    forget() {
      ahead.clear();
    },
  };
}
