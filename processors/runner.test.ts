import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog, LogRecord, StoredRecord, Subscription } from '../log/port.ts';
import { deadLetterTopic, TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import type { AuditEvent } from '../schemas/types.ts';
import type { Sink, SinkBatch } from '../sinks/port.ts';
import { runSink } from '../sinks/runner.ts';
import { runProcessor } from './runner.ts';
import type { Step } from './step.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-runner-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  cleanups.push(() => log.close());
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  const parts = { log, codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }) };
  return { log, codec, parts };
}

const event = (codec: Codec, n: number, key = `k${n}`): LogRecord => ({
  topic: TOPICS.audit.name,
  key,
  timestamp: 1_000 + n,
  headers: { traceparent: `00-${n}` },
  value: codec.encode('audit', { ...SAMPLES.AuditEvent, auditId: String(n) }),
});

async function all(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start: offset } of await log.ranges(topic).catch(() => [])) {
    out.push(...(await log.read({ topic, partition, offset }, { maxRecords: 100_000, maxBytes: 1e9 })));
  }
  return out;
}

async function until(fact: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const run = (subscription: Subscription) => {
  cleanups.push(() => subscription.close());
  return subscription;
};

describe('a processor', () => {
  const copyToThreats: Step<AuditEvent> = ({ value, key, timestamp }) => ({
    kind: 'emit',
    records: [{ topic: 'threats', key, timestamp, value: { ...SAMPLES.Threat, threatId: value.auditId } }],
  });

  it('emits once for each record, also when it is stopped and started again in the middle', async () => {
    const { log, codec, parts } = await start();
    await log.append(Array.from({ length: 500 }, (_, n) => event(codec, n)));
    for (let i = 0; i < 5; i++) {
      const subscription = await runProcessor(parts, { name: 'copy', input: 'audit', step: copyToThreats }, { maxRecords: 37 });
      await until(async () => (await all(log, TOPICS.threats.name)).length > i * 90);
      await subscription.close();
    }
    run(await runProcessor(parts, { name: 'copy', input: 'audit', step: copyToThreats }));
    await until(async () => (await all(log, TOPICS.threats.name)).length >= 500);
    const ids = (await all(log, TOPICS.threats.name)).map((record) => codec.decode('threats', record.value).threatId);
    expect(ids.length).toBe(500);
    expect(new Set(ids).size).toBe(500);
  });

  it('keeps the headers, so that a trace goes on', async () => {
    const { log, codec, parts } = await start();
    await log.append([event(codec, 1)]);
    run(await runProcessor(parts, { name: 'copy', input: 'audit', step: copyToThreats }));
    await until(async () => (await all(log, TOPICS.threats.name)).length === 1);
    expect((await all(log, TOPICS.threats.name))[0]?.headers).toEqual({ traceparent: '00-1' });
  });

  it('sets a poisoned record aside with its story, and the others go on', async () => {
    const { log, codec, parts } = await start();
    await log.append([
      event(codec, 0, 'k'),
      { ...event(codec, 1, 'k'), value: Buffer.from('not avro') },
      event(codec, 2, 'k'),
      event(codec, 3, 'k'),
    ]);
    const step: Step<AuditEvent> = (input) => {
      if (input.value.auditId === '2') throw new Error('this one breaks the step');
      return copyToThreats(input);
    };
    run(await runProcessor(parts, { name: 'copy', input: 'audit', step }, { attempts: 2, backoffMs: 1 }));
    await until(async () => (await all(log, TOPICS.threats.name)).length === 2);
    const dead = await all(log, deadLetterTopic('copy'));
    expect(dead.map((record) => record.headers['parapet-dead-offset'])).toEqual(['1', '2']);
    expect(dead[0]?.value.toString()).toBe('not avro');
    expect(dead[0]?.headers).toMatchObject({
      'parapet-dead-code': 'PARAPET_RECORD_INVALID',
      'parapet-dead-topic': TOPICS.audit.name,
      'parapet-dead-step': 'copy',
      traceparent: '00-1',
    });
    expect(dead[1]?.headers['parapet-dead-reason']).toContain('this one breaks the step');
  });

  it('tries again what fails for a while', async () => {
    const { log, codec, parts } = await start();
    await log.append([event(codec, 1)]);
    let tries = 0;
    const step: Step<AuditEvent> = (input) => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
      return copyToThreats(input);
    };
    run(await runProcessor(parts, { name: 'copy', input: 'audit', step }, { backoffMs: 1 }));
    await until(async () => (await all(log, TOPICS.threats.name)).length === 1);
    expect(tries).toBe(3);
    expect(await all(log, deadLetterTopic('copy'))).toEqual([]);
  });
});

describe('the sink runner', () => {
  interface Fake extends Sink<'audit'> {
    batches: { first: number; last: number; ids: string[]; recovered: boolean }[];
    write: Sink<'audit'>['write'];
  }

  /** A sink that only remembers; what it does in `write` can be replaced. */
  function remembering(limits: Partial<Sink['limits']> = {}): Fake {
    const batches: Fake['batches'] = [];
    return {
      name: 'test.audit',
      topic: 'audit',
      limits: { maxRecords: 10, maxBytes: 1e9, lingerMs: 20, ...limits },
      batches,
      open: async () => {},
      close: async () => {},
      write: async (batch: SinkBatch<AuditEvent>) => {
        batches.push({
          first: batch.firstOffset,
          last: batch.lastOffset,
          ids: batch.records.map((record) => record.value.auditId),
          recovered: batch.recovered,
        });
        return [];
      },
    };
  }

  it('cuts batches by count and by linger, without gap or overlap', async () => {
    const { log, codec, parts } = await start();
    await log.append(Array.from({ length: 25 }, (_, n) => event(codec, n, 'k')));
    const sink = remembering();
    run(await runSink(parts, sink));
    await until(() => sink.batches.flatMap((batch) => batch.ids).length === 25);
    expect(sink.batches.map(({ first, last }) => [first, last])).toEqual([
      [0, 9],
      [10, 19],
      [20, 24],
    ]);
  });

  it('writes exactly the same batch again after a crash between the note and the commit', async () => {
    const { log, codec, parts } = await start();
    await log.append(Array.from({ length: 7 }, (_, n) => event(codec, n, 'k')));
    const crashing = remembering();
    const write = crashing.write;
    let die: (error: Error) => void = () => undefined;
    crashing.write = async (batch) => {
      if (crashing.batches.length > 0) throw new Error('killed');
      await write(batch);
      return new Promise((_, reject) => {
        die = reject;
      });
    };
    run(await runSink(parts, crashing));
    cleanups.push(async () => die(new Error('killed')));
    await until(() => crashing.batches.length === 1);
    const { partition } = (await all(log, TOPICS.audit.name))[0] as StoredRecord;
    const note = (await log.commits('test.audit')).find((commit) => commit.partition === partition);
    expect(note).toMatchObject({ offset: 0, metadata: '{"last":6}' });
    // Another process finds the same log with that note, and more records by now.
    const { log: other, parts: otherParts } = await start();
    await other.append(Array.from({ length: 12 }, (_, n) => event(codec, n, 'k')));
    await other.seek('test.audit', { topic: TOPICS.audit.name, partition, offset: 0 }, '{"last":6}');
    const sink = remembering();
    run(await runSink(otherParts, sink));
    await until(() => sink.batches.flatMap((batch) => batch.ids).length === 12);
    expect(sink.batches[0]).toMatchObject({ first: 0, last: 6, recovered: true, ids: crashing.batches[0]?.ids });
    expect(sink.batches[1]).toMatchObject({ first: 7, recovered: false });
  }, 40_000);

  it('tries a store that is away until it is back, and marks the batch as perhaps written', async () => {
    const { log, codec, parts } = await start();
    await log.append([event(codec, 1, 'k')]);
    const sink = remembering();
    const write = sink.write;
    let away = 3;
    sink.write = async (batch) => {
      if (away-- > 0) throw new Error('connection refused');
      return write(batch);
    };
    run(await runSink(parts, sink));
    await until(() => sink.batches.length === 1);
    expect(sink.batches[0]).toMatchObject({ ids: ['1'], recovered: true });
  });

  it('sets aside what the store refuses and what cannot be decoded, and commits the rest', async () => {
    const { log, codec, parts } = await start();
    await log.append([event(codec, 0, 'k'), { ...event(codec, 1, 'k'), value: Buffer.from('junk') }, event(codec, 2, 'k')]);
    const sink = remembering();
    const write = sink.write;
    sink.write = async (batch) => {
      await write(batch);
      return [{ index: batch.records.findIndex((record) => record.value.auditId === '2'), reason: 'value out of range' }];
    };
    run(await runSink(parts, sink));
    await until(async () => (await all(log, deadLetterTopic('test.audit'))).length === 2);
    const dead = await all(log, deadLetterTopic('test.audit'));
    expect(dead.map((record) => [record.headers['parapet-dead-offset'], record.headers['parapet-dead-code']])).toEqual([
      ['1', 'PARAPET_RECORD_INVALID'],
      ['2', 'PARAPET_STORE_REFUSED'],
    ]);
    await until(async () => (await log.commits('test.audit')).some((commit) => commit.offset === 3 && commit.metadata === ''));
  });
});
