/** From append to query: how long it takes until a row can be seen, for every one of a steady stream. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogRecord } from '../log/port.ts';

export interface LatencyParts {
  log: EventLog;
  recordOf(n: number): LogRecord;
  /** Records a second, appended every 50 ms. */
  rate: number;
  seconds: number;
  /**
   * Rows that a query sees now, by partition. Records keep their order and their partition on the whole way, so the kth row
   * of a partition is its kth record.
   */
  rowsByPartition(): Promise<Map<number, number>>;
}

const STEP_MS = 50;
const POLL_MS = 50;
const GIVE_UP_MS = 60_000;

/** Milliseconds from before the append to the end of the query that saw it; as exact as the pause between two queries. */
export async function measureLatency({ log, recordOf, rate, seconds, rowsByPartition }: LatencyParts): Promise<number[]> {
  const batchSize = Math.round((rate * STEP_MS) / 1_000);
  const batches = Array.from({ length: Math.round((seconds * 1_000) / STEP_MS) }, (_, b) =>
    Array.from({ length: batchSize }, (_, i) => recordOf(b * batchSize + i)),
  );
  const total = batches.length * batchSize;
  /** When the records of each partition were appended, in their order, and how many of them were seen. */
  const appended = new Map<number, number[]>();
  const seen = new Map<number, number>();
  const latencies: number[] = [];
  let appending = true;

  const watching = (async () => {
    const until = performance.now() + seconds * 1_000 + GIVE_UP_MS;
    while (latencies.length < total) {
      const rows = await rowsByPartition().catch(() => new Map<number, number>());
      const now = performance.now();
      for (const [partition, count] of rows) {
        const times = appended.get(partition) ?? [];
        for (let k = seen.get(partition) ?? 0; k < Math.min(count, times.length); k++) latencies.push(now - (times[k] as number));
        seen.set(partition, Math.min(count, times.length));
      }
      if (!appending && now > until) throw new Error(`${latencies.length} of ${total} rows were seen`);
      await sleep(POLL_MS);
    }
  })();
  watching.catch(() => undefined);

  const started = performance.now();
  for (const [b, batch] of batches.entries()) {
    const wait = started + b * STEP_MS - performance.now();
    if (wait > 0) await sleep(wait);
    const from = performance.now();
    for (const { partition } of await log.append(batch)) {
      const times = appended.get(partition) ?? [];
      times.push(from);
      appended.set(partition, times);
    }
  }
  appending = false;
  await watching;
  // The first second finds processes that have not done anything yet.
  return latencies.slice(rate);
}
