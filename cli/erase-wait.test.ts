/** Waiting for sinks before views are masked: also for one that has read its first records and committed nothing yet. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import { TOPICS } from '../log/topics.ts';
import { waitForSinks } from './erase-wait.ts';

it('waits for a sink that runs and has committed nothing yet, and for none that does not run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-erase-wait-'));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  const topic = TOPICS.assessed.name;
  const group = 'clickhouse.interactions';
  try {
    await log.append([{ topic, key: 'k', timestamp: 1, headers: {}, value: Buffer.from('x') }]);
    let read = 0;
    const subscription = await log.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      const records = await assignment.read(0, { maxRecords: 10, maxBytes: 1_000, waitMs: 0 });
      read += records.length;
      await new Promise((resolve) => assignment.revoked.addEventListener('abort', resolve, { once: true }));
    });
    await expect.poll(() => read, { timeout: 10_000 }).toBe(1);
    await expect(waitForSinks(log, [group], 0)).rejects.toMatchObject({ code: 'PARAPET_ERASURE_INCOMPLETE' });
    await subscription.close();
    await waitForSinks(log, [group, 'elasticsearch.threats'], 0);
  } finally {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
});
