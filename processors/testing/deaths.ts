/**
 * Work that is interrupted by death: processes that run one processor are killed, at random or in the middle of a commit, while
 * others take over, until all that was appended is behind their group. Whoever tests then compares what is left with one pass without any of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogRecord, StoredRecord } from '../../log/port.ts';
import { unfinishedBy } from '../../log/ranges.ts';

/** At a moment that chance picks, or in the middle of a commit; that takes a child whose log is `mortal`. */
export type Dying = 'at random' | 'at commit';

export interface Ordeal {
  log: EventLog;
  /** The processor's name. */
  group: string;
  /** What it reads, by its name in the log. */
  topic: string;
  /** A module that runs it, with its arguments, and sends a message when it reads. */
  child: URL;
  args: string[];
  /** How many records are appended in all, a stretch before each death. */
  events: number;
  deaths: number;
  dying: Dying;
  recordsOf(from: number, to: number): LogRecord[];
  /** What is to end with the test. */
  cleanups: (() => Promise<unknown>)[];
}

/** The records of the topic, and where the group stood at each death. */
export async function endure(ordeal: Ordeal): Promise<{ records: StoredRecord[]; deathsSeenAt: number[] }> {
  const { log, topic, child: module, args, events, deaths, dying, cleanups } = ordeal;
  const members: ChildProcess[] = [];
  cleanups.push(async () => members.forEach((member) => void member.kill('SIGKILL')));
  const addMember = async () => {
    const child = fork(module, args, { stdio: 'inherit' });
    members.push(child);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`a member ended by itself with ${code}`)));
    });
    child.removeAllListeners('exit');
  };

  await addMember();
  await addMember();
  const deathsSeenAt: number[] = [];
  for (let death = 0, sent = 0; sent < events; death++) {
    const to = Math.min(events, sent + Math.ceil(events / (deaths + 1)));
    const victim = death < deaths ? members.shift() : undefined;
    // It may die of what it had yet to commit, before there is more.
    const ended = victim && once(victim, 'exit');
    if (victim && dying === 'at commit') victim.send('die at commit');
    const before = await standing(ordeal);
    await log.append(ordeal.recordsOf(sent, to));
    sent = to;
    if (victim === undefined) continue;
    if (dying === 'at random') {
      // Somewhere in the middle of the work: the log says when it has begun, chance when it ends.
      await until(async () => (await standing(ordeal)) > before);
      await sleep(Math.random() * 60);
    } else {
      // One that holds no partition with work in it has nothing to commit.
      await until(async () => victim.signalCode !== null || (await isThrough(ordeal)));
    }
    victim.kill('SIGKILL');
    await ended;
    deathsSeenAt.push(await standing(ordeal));
    await addMember();
  }
  await until(() => isThrough(ordeal));
  return { records: await all(log, topic), deathsSeenAt };
}

/** Whether the group has all records of the topic behind it. */
const isThrough = async ({ log, group, topic }: Whose) => (await unfinishedBy(log, group, topic)).length === 0;

type Whose = Pick<Ordeal, 'log' | 'group' | 'topic'>;

const commitsOf = async ({ log, group, topic }: Whose) => (await log.commits(group)).filter((each) => each.topic === topic);

/** How many offsets the group has behind it. */
async function standing(whose: Whose): Promise<number> {
  return (await commitsOf(whose)).reduce((sum, { offset }) => sum + offset, 0);
}

export async function all(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, { maxRecords: 1_000, maxBytes: 16 * 1024 * 1024 });
      const last = records.at(-1);
      if (last === undefined) break;
      out.push(...records.map((record) => ({ ...record, value: Buffer.from(record.value) })));
      offset = last.offset + 1;
    }
  }
  return out;
}

async function until(fact: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await sleep(10);
  }
}
