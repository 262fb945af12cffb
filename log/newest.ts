/**
 * Finds one record of a topic, looking from its end: what people ask about has mostly just happened. Nothing but a stretch of
 * one partition is in memory, however long the topic is.
 */
import type { EventLog, StoredRecord } from './port.ts';
import { rangesIfThere } from './ranges.ts';

/** Offsets of a stretch. */
const STRETCH = 5_000;
const BYTES = 32 * 1024 * 1024;

/** The first record that `find` makes something of; undefined when there is none. Partitions take turns, each from its end. */
export async function findNewest<T>(
  log: Pick<EventLog, 'ranges' | 'read'>,
  topic: string,
  find: (record: StoredRecord) => Promise<T | undefined>,
  stretch = STRETCH,
): Promise<T | undefined> {
  let left = await rangesIfThere(log, topic);
  while (left.length > 0) {
    const further: typeof left = [];
    for (const { partition, start, end } of left) {
      const from = Math.max(start, end - stretch);
      let found: T | undefined;
      for (let offset = from; offset < end; ) {
        const records = await log.read({ topic, partition, offset }, { maxRecords: end - offset, maxBytes: BYTES });
        const last = records.at(-1);
        if (last === undefined) break;
        // Of two in a stretch the later one.
        for (const record of records) if (record.offset < end) found = (await find(record)) ?? found;
        offset = last.offset + 1;
      }
      if (found !== undefined) return found;
      if (from > start) further.push({ partition, start, end: from });
    }
    left = further;
  }
  return undefined;
}
