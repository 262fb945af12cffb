/** The runner with sinks that make drafts: what is read ahead, and what happens when a draft does not go well. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { Assignment, EventLog, LogRecord, StoredRecord } from '../log/port.ts';
import { deadLetterTopic, TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import type { AuditEvent } from '../schemas/types.ts';
import type { Draft, Sink } from './port.ts';
import { runSink } from './runner.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Written {
  first: number;
  last: number;
  ids: number[];
  recovered: boolean;
}

interface Fake extends Sink<'audit'> {
  /** Ids that drafts were given, written or not. */
  drafted: number[];
  written: Written[];
  /** What a draft does when it is to be written; `write` it itself does not use. */
  onDraft: (batch: Written) => Promise<boolean>;
}

function drafting(limits: Partial<Sink['limits']> = {}): Fake {
  const idsOf = (records: readonly { value: AuditEvent }[]) => records.map((record) => Number(record.value.auditId));
  const sink: Fake = {
    name: 'test.audit',
    topic: 'audit',
    limits: { maxRecords: 10, maxBytes: 1e9, lingerMs: 20, ...limits },
    drafted: [],
    written: [],
    open: async () => {},
    close: async () => {},
    onDraft: async (batch) => {
      sink.written.push(batch);
      return true;
    },
    draft(): Draft<AuditEvent> {
      const ids: number[] = [];
      return {
        add(records) {
          ids.push(...idsOf(records));
          sink.drafted.push(...idsOf(records));
        },
        write: ({ firstOffset: first, lastOffset: last }) => sink.onDraft({ first, last, ids, recovered: false }),
      };
    },
    async write({ firstOffset: first, lastOffset: last, records, recovered }) {
      sink.written.push({ first, last, ids: idsOf(records), recovered });
      return [];
    },
  };
  return sink;
}

/** A log of one partition with `count` audit events. */
async function start(count: number, note?: string, change: (assignment: Assignment) => Assignment = (same) => same) {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-sink-runner-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(1) });
  cleanups.push(() => log.close());
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  await log.append(range(0, count).map((n) => event(codec, n)));
  if (note !== undefined) await log.seek('test.audit', { topic: TOPICS.audit.name, partition: 0, offset: 0 }, note);
  const changed: EventLog = { ...log, subscribe: (options, handler) => log.subscribe(options, (each) => handler(change(each))) };
  const parts = { log: changed, codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }) };
  const begin = async (sink: Fake) => {
    const subscription = await runSink(parts, sink);
    cleanups.push(() => subscription.close());
  };
  /** What is scraped of a gauge; there is one partition. */
  const gauge = async (name: string) => (await parts.metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;
  const commit = async () => (await log.commits('test.audit')).find(({ topic }) => topic === TOPICS.audit.name);
  return { log, codec, begin, commit, gauge };
}

const event = (codec: Codec, n: number): LogRecord => ({
  topic: TOPICS.audit.name,
  key: 'k',
  timestamp: 1_000 + n,
  headers: {},
  value: codec.encode('audit', { ...SAMPLES.AuditEvent, auditId: String(n) }),
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const bounds = ({ first, last, recovered }: Written) => [first, last, recovered];
const ids = (written: readonly Written[]) => written.flatMap((batch) => batch.ids);

async function until(fact: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a sink that makes drafts', () => {
  it('gets every record once, in batches cut by their bounds', async () => {
    const { begin, commit } = await start(25);
    const sink = drafting();
    await begin(sink);
    await until(async () => (await commit())?.offset === 25);
    expect(sink.written.map(bounds)).toEqual([
      [0, 9, false],
      [10, 19, false],
      [20, 24, false],
    ]);
    expect(ids(sink.written)).toEqual(range(0, 25));
  });

  it('gets one large batch of what is at hand, however little a record may wait', async () => {
    const { begin } = await start(1_050);
    const sink = drafting({ maxRecords: 2_000, lingerMs: 0 });
    await begin(sink);
    await until(() => sink.written.length > 0);
    expect(sink.written.map(bounds)).toEqual([[0, 1_049, false]]);
  });

  it('that is killed with the next batch read ahead begins again with the one it had begun', async () => {
    const killed = drafting();
    const { begin, commit } = await start(30);
    let die = (_: Error) => {};
    killed.onDraft = (batch) => {
      killed.written.push(batch);
      return new Promise((_, reject) => {
        die = reject;
      });
    };
    await begin(killed);
    cleanups.push(() => die(new Error('killed')));
    await until(() => killed.drafted.length === 20);
    // The second batch is read, but only the first has begun: the log knows of no other.
    expect(killed.written.map(bounds)).toEqual([[0, 9, false]]);
    const left = await commit();
    expect(left).toMatchObject({ offset: 0, metadata: '{"last":9}' });

    // Another process finds the log as it was left.
    const after = await start(30, left?.metadata);
    const sink = drafting({ maxRecords: 15 });
    await after.begin(sink);
    await until(async () => (await after.commit())?.offset === 30);
    expect(sink.written.map(bounds)).toEqual([
      [0, 9, true],
      [10, 24, false],
      [25, 29, false],
    ]);
    expect(ids(sink.written)).toEqual(range(0, 30));
  }, 40_000);

  it('gets a batch whose draft failed again, whole and as perhaps written', async () => {
    const { begin, commit } = await start(25);
    const sink = drafting();
    const write = sink.onDraft;
    sink.onDraft = async (batch) => {
      if (batch.first === 10) throw new Error('connection reset');
      return write(batch);
    };
    await begin(sink);
    await until(async () => (await commit())?.offset === 25);
    expect(sink.written.map(bounds)).toEqual([
      [0, 9, false],
      [10, 19, true],
      [20, 24, false],
    ]);
    expect(ids(sink.written)).toEqual(range(0, 25));
  });

  it('says how far it is behind, and how old its oldest record is, while its store is away and after', async () => {
    const { begin, commit, gauge } = await start(25);
    const sink = drafting();
    let away = true;
    const write = sink.onDraft;
    sink.onDraft = async (batch) => {
      if (away) throw new Error('connection refused');
      return write(batch);
    };
    sink.write = async () => {
      if (away) throw new Error('connection refused');
      return [];
    };
    await begin(sink);
    const ages: number[] = [];
    await until(async () => {
      ages.push((await gauge('parapet_sink_oldest_unwritten_seconds')) ?? 0);
      return new Set(ages.filter((age) => age > 0)).size >= 3;
    });
    // The records are from 1970: their age grows with each try.
    expect(ages.at(-1)).toBeGreaterThan(50 * 365 * 86_400);
    expect(await gauge('parapet_consumer_lag_records')).toBe(25);
    away = false;
    await until(async () => (await commit())?.offset === 25);
    await until(async () => (await gauge('parapet_consumer_lag_records')) === 0);
    expect(await gauge('parapet_sink_oldest_unwritten_seconds')).toBe(0);
  });

  it('waits for records that the log is slow to give, and reads one after the other', async () => {
    let reading = 0;
    let together = 0;
    let refusals = 3;
    const { begin, commit } = await start(30, JSON.stringify({ last: 9 }), (assignment) => ({
      ...assignment,
      async read(offset, options): Promise<StoredRecord[]> {
        if (assignment.topic !== TOPICS.audit.name) return assignment.read(offset, options);
        reading += 1;
        together = Math.max(together, reading);
        await new Promise((resolve) => setTimeout(resolve, 5));
        // As Kafka does while its broker is away: nothing, which is not the same as no record there.
        const found = offset < 10 && refusals-- > 0 ? [] : await assignment.read(offset, { ...options, waitMs: 50 });
        reading -= 1;
        return found;
      },
    }));
    const sink = drafting();
    let drafts = 0;
    sink.onDraft = async (batch) => {
      drafts += 1;
      if (drafts === 1) return false;
      sink.written.push(batch);
      return true;
    };
    await begin(sink);
    await until(async () => (await commit())?.offset === 30);
    expect(ids(sink.written)).toEqual(range(0, 30));
    expect(sink.written.map(bounds)).toEqual([
      [0, 9, true],
      [10, 19, true],
      [20, 29, false],
    ]);
    expect(together).toBe(1);
  });

  it('has the record set aside that makes a draft impossible, and what cannot be decoded', async () => {
    const { begin, commit, log, codec } = await start(5);
    await log.append([{ ...event(codec, 5), value: Buffer.from('junk') }, event(codec, 6)]);
    const sink = drafting();
    sink.onDraft = async () => false;
    sink.write = async ({ records }) => [{ index: records.findIndex((record) => record.value.auditId === '6'), reason: 'too large' }];
    await begin(sink);
    await until(async () => (await commit())?.offset === 7);
    const dead = await log.read({ topic: deadLetterTopic('test.audit'), partition: 0, offset: 0 }, { maxRecords: 10, maxBytes: 1e6 });
    expect(dead.map(({ headers }) => [headers['parapet-dead-offset'], headers['parapet-dead-code']])).toEqual([
      ['5', 'PARAPET_RECORD_INVALID'],
      ['6', 'PARAPET_STORE_REFUSED'],
    ]);
  });
});
