import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { readDeadLetters } from '../log/dead-letters.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog, LogRecord, StoredRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { runProcessor } from '../processors/runner.ts';
import type { Step } from '../processors/step.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import type { AuditEvent } from '../schemas/types.ts';
import type { Sink, SinkBatch } from '../sinks/port.ts';
import { runSink } from '../sinks/runner.ts';
import { dropLetters, listLetters, replayLetters, showLetter } from './dead.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-dead-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  cleanups.push(() => log.close());
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  const runners = { log, codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }) };
  return { log, codec, runners, parts: { log, codec, org: 'acme' } };
}

const event = (codec: Codec, n: number, key: string): LogRecord => ({
  topic: TOPICS.audit.name,
  key,
  timestamp: 1_000 + n,
  headers: { traceparent: `00-${n}` },
  value: codec.encode('audit', { ...SAMPLES.AuditEvent, auditId: String(n), action: 'test.event' }),
});

async function all(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start: offset } of await log.ranges(topic)) {
    out.push(...(await log.read({ topic, partition, offset }, { maxRecords: 10_000, maxBytes: 1e9 })));
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

/** Copies audit events to threats; those named in `broken` fail. What Parapet itself audits passes by. */
async function copying(runners: Awaited<ReturnType<typeof start>>['runners'], broken: Set<string>) {
  const step: Step<AuditEvent> = ({ value, key, timestamp, headers }) => {
    if (value.action !== 'test.event') return { kind: 'drop', reason: 'not of this test' };
    if (broken.has(value.auditId)) throw new Error(`event ${value.auditId} breaks the step`);
    const threat = { ...SAMPLES.Threat, threatId: value.auditId, ruleId: headers['traceparent'] ?? '' };
    return { kind: 'emit', records: [{ topic: 'threats', key, timestamp, value: threat }] };
  };
  const subscription = await runProcessor(runners, { name: 'copy', input: 'audit', step }, { attempts: 1 });
  cleanups.push(() => subscription.close());
}

const threatIds = async (log: EventLog, codec: Codec) =>
  (await all(log, TOPICS.threats.name)).map(({ value }) => codec.decode('threats', value).threatId);

describe('dead letters of a processor', () => {
  it('are listed, shown, and given back once, however often they are asked for', async () => {
    const { log, codec, runners, parts } = await start();
    const broken = new Set(['3', '4']);
    await copying(runners, broken);
    await log.append([1, 2, 3, 4].map((n) => event(codec, n, `k${n}`)));
    await until(async () => (await listLetters(log, ['copy'])).length === 2);
    const [first] = await listLetters(log, ['copy', 'nobody']);
    expect(first?.failure).toMatchObject({ group: 'copy', code: 'PARAPET_INTERNAL', attempts: 1 });
    expect(await showLetter(log, codec, 'copy', first?.id as string)).toMatchObject({
      state: 'open',
      source: { topic: TOPICS.audit.name },
      value: { action: 'test.event' },
    });
    broken.clear();
    const results = await Promise.allSettled([
      replayLetters(parts, 'copy', {}),
      replayLetters(parts, 'copy', {}),
      replayLetters(parts, 'copy', {}),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    await until(async () => (await threatIds(log, codec)).length >= 4);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await threatIds(log, codec)).sort()).toEqual(['1', '2', '3', '4']);
    expect((await readDeadLetters(log, 'copy')).map(({ state }) => state)).toEqual(['replayed', 'replayed']);
    const audits = (await all(log, TOPICS.audit.name)).map(({ value }) => codec.decode('audit', value));
    expect(audits.filter(({ action }) => action === 'dead_letter.replayed')).toHaveLength(2);
    // The record comes back as it was: its own headers, nothing of its story.
    const threats = (await all(log, TOPICS.threats.name)).map(({ value }) => codec.decode('threats', value));
    expect(threats.find(({ threatId }) => threatId === '3')?.ruleId).toBe('00-3');
  });

  it('become letters again when they fail again', async () => {
    const { log, codec, runners, parts } = await start();
    await copying(runners, new Set(['1']));
    await log.append([event(codec, 1, 'k')]);
    await until(async () => (await listLetters(log, ['copy'])).length === 1);
    await replayLetters(parts, 'copy', {});
    await until(async () => (await readDeadLetters(log, 'copy')).length === 2);
    const [before, after] = await readDeadLetters(log, 'copy');
    expect([before?.state, after?.state]).toEqual(['replayed', 'open']);
    expect(after?.source).toEqual(before?.source);
  });

  it('say when their key has gone on without them, and wait for a yes', async () => {
    const { log, codec, runners, parts } = await start();
    const broken = new Set(['1']);
    await copying(runners, broken);
    await log.append([event(codec, 1, 'k'), event(codec, 2, 'k'), event(codec, 3, 'k'), event(codec, 4, 'other')]);
    await until(async () => (await threatIds(log, codec)).length === 3);
    broken.clear();
    await expect(replayLetters(parts, 'copy', {})).rejects.toMatchObject({ code: 'PARAPET_DEAD_LETTER_OVERTAKEN' });
    const { overtaken } = await replayLetters(parts, 'copy', {}, { dryRun: true });
    expect(overtaken.map(({ by }) => by)).toEqual([2]);
    expect(await threatIds(log, codec)).toHaveLength(3);
    await replayLetters(parts, 'copy', {}, { outOfOrder: true });
    await until(async () => (await threatIds(log, codec)).length === 4);
  });

  it('can be dropped, and then stay', async () => {
    const { log, codec, runners, parts } = await start();
    await copying(runners, new Set(['1', '2']));
    await log.append([event(codec, 1, 'a'), event(codec, 2, 'b')]);
    await until(async () => (await listLetters(log, ['copy'])).length === 2);
    const [first, second] = await listLetters(log, ['copy']);
    await dropLetters(parts, 'copy', { ids: [first?.id as string] }, 'made by a test');
    expect(await listLetters(log, ['copy'])).toMatchObject([{ id: second?.id }]);
    expect(await listLetters(log, ['copy'], { state: 'dropped' })).toMatchObject([{ id: first?.id }]);
    await expect(replayLetters(parts, 'copy', { ids: [first?.id as string] })).rejects.toMatchObject({
      code: 'PARAPET_DEAD_LETTER_UNKNOWN',
    });
  });

  it('are found by code and time', async () => {
    const { log, codec, runners } = await start();
    await copying(runners, new Set(['1']));
    await log.append([event(codec, 1, 'a'), { ...event(codec, 2, 'b'), value: Buffer.from('not avro') }]);
    await until(async () => (await listLetters(log, ['copy'])).length === 2);
    const [undecodable] = await listLetters(log, ['copy'], { code: 'PARAPET_RECORD_INVALID' });
    expect(await showLetter(log, codec, 'copy', undecodable?.id as string)).toMatchObject({
      head: Buffer.from('not avro').toString('hex'),
    });
    expect(await listLetters(log, ['copy'], { until: Date.now() - 60_000 })).toEqual([]);
    expect(await listLetters(log, ['copy'], { since: Date.now() - 60_000 })).toHaveLength(2);
  });
});

describe('dead letters of a sink', () => {
  it('are written where they belong, as a batch that may be there already', async () => {
    const { log, codec, runners, parts } = await start();
    let refusing = true;
    const batches: SinkBatch<{ auditId: string; action: string }>[] = [];
    const sink: Sink<'audit'> = {
      name: 'test.audit',
      topic: 'audit',
      limits: { maxRecords: 100, maxBytes: 1e6, lingerMs: 10 },
      open: async () => {},
      async write(batch) {
        const bad = batch.records.findIndex(({ value }) => refusing && value.auditId === '2');
        batches.push(batch);
        return bad < 0 ? [] : [{ index: bad, reason: 'the store does not like it' }];
      },
      close: async () => {},
    };
    const subscription = await runSink(runners, sink as Sink);
    cleanups.push(() => subscription.close());
    await log.append([1, 2, 3].map((n) => event(codec, n, 'k')));
    await until(async () => (await listLetters(log, ['test.audit'])).length === 1);
    const [letter] = await listLetters(log, ['test.audit']);
    refusing = false;
    batches.length = 0;
    await replayLetters(parts, 'test.audit', {}, { outOfOrder: true });
    const again = () => batches.find(({ records }) => records.some(({ value }) => value.auditId === '2'));
    await until(() => again() !== undefined);
    const { offset, partition } = (letter as typeof letter & object).source;
    expect(again()).toMatchObject({ topic: TOPICS.audit.name, partition, firstOffset: offset, lastOffset: offset, recovered: true });
  });
});
