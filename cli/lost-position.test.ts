/** A group that lost its position, as Kafka lets one that was silent for long: it reads from the start, and no view has a row twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import { TOPICS } from '../log/topics.ts';
import { createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { createClickHouseSink, openClickHouse, tallyClickHouse } from '../sinks/clickhouse/index.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import type { Sink } from '../sinks/port.ts';
import { runSink } from '../sinks/runner.ts';
import { createFolderStore, createLakeSink, readLake } from '../sinks/s3/index.ts';

const COUNT = 1_000;
const topic = TOPICS.assessed.name;

it('gives no record twice, from ClickHouse or the lake, and loses none of a log that was set up anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-lost-position-'));
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  const clickhouse = await openClickHouse({ path: join(folder, 'clickhouse') });
  const lake = createFolderStore(join(folder, 'lake'));
  const parts = { codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }) };
  const fixtures = createFixtures({ startMs: Date.now() - 3_600_000 });
  let log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(1) });

  const append = (first: number, count: number) =>
    log.append(
      Array.from({ length: count }, (_, i) => {
        const value = fixtures.assessed(first + i);
        const timestamp = Math.floor(value.interaction.startedAt / 1_000);
        return { topic, key: 'k', timestamp, headers: {}, value: codec.encode('assessed', value) };
      }),
    );
  /** Batches of another size than before: where a group begins anew it cuts them elsewhere. */
  async function drain(maxRecords: number, end: number): Promise<void> {
    const limits = { lingerMs: 20, maxRecords };
    const sinks = [
      createClickHouseSink({ store: clickhouse, view: 'interactions', limits }) as Sink,
      createLakeSink({ store: lake, topic: 'assessed', limits }) as Sink,
    ];
    for (const sink of sinks) {
      const subscription = await runSink({ ...parts, log }, sink);
      await expect.poll(async () => (await log.commits(sink.name))[0]?.offset, { timeout: 30_000 }).toBe(end);
      await subscription.close();
    }
  }
  const rows = async () => (await tallyClickHouse(clickhouse)).reduce((total, tally) => total + tally.rows, 0);

  try {
    await append(0, COUNT);
    await drain(300, COUNT);
    await append(COUNT, 100);
    for (const group of ['clickhouse.interactions', 's3.assessed']) await log.seek(group, { topic, partition: 0, offset: 0 });
    await drain(170, COUNT + 100);
    const offsets = [];
    for await (const { offset } of readLake(lake, 'assessed')) offsets.push(offset);
    expect([await rows(), offsets.length]).toEqual([COUNT + 100, COUNT + 100]);

    await log.close();
    log = await openEmbeddedLog({ path: join(folder, 'another log'), topics: embeddedTopics(1) });
    await append(COUNT + 100, 500);
    await drain(170, 500);
    expect(await rows()).toBe(COUNT + 600);
  } finally {
    await clickhouse.close();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
