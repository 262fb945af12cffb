/**
 * What every engine of the event log must do. Called by each engine's test with a way to open it; `reopen` opens the
 * same log again, as another process would.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { keyBeside } from './keys.ts';
import type { Assignment, EventLog, LogRecord, StoredRecord, Subscription } from './port.ts';

export interface Engine {
  /** Topics that exist in the opened log, each with 4 partitions. */
  topics: [string, string];
  open(): Promise<EventLog>;
  reopen(): Promise<EventLog>;
  dispose(): Promise<void>;
}

export function describeEventLog(name: string, makeEngine: () => Promise<Engine>): void {
  describe(`event log: ${name}`, () => {
    const cleanups: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function start() {
      const engine = await makeEngine();
      cleanups.push(() => engine.dispose());
      const log = await engine.open();
      cleanups.push(() => log.close());
      const [topic] = engine.topics;
      // A server remembers groups and producers from one run to the next.
      const run = Math.random().toString(36).slice(2, 10);
      return { engine, log, topic, group: `g-${run}`, producer: `gw-${run}` };
    }

    it('keeps the order of a key, in one partition', async () => {
      const { log, topic } = await start();
      for (let i = 0; i < 50; i++) await log.append([record(topic, `k${i % 3}`, i), record(topic, `k${(i + 1) % 3}`, i)]);
      const all = await readAll(log, topic);
      expect(all).toHaveLength(100);
      for (const key of ['k0', 'k1', 'k2']) {
        const mine = all.filter((each) => each.key === key);
        expect(new Set(mine.map((each) => each.partition)).size).toBe(1);
        expect(mine.map(numberOf)).toEqual(mine.map(numberOf).sort((a, b) => a - b));
      }
    });

    it('keeps what lies beside a key in the partition of that key, under the same number in every topic', async () => {
      const { engine, log } = await start();
      const [one, other] = engine.topics;
      const keys = Array.from({ length: 40 }, (_, i) => `acme/bot-${i}`);
      await log.append(keys.flatMap((key, i) => [record(one, key, i), record(other, keyBeside(key, `user/${i * 31}`), i)]));
      const places = async (topic: string) => new Map((await readAll(log, topic)).map((each) => [numberOf(each), each.partition]));
      const [events, states] = [await places(one), await places(other)];
      expect(new Set(events.values()).size).toBe(4);
      expect(states).toEqual(events);
    });

    it('gives back exactly what was appended', async () => {
      const { log, topic } = await start();
      const value = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
      await log.append([{ topic, key: 'ключ/é', timestamp: 1_700_000_000_123, headers: { traceparent: '00-aa', 'x-é': 'ü' }, value }]);
      const [stored] = await readAll(log, topic);
      expect(stored).toMatchObject({ key: 'ключ/é', timestamp: 1_700_000_000_123, headers: { traceparent: '00-aa', 'x-é': 'ü' } });
      expect(stored?.value.equals(value)).toBe(true);
    });

    it('stores a repeated batch of a producer once, also after it is opened again', async () => {
      const { engine, log, topic, producer } = await start();
      const batch = [1, 2, 3].map((i) => record(topic, 'k', i));
      await log.append(batch, { id: producer, firstSequence: 1 });
      await log.append(batch, { id: producer, firstSequence: 1 });
      const other = await engine.reopen();
      cleanups.push(() => other.close());
      await other.append([...batch.slice(1), record(topic, 'k', 4)], { id: producer, firstSequence: 2 });
      expect((await readAll(log, topic)).map(numberOf)).toEqual([1, 2, 3, 4]);
    });

    it('gives every record to a group once, and goes on from the commit', async () => {
      const { log, topic, group } = await start();
      await log.append(Array.from({ length: 100 }, (_, i) => record(topic, `k${i}`, i)));
      const first = await consume(log, group, topic, 100);
      expect(sorted(first)).toEqual(range(0, 100));
      await log.append(Array.from({ length: 20 }, (_, i) => record(topic, `k${i}`, 100 + i)));
      expect(sorted(await consume(log, group, topic, 20))).toEqual(range(100, 120));
      expect(sorted(await consume(log, `${group}-other`, topic, 120))).toEqual(range(0, 120));
    });

    it('gives what was not committed again', async () => {
      const { log, topic, group } = await start();
      await log.append(Array.from({ length: 10 }, (_, i) => record(topic, 'k', i)));
      const seen = await withSubscription(log, group, topic, async (assignment, done) => {
        const records = await assignment.read(assignment.committed.offset, { maxRecords: 10, maxBytes: 1e6, waitMs: 200 });
        if (records.length < 10) return;
        await assignment.commit((records[3] as StoredRecord).offset + 1, 'note');
        done(records);
      });
      expect(seen.map(numberOf)).toEqual(range(0, 10));
      const again = await withSubscription(log, group, topic, async (assignment, done) => {
        const records = await assignment.read(assignment.committed.offset, { maxRecords: 10, maxBytes: 1e6, waitMs: 200 });
        if (records.length > 0) {
          expect(assignment.committed.metadata).toBe('note');
          done(records);
        }
      });
      expect(again.map(numberOf)).toEqual(range(4, 10));
    });

    it('wakes a waiting reader', async () => {
      const { engine, log, topic, group } = await start();
      const writer = await engine.reopen();
      cleanups.push(() => writer.close());
      const seen = withSubscription(log, group, topic, async (assignment, done) => {
        while (!assignment.revoked.aborted) {
          const records = await assignment.read(assignment.committed.offset, { maxRecords: 10, maxBytes: 1e6, waitMs: 5_000 });
          if (records.length > 0) return done(records);
        }
      });
      await writer.append([record(topic, 'k', 7)]);
      expect((await seen).map(numberOf)).toEqual([7]);
    });

    it('divides the partitions between members, and takes over from one that leaves', async () => {
      const { engine, log, topic, group } = await start();
      const other = await engine.reopen();
      cleanups.push(() => other.close());
      const held = { a: new Set<number>(), b: new Set<number>() };
      const hold = (into: Set<number>) => async (assignment: Assignment) => {
        into.add(assignment.partition);
        await aborted(assignment.revoked);
        into.delete(assignment.partition);
      };
      const a = await log.subscribe({ group, topics: [topic], from: 'earliest' }, hold(held.a));
      await until(() => held.a.size === 4);
      const b = await other.subscribe({ group, topics: [topic], from: 'earliest' }, hold(held.b));
      await until(() => held.a.size === 2 && held.b.size === 2);
      expect([...held.a, ...held.b].sort()).toEqual([0, 1, 2, 3]);
      await a.close();
      await until(() => held.b.size === 4);
      await b.close();
    });

    it('refuses the commit of a member that lost the partition', async () => {
      const { log, topic, group } = await start();
      let stale: Assignment | undefined;
      const subscription = await log.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
        stale ??= assignment;
        await aborted(assignment.revoked);
      });
      await until(() => stale !== undefined);
      await subscription.close();
      await expect(stale?.commit(1)).rejects.toMatchObject({ code: 'PARAPET_LOG_FENCED' });
    });

    it('seeks a group that nobody reads for, and refuses while somebody does', async () => {
      const { log, topic, group } = await start();
      await log.append(Array.from({ length: 10 }, (_, i) => record(topic, 'k', i)));
      await consume(log, group, topic, 10);
      const { partition, offset } = (await readAll(log, topic))[6] as StoredRecord;
      await log.seek(group, { topic, partition, offset });
      expect(sorted(await consume(log, group, topic, 4))).toEqual(range(6, 10));
      let active = 0;
      const subscription = await log.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
        active += 1;
        await aborted(assignment.revoked);
      });
      await until(() => active === 4);
      await expect(log.seek(group, { topic, partition, offset: 0 })).rejects.toMatchObject({ code: 'PARAPET_LOG_FENCED' });
      await subscription.close();
    });

    it('expires what is old and keeps the offsets of the rest', async () => {
      const { log, topic, group } = await start();
      await log.append(Array.from({ length: 10 }, (_, i) => ({ ...record(topic, 'k', i), timestamp: 1_000 + i })));
      const before = await readAll(log, topic);
      expect(await log.expire(topic, 1_004)).toBeGreaterThanOrEqual(4);
      const left = await readAll(log, topic);
      expect(left).toEqual(before.slice(4));
      const { partition } = left[0] as StoredRecord;
      expect((await log.ranges(topic))[partition]?.start).toBe(left[0]?.offset);
      expect((await consume(log, `${group}-late`, topic, 6)).length).toBe(6);
    });

    it('is not held back by a record from the future, which goes with the old one behind it', async () => {
      const { log, topic } = await start();
      const future = Date.UTC(2106, 0, 1);
      const times = [1_000, future, future, 1_001, 1_002, future, 1_010, 1_003, future];
      await log.append(times.map((timestamp, i) => ({ ...record(topic, 'k', i), timestamp })));
      const before = await readAll(log, topic);
      expect(await log.expire(topic, 1_004)).toBeGreaterThanOrEqual(5);
      expect(await readAll(log, topic)).toEqual(before.slice(5));
      expect(await log.expire(topic, 1_011)).toBeGreaterThanOrEqual(3);
      expect(await readAll(log, topic)).toEqual(before.slice(8));
    });

    it('expires nothing that a group has not finished, and says where each stands', async () => {
      const { engine, log, topic, group } = await start();
      await log.append(Array.from({ length: 10 }, (_, i) => ({ ...record(topic, 'k', i), timestamp: 1_000 + i })));
      const before = await readAll(log, topic);
      const { partition, offset } = before[6] as StoredRecord;
      await log.seek(group, { topic, partition, offset });
      await log.seek(`${group}-b`, { topic: engine.topics[1], partition: 0, offset: 3 });
      const standings = (await log.standings(topic)).filter((each) => each.group.startsWith(group));
      expect(standings).toEqual([{ group, partition, offset }]);
      // Of a partition without a limit nothing is known, so nothing of it goes.
      expect(await log.expire(topic, 9_999, new Map([[(partition + 1) % 4, 1_000]]))).toBe(0);
      expect(await readAll(log, topic)).toEqual(before);
      expect(await log.expire(topic, 1_004, new Map([[partition, offset]]))).toBeGreaterThanOrEqual(4);
      expect(await readAll(log, topic)).toEqual(before.slice(4));
      expect(await log.expire(topic, 9_999, new Map([[partition, offset]]))).toBeGreaterThanOrEqual(2);
      expect(await readAll(log, topic)).toEqual(before.slice(6));
    });

    it('refuses a topic that it does not have', async () => {
      const { log } = await start();
      await expect(log.append([record('nowhere', 'k', 1)])).rejects.toMatchObject({ code: 'PARAPET_LOG_TOPIC_UNKNOWN' });
    });

    it('stores nothing of a batch with one bad record', async () => {
      const { log, topic } = await start();
      await expect(log.append([record(topic, 'k', 1), record('nowhere', 'k', 2)])).rejects.toMatchObject({
        code: 'PARAPET_LOG_TOPIC_UNKNOWN',
      });
      expect(await readAll(log, topic)).toEqual([]);
    });
  });
}

function record(topic: string, key: string, n: number): LogRecord {
  return { topic, key, timestamp: Date.now(), headers: {}, value: Buffer.from(String(n)) };
}

const numberOf = (stored: StoredRecord) => Number(stored.value.toString());
const sorted = (records: StoredRecord[]) => records.map(numberOf).sort((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

async function readAll(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, { maxRecords: 1_000, maxBytes: 1e9 });
      if (records.length === 0) break;
      out.push(...records);
      offset = (records.at(-1) as StoredRecord).offset + 1;
    }
  }
  return out;
}

/** Reads and commits until `count` records were seen. */
function consume(log: EventLog, group: string, topic: string, count: number): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  return withSubscription(log, group, topic, async (assignment, done) => {
    let offset = assignment.committed.offset;
    while (!assignment.revoked.aborted) {
      const records = await assignment.read(offset, { maxRecords: 7, maxBytes: 1e6, waitMs: 100 });
      if (records.length === 0) continue;
      offset = (records.at(-1) as StoredRecord).offset + 1;
      await assignment.commit(offset);
      all.push(...records);
      if (all.length >= count) done(all);
    }
  });
}

async function withSubscription(
  log: EventLog,
  group: string,
  topic: string,
  work: (assignment: Assignment, done: (records: StoredRecord[]) => void) => Promise<void>,
): Promise<StoredRecord[]> {
  let subscription: Subscription | undefined;
  try {
    return await new Promise<StoredRecord[]>((resolve, reject) => {
      log
        .subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
          try {
            await work(assignment, resolve);
          } catch (error) {
            reject(error);
          }
        })
        .then((started) => {
          subscription = started;
        }, reject);
    });
  } finally {
    await subscription?.close();
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function until(fact: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
