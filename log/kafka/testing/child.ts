/**
 * A process that tests start to kill. `append ID TOPIC COUNT BATCH` appends numbered records and prints each batch's last
 * number once it is stored; `copy GROUP FROM TO` reads FROM and writes what it read to TO in its commits, and prints the
 * partitions that it takes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord, StoredRecord } from '../../port.ts';
import { openTestLog } from './harness.ts';

const [role, ...rest] = process.argv.slice(2);

if (role === 'append') {
  const [id, topic, count, size] = rest as [string, string, string, string];
  const log = await openTestLog({ topics: { [topic]: 4 }, withinMs: 120_000 });
  for (let first = 1; first <= Number(count); first += Number(size)) {
    const records = Array.from({ length: Number(size) }, (_, i) => numbered(topic, first + i));
    await log.append(records, { id, firstSequence: first });
    process.stdout.write(`${first + Number(size) - 1}\n`);
  }
  await log.close();
} else {
  const [group, from, to] = rest as [string, string, string];
  const log = await openTestLog({ topics: { [from]: 4, [to]: 4 }, withinMs: 120_000 });
  await log.subscribe({ group, topics: [from], from: 'earliest' }, async (assignment) => {
    process.stdout.write(`taken ${assignment.partition}\n`);
    let offset = assignment.committed.offset;
    while (!assignment.revoked.aborted) {
      const records = await assignment.read(offset, { maxRecords: 50, maxBytes: 1e6, waitMs: 1_000 });
      if (records.length === 0) continue;
      offset = (records.at(-1) as StoredRecord).offset + 1;
      await sleep(5);
      await assignment.commit(
        offset,
        '',
        records.map(({ key, timestamp, headers, value }) => ({ topic: to, key, timestamp, headers, value })),
      );
      process.stdout.write(`done ${records.length}\n`);
    }
  });
  process.on('SIGTERM', () => void log.close());
}

export function numbered(topic: string, n: number): LogRecord {
  return { topic, key: `k${n % 16}`, timestamp: Date.now(), headers: {}, value: Buffer.from(String(n)) };
}
