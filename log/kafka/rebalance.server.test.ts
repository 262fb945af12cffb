/** What happens to a handler's work when its partition goes to another member. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Assignment, EventLog, LogRecord, StoredRecord } from '../port.ts';
import type { Timing } from './member.ts';
import { dropTopics, openTestLog, unique } from './testing/harness.ts';

describe('kafka: rebalances', () => {
  const cleanups: (() => unknown)[] = [];
  afterAll(dropTopics);
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function open(topics: Record<string, number>, timing: Partial<Timing> = {}): Promise<EventLog> {
    const log = await openTestLog({ topics, timing });
    cleanups.push(() => log.close());
    return log;
  }

  it('wait for what a handler holds: its commit is taken, and the next owner begins behind it', async () => {
    const topic = unique('drain');
    const out = unique('drain-out');
    const group = unique('g');
    const first = await open({ [topic]: 1, [out]: 1 });
    const second = await open({ [topic]: 1, [out]: 1 });
    await first.append([record(topic, 1), record(topic, 2)]);
    const committed: number[] = [];
    const begun: number[] = [];
    const work = async (assignment: Assignment) => {
      begun.push(assignment.committed.offset);
      const records = await assignment.read(assignment.committed.offset, { maxRecords: 1, maxBytes: 1e6, waitMs: 5_000 });
      if (records.length > 0) {
        await aborted(assignment.revoked);
        await sleep(1_500);
        const next = (records[0] as StoredRecord).offset + 1;
        await assignment.commit(next, 'drained', [record(out, next)]);
        committed.push(next);
      }
      await aborted(assignment.revoked);
    };
    await first.subscribe({ group, topics: [topic], from: 'earliest' }, work);
    await until(() => begun.length === 1);
    await sleep(500);
    const start = performance.now();
    await second.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      begun.push(assignment.committed.offset);
      await aborted(assignment.revoked);
    });
    await until(() => begun.length === 2);
    console.log(`a second member joined and was served after ${Math.round(performance.now() - start)} ms, 1500 of them the handler's`);
    expect(committed).toHaveLength(1);
    expect(begun).toEqual([0, committed[0]]);
    expect((await first.commits(group))[0]).toMatchObject({ offset: committed[0], metadata: 'drained' });
    expect((await recordsIn(first, out)).length).toBe(1);
  });

  it('refuse both ways of committing to a handler that took too long', async () => {
    const topic = unique('late');
    const out = unique('late-out');
    const group = unique('g');
    const slow = await open({ [topic]: 2, [out]: 1 }, { drainMs: 1_000 });
    const other = await open({ [topic]: 2, [out]: 1 }, { drainMs: 1_000 });
    const failures: unknown[] = [];
    const taken = new Set<number>();
    let held = 0;
    await slow.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      held += 1;
      await aborted(assignment.revoked);
      await sleep(4_000);
      await assignment.commit(7, 'late').catch((error) => failures.push(error.code));
      await assignment.commit(7, 'late', [record(out, 7)]).catch((error) => failures.push(error.code));
    });
    await until(() => held === 2);
    await other.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      taken.add(assignment.partition);
      await assignment.commit(3, 'mine');
      await aborted(assignment.revoked);
    });
    await until(() => taken.size === 1, 10_000);
    await until(() => failures.length === 4, 10_000);
    expect(failures).toEqual(Array(4).fill('PARAPET_LOG_FENCED'));
    expect((await other.commits(group)).filter(({ metadata }) => metadata === 'late')).toEqual([]);
    expect(await recordsIn(other, out)).toEqual([]);
  });

  it('fence a member that was stopped for longer than its session and wakes up in the middle of its work', async () => {
    const topic = unique('zombie');
    const out = unique('zombie-out');
    const group = unique('g');
    const zombie = await open({ [topic]: 1, [out]: 1 }, { heartbeatMs: 3_600_000, sessionMs: 6_000 });
    const owner = await open({ [topic]: 1, [out]: 1 });
    let stale: Assignment | undefined;
    // It never beats again: to the group it is dead after its session, and it does not know.
    await zombie.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      stale ??= assignment;
      await aborted(assignment.revoked);
    });
    await until(() => stale !== undefined);
    await stale?.commit(1, 'while alive', [record(out, 1)]);
    let now: Assignment | undefined;
    await owner.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      now = assignment;
      await aborted(assignment.revoked);
    });
    await until(() => now !== undefined, 40_000);
    expect(now?.committed).toEqual({ offset: 1, metadata: 'while alive' });
    await expect(stale?.commit(2, 'zombie', [record(out, 2)])).rejects.toMatchObject({ code: 'PARAPET_LOG_FENCED' });
    await expect(stale?.commit(2, 'zombie')).rejects.toMatchObject({ code: 'PARAPET_LOG_FENCED' });
    await now?.commit(5, 'owner', [record(out, 5)]);
    expect((await owner.commits(group))[0]).toMatchObject({ offset: 5, metadata: 'owner' });
    expect((await recordsIn(owner, out)).map(({ value }) => Number(value.toString()))).toEqual([1, 5]);
  });

  it('let the others go on while the reader of one partition stands still', async () => {
    const topic = unique('stuck');
    const group = unique('g');
    const log = await open({ [topic]: 4 });
    const big = Buffer.alloc(20_000, 1);
    const records = Array.from({ length: 2_000 }, (_, n) => ({ ...record(topic, n), key: `k${n}`, value: big }));
    for (let i = 0; i < records.length; i += 200) await log.append(records.slice(i, i + 200));
    const ranges = await log.ranges(topic);
    const finished = new Set<number>();
    const stuck = ranges.find(({ end }) => end > 0)?.partition;
    await log.subscribe({ group, topics: [topic], from: 'earliest' }, async (assignment) => {
      let offset = assignment.committed.offset;
      const end = ranges[assignment.partition]?.end as number;
      while (!assignment.revoked.aborted && !finished.has(assignment.partition)) {
        const read = await assignment.read(offset, { maxRecords: 100, maxBytes: 1e6, waitMs: 500 });
        if (assignment.partition === stuck) await aborted(assignment.revoked);
        const last = read.at(-1);
        if (last) offset = last.offset + 1;
        // A transaction's marker is behind its last record.
        if (offset >= end - 1) finished.add(assignment.partition);
      }
      await aborted(assignment.revoked);
    });
    const start = performance.now();
    await until(() => finished.size === 3, 20_000);
    console.log(`three partitions of 10 MB beside one that stands still: ${Math.round(performance.now() - start)} ms`);
    expect(finished.has(stuck as number)).toBe(false);
  });
});

function record(topic: string, n: number): LogRecord {
  return { topic, key: 'k', timestamp: Date.now(), headers: {}, value: Buffer.from(String(n)) };
}

async function recordsIn(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start } of await log.ranges(topic)) {
    out.push(...(await log.read({ topic, partition, offset: start }, { maxRecords: 1_000, maxBytes: 1e7 })));
  }
  return out;
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
    await sleep(10);
  }
}
