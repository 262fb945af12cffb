/** What the engine promises when processes and the broker die. The broker's pid file is that of ../shared/servers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { EventLog, StoredRecord } from '../port.ts';
import { PRODUCER_GROUP } from './appender.ts';
import { dropTopics, openTestLog, unique } from './testing/harness.ts';

const SERVERS = join(import.meta.dirname, '../../../shared/servers');
/** Below the 15 s after which a request without an answer is given up. */
const LOST_REQUEST_MS = 12_000;
const PID_FILE = join(process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers'), 'run/kafka.pid');

describe('kafka: deaths', () => {
  const cleanups: (() => unknown)[] = [];
  afterAll(dropTopics);
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function start(...args: string[]): { child: ChildProcess; lines: string[]; ended: Promise<number | null> } {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/child.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    cleanups.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return { child, lines, ended };
  }

  async function open(topics: Record<string, number>): Promise<EventLog> {
    const log = await openTestLog({ topics, withinMs: 120_000 });
    cleanups.push(() => log.close());
    return log;
  }

  it('shows nothing of a batch whose process was killed in the middle, and stores it once when it comes again', async () => {
    const topic = unique('half');
    const log = await open({ [topic]: 4 });
    const id = unique('gw');
    let shown = 0;
    for (let round = 0; round < 4; round++) {
      // Big batches, killed at a moment of their transaction that differs from round to round.
      const writer = start('append', id, topic, '200000', '5000');
      await until(() => writer.lines.length >= 1 + round, 30_000);
      await sleep(20 + 35 * round);
      writer.child.kill('SIGKILL');
      await writer.ended;
      const acknowledged = Number(writer.lines.at(-1));
      const numbers = await numbersIn(log, topic);
      // Each batch whole or not at all, in one piece from 1 on, and nothing that was acknowledged is missing.
      expect(numbers.length % 5_000).toBe(0);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
      expect(numbers.length).toBeGreaterThanOrEqual(Math.max(acknowledged, shown));
      shown = numbers.length;
    }
    const last = start('append', id, topic, String(shown + 10_000), '5000');
    expect(await last.ended).toBe(0);
    expect((await numbersIn(log, topic)).length).toBe(shown + 10_000);
  });

  it('loses and doubles nothing when the broker is killed under load', async () => {
    if (!existsSync(PID_FILE)) throw new Error(`${PID_FILE} is missing: start Kafka with ../shared/servers/up kafka`);
    const topic = unique('broker');
    const copies = unique('broker-copies');
    const log = await open({ [topic]: 4, [copies]: 4 });
    const id = unique('gw');
    const group = unique('copy');
    const total = 40_000;
    const copier = start('copy', group, topic, copies);
    const writer = start('append', id, topic, String(total), '100');
    const done = () => copier.lines.filter((line) => line.startsWith('done')).reduce((sum, line) => sum + Number(line.slice(5)), 0);
    await until(() => writer.lines.length >= 20 && done() > 0, 30_000);
    process.kill(Number(readFileSync(PID_FILE, 'utf8')), 'SIGKILL');
    const killedAt = writer.lines.length;
    await sleep(3_000);
    await promisify(execFile)(join(SERVERS, 'up'), ['kafka'], { timeout: 100_000 });
    const upAt = performance.now();
    const seen = { writer: writer.lines.length, copier: copier.lines.length };
    expect(seen.writer).toBeLessThanOrEqual(killedAt + 3);
    let freshAt = 0;
    const probe = unique('fresh');
    const record = { topic: probe, key: 'k', timestamp: 1, headers: {}, value: Buffer.from('1') };
    const fresh = open({ [probe]: 1 })
      .then((opened) => opened.append([record], { id: neighbourOf(id), firstSequence: 1 }))
      .finally(() => {
        freshAt = performance.now();
      });
    await until(() => writer.lines.length > seen.writer, 40_000);
    const appendedAt = performance.now();
    await until(() => copier.lines.length > seen.copier, 20_000);
    const copiedAt = performance.now();
    await fresh;
    const [appended, copied, first] = [appendedAt, copiedAt, freshAt].map((at) => Math.round(at - upAt)) as [number, number, number];
    console.log(
      `after the broker took connections: append goes on at ${appended} ms, consuming at ${copied}; a new client appends at ${first}`,
    );
    expect(await writer.ended).toBe(0);
    await until(() => done() >= total, 60_000);
    const all = Array.from({ length: total }, (_, i) => i + 1);
    expect(await numbersIn(log, topic)).toEqual(all);
    expect(await doublesIn(log, copies)).toEqual([]);
    expect(await numbersIn(log, copies)).toEqual(all);
    // The broker loads its coordinators one by one, after much work in seconds: the newcomer needs the writer's. Who goes on so much
    // later waited out a request that died with the broker.
    expect(appended).toBeLessThan(first + LOST_REQUEST_MS);
    expect(copied).toBeLessThan(first + LOST_REQUEST_MS);
  });

  it('copies each record exactly once while members come and are killed', async () => {
    const topic = unique('members');
    const copies = unique('members-copies');
    const log = await open({ [topic]: 4, [copies]: 4 });
    const group = unique('copy');
    const total = 30_000;
    const writer = start('append', unique('gw'), topic, String(total), '100');
    const members = [start('copy', group, topic, copies), start('copy', group, topic, copies)];
    await until(() => members.every(({ lines }) => lines.some((line) => line.startsWith('done'))), 30_000);
    const pauses: number[] = [];
    for (let round = 0; round < 3; round++) {
      const victim = members.shift() as (typeof members)[number];
      const held = [...heldBy(victim.lines)];
      victim.child.kill('SIGKILL');
      const killedAt = performance.now();
      const others = members.map(({ lines }) => ({ lines, from: lines.length }));
      const newcomer = start('copy', group, topic, copies);
      members.push(newcomer);
      others.push({ lines: newcomer.lines, from: 0 });
      await until(
        () => held.every((partition) => others.some(({ lines, from }) => lines.indexOf(`taken ${partition}`, from) >= 0)),
        20_000,
      );
      pauses.push(performance.now() - killedAt);
      await sleep(1_000);
    }
    console.log(`partitions of a killed member were taken after ${pauses.map((ms) => Math.round(ms)).join(', ')} ms`);
    expect(await writer.ended).toBe(0);
    const ends = await log.ranges(topic);
    await until(async () => {
      const commits = await log.commits(group);
      const records = (await numbersIn(log, copies)).length;
      return records >= total && commits.length === ends.filter(({ end }) => end > 0).length;
    }, 60_000);
    expect(await numbersIn(log, copies)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    expect(Math.max(...pauses)).toBeLessThan(10_000);
  });
});

/** The partitions that a member held last: those of the newest run of `taken` lines. */
function heldBy(lines: readonly string[]): Set<string> {
  const out = new Set<string>();
  let working = true;
  for (const line of lines) {
    if (line.startsWith('taken')) {
      if (working) out.clear();
      out.add(line.slice(6));
    }
    working = !line.startsWith('taken');
  }
  return out;
}

/** What is there twice, with its places: partition/offset. */
async function doublesIn(log: EventLog, topic: string): Promise<string[]> {
  const places = new Map<string, string[]>();
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, { maxRecords: 10_000, maxBytes: 64e6 });
      if (records.length === 0) break;
      for (const record of records) {
        const name = record.value.toString();
        places.set(name, [...(places.get(name) ?? []), `${partition}/${record.offset}`]);
      }
      offset = (records.at(-1) as StoredRecord).offset + 1;
    }
  }
  return [...places].filter(([, all]) => all.length > 1).map(([name, all]) => `${name} at ${all.join(' and ')}`);
}

async function numbersIn(log: EventLog, topic: string): Promise<number[]> {
  const out: number[] = [];
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, { maxRecords: 10_000, maxBytes: 64e6 });
      if (records.length === 0) break;
      for (const { value } of records) out.push(Number(value.toString()));
      offset = (records.at(-1) as StoredRecord).offset + 1;
    }
  }
  return out.sort((a, b) => a - b);
}

/** A producer whose transactions and position the broker keeps in the same partitions as those of `id`. */
function neighbourOf(id: string): string {
  for (;;) {
    const other = unique('neighbour');
    if (keptIn(other) === keptIn(id)) return other;
  }
}

/** Which of Kafka's 50 partitions of `__transaction_state` and of `__consumer_offsets`: Java's hash of the name. */
function keptIn(producer: string): number {
  let hash = 0;
  for (const sign of `${PRODUCER_GROUP}${producer}`) hash = (Math.imul(hash, 31) + sign.charCodeAt(0)) | 0;
  return (hash & 0x7fffffff) % 50;
}

async function until(fact: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await sleep(20);
  }
}
