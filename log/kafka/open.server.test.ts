/** Opening a Kafka that is not there, refuses, or does not fit: a coded error with what to do, soon. */
import { createServer } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { EventLog, LogRecord } from '../port.ts';
import { openKafkaLog } from './index.ts';
import { brokers, dropTopics, openTestLog, unique } from './testing/harness.ts';

describe('kafka: opening', () => {
  const cleanups: (() => unknown)[] = [];
  afterAll(dropTopics);
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function failure(connection: object): Promise<{ code: string; message: string; hint: string; ms: number }> {
    const start = performance.now();
    const error = await openKafkaLog({
      connection: { brokers, clientId: 'parapet-test', ssl: false, ...connection },
      topics: { [unique('never')]: 1 },
      replicationFactor: 1,
      maxRecordBytes: 1e6,
    }).then(
      (log) => log.close().then(() => ({ code: 'none', message: '', hint: '' })),
      (thrown) => thrown,
    );
    return { code: error.code, message: error.message, hint: error.hint, ms: performance.now() - start };
  }

  it('names a host that does not resolve', async () => {
    const { code, message, hint, ms } = await failure({ brokers: ['no-such-host.invalid:9092'] });
    expect(code).toBe('PARAPET_LOG_UNAVAILABLE');
    expect(message).toMatch(/does not resolve.*no-such-host\.invalid:9092/);
    expect(hint).toContain('KAFKA_BROKERS');
    expect(ms).toBeLessThan(12_000);
  });

  it('says that nobody listens', async () => {
    const { code, message, ms } = await failure({ brokers: ['127.0.0.1:9'] });
    expect(code).toBe('PARAPET_LOG_UNAVAILABLE');
    expect(message).toMatch(/Nobody listens/);
    expect(ms).toBeLessThan(12_000);
  });

  it('gives up on an address that takes connections and says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => silent.close());
    const { code, ms } = await failure({ brokers: [`127.0.0.1:${(silent.address() as { port: number }).port}`] });
    expect(code).toBe('PARAPET_LOG_UNAVAILABLE');
    expect(ms).toBeLessThan(16_000);
  });

  it('says that the broker does not speak TLS', async () => {
    const { code, ms } = await failure({ ssl: {} });
    expect(code).toBe('PARAPET_LOG_UNAVAILABLE');
    expect(ms).toBeLessThan(16_000);
  });

  it('says that the broker refuses SASL', async () => {
    const { code, message, hint } = await failure({ sasl: { mechanism: 'plain', username: 'u', password: 'hidden' } });
    expect(code).toBe('PARAPET_LOG_UNAVAILABLE');
    expect(`${message} ${hint}`).not.toContain('hidden');
    expect(hint).toContain('KAFKA_');
  });

  it('refuses a topic with fewer partitions than configured, and takes one with more', async () => {
    const topic = unique('parts');
    cleanups.push(await opened({ [topic]: 2 }));
    await expect(openTestLog({ topics: { [topic]: 4 } })).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
    const log = await openTestLog({ topics: { [topic]: 1 } });
    cleanups.push(() => log.close());
    expect(await log.ranges(topic)).toHaveLength(2);
  });

  it('says that there are too few brokers for the replication factor', async () => {
    await expect(openTestLog({ topics: { [unique('copies')]: 1 }, replicationFactor: 3 })).rejects.toMatchObject({
      code: 'PARAPET_LOG_UNAVAILABLE',
      hint: expect.stringContaining('KAFKA_REPLICATION_FACTOR'),
    });
  });

  it('refuses a record that is too large, by its own limit and by the topic’s, and goes on with the next', async () => {
    const topic = unique('large');
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries: [{ name: 'max.message.bytes', value: '50000' }] }],
    });
    await admin.disconnect();
    const log = await openTestLog({ topics: { [topic]: 1 }, maxRecordBytes: 200_000 });
    cleanups.push(() => log.close());
    const id = unique('p');
    await expect(log.append([sized(topic, 300_000)], { id, firstSequence: 1 })).rejects.toMatchObject({ code: 'PARAPET_RECORD_TOO_LARGE' });
    await expect(log.append([sized(topic, 100_000)], { id, firstSequence: 1 })).rejects.toMatchObject({ code: 'PARAPET_RECORD_TOO_LARGE' });
    await log.append([sized(topic, 10_000)], { id, firstSequence: 1 });
    const [range] = await log.ranges(topic);
    expect((await log.read({ topic, partition: 0, offset: range?.start ?? 0 }, { maxRecords: 10, maxBytes: 1e6 })).length).toBe(1);
  });

  it('takes records of any time, also of a gateway whose clock is years ahead', async () => {
    const topic = unique('times');
    const log = await openTestLog({ topics: { [topic]: 1 } });
    cleanups.push(() => log.close());
    const times = [0, Date.now(), Date.now() + 5 * 365 * 86_400_000];
    await log.append(times.map((timestamp) => ({ topic, key: 'k', timestamp, headers: {}, value: Buffer.from('x') })));
    const read = () => log.read({ topic, partition: 0, offset: 0 }, { maxRecords: 10, maxBytes: 1e6 });
    // A broker that is busy shows the end of a transaction a moment later.
    await expect.poll(async () => (await read()).map(({ timestamp }) => timestamp), { timeout: 20_000 }).toEqual(times);
  });

  it('makes a dead-letter topic when it is first written', async () => {
    const log = await openTestLog({ topics: { [unique('any')]: 1 } });
    cleanups.push(() => log.close());
    const dead = `${unique('dl')}.dead.v1`;
    await log.append([sized(dead, 10)]);
    expect((await log.ranges(dead)).length).toBe(1);
  });

  it('carries a note of 2 KiB in both ways of committing', async () => {
    const topic = unique('notes');
    const log = await openTestLog({ topics: { [topic]: 1 } });
    cleanups.push(() => log.close());
    const group = unique('g');
    const note = 'ö'.repeat(1_024);
    for (const records of [[], [sized(topic, 10)]]) {
      await new Promise<void>((resolve, reject) => {
        const started = log.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
          await assignment.commit(assignment.committed.offset, note, records).catch(reject);
          started.then((subscription) => subscription.close()).then(resolve, reject);
        });
      });
      expect((await log.commits(group))[0]?.metadata).toBe(note);
      await log.seek(group, { topic, partition: 0, offset: 0 }, 'reset');
      expect((await log.commits(group))[0]).toMatchObject({ offset: 0, metadata: 'reset' });
    }
  });

  async function opened(topics: Record<string, number>): Promise<() => Promise<void>> {
    const log: EventLog = await openTestLog({ topics });
    return () => log.close();
  }
});

function sized(topic: string, bytes: number): LogRecord {
  return { topic, key: 'k', timestamp: Date.now(), headers: {}, value: Buffer.alloc(bytes, 1) };
}
