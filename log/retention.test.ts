/** When records leave the log: never before everybody has finished them. On the embedded engine; the ports are the same. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRetention } from '../core/retention.ts';
import { decision, readDeadLetters } from './dead-letters.ts';
import { embeddedTopics, openEmbeddedLog } from './embedded/index.ts';
import type { EventLog } from './port.ts';
import { expireLog, inspectLog, type LogPlan } from './retention.ts';
import { BEHAVIOUR_STATES, deadLetterTopic, TOPICS } from './topics.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 20);
const topic = TOPICS.threats.name;
const table = parseRetention('threats=10d/2y,audit=10d/2y');
const plan: LogPlan = { table, consumers: { [topic]: ['clickhouse.threats', 's3.threats'] }, groups: ['detect'] };

let folder: string;
let log: EventLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-log-retention-'));
  log = await openEmbeddedLog({ path: folder, topics: embeddedTopics(1) });
  // One a day, the last one today.
  await log.append(
    Array.from({ length: 30 }, (_, i) => ({ topic, key: 'k', timestamp: NOW - (29 - i) * DAY_MS, headers: {}, value: Buffer.from('x') })),
  );
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

const startOf = async (name = topic) => (await log.ranges(name))[0]?.start;
const finish = (group: string, offset: number) => log.seek(group, { topic, partition: 0, offset });
const held = async (of = plan) => (await inspectLog(log, of, NOW)).find((each) => each.topic === topic);

describe('records of the log', () => {
  it('that are states leave when nobody has written them for 90 days', async () => {
    const state = (key: string, days: number) => ({
      topic: BEHAVIOUR_STATES,
      key,
      timestamp: NOW - days * DAY_MS,
      headers: {},
      value: Buffer.from('s'),
    });
    await log.append([state('a', 91), state('b', 91), state('a', 89)]);
    expect(await expireLog(log, plan, NOW)).toEqual([{ topic: BEHAVIOUR_STATES, removed: 1 }]);
    const left = await log.read({ topic: BEHAVIOUR_STATES, partition: 0, offset: 0 }, { maxRecords: 10, maxBytes: 1_000 });
    expect(left.map(({ key }) => key)).toEqual(['a']);
  });

  it('stay until every consumer of this deployment has begun, and finished them', async () => {
    expect(await expireLog(log, plan, NOW)).toEqual([]);
    await finish('clickhouse.threats', 30);
    expect(await expireLog(log, plan, NOW)).toEqual([]);
    expect(await held()).toMatchObject({ overdue: true, records: 30, heldBy: { group: 's3.threats', partition: 0, offset: 0 } });
    await finish('s3.threats', 5);
    expect(await expireLog(log, plan, NOW)).toEqual([{ topic, removed: 5 }]);
    await finish('s3.threats', 30);
    // The one of ten days ago stands on the border and stays.
    expect(await expireLog(log, plan, NOW)).toEqual([{ topic, removed: 14 }]);
    expect(await startOf()).toBe(19);
    expect(await held()).toMatchObject({ overdue: false, heldBy: undefined, oldestMs: NOW - 10 * DAY_MS, newestMs: NOW });
    expect(await expireLog(log, plan, NOW)).toEqual([]);
  });

  it('wait for a group that nobody knows any more, until an operator says that it will not come back', async () => {
    for (const group of ['clickhouse.threats', 's3.threats']) await finish(group, 30);
    await finish('somebody.else', 3);
    expect(await expireLog(log, plan, NOW)).toEqual([{ topic, removed: 3 }]);
    expect((await held())?.heldBy?.group).toBe('somebody.else');
    expect(await expireLog(log, { ...plan, without: ['somebody.else'] }, NOW)).toEqual([{ topic, removed: 16 }]);
  });

  it('are not asked after at every group while none may leave', async () => {
    const asked: string[] = [];
    const watched: EventLog = {
      ...log,
      standings: (name) => {
        asked.push(name);
        return log.standings(name);
      },
    };
    expect(await expireLog(watched, { ...plan, table: parseRetention('threats=40d/2y') }, NOW)).toEqual([]);
    expect(asked).toEqual([]);
    await expireLog(watched, plan, NOW);
    expect(asked).toEqual([topic]);
  });

  it('stay for ever where the table says so', async () => {
    for (const group of ['clickhouse.threats', 's3.threats']) await finish(group, 30);
    expect(await expireLog(log, { ...plan, table: parseRetention('threats=forever/forever') }, NOW)).toEqual([]);
  });

  it('stay as dead letters until somebody has decided about them', async () => {
    const dead = deadLetterTopic('detect');
    const letter = (timestamp: number) => ({
      topic: dead,
      key: 'k',
      timestamp,
      headers: {
        'parapet-dead-topic': topic,
        'parapet-dead-partition': '0',
        'parapet-dead-offset': '1',
        'parapet-dead-at': new Date(timestamp).toISOString(),
      },
      value: Buffer.from('x'),
    });
    await log.append([letter(NOW - 40 * DAY_MS), letter(NOW - 39 * DAY_MS)]);
    const [first] = await readDeadLetters(log, 'detect');
    if (first === undefined) throw new Error('no dead letter');
    await log.append([decision(first, 'drop')]);
    expect(await expireLog(log, plan, NOW)).toEqual([{ topic: dead, removed: 1 }]);
    expect((await readDeadLetters(log, 'detect')).map(({ id, state }) => [id, state])).toEqual([['0/1', 'open']]);
    expect((await inspectLog(log, plan, NOW)).find((each) => each.topic === dead)).toMatchObject({ class: 'audit', overdue: true });
  });

  it('stay in a compacted topic, whose last value of a key is what holds', async () => {
    await log.append([{ topic: TOPICS.controls.name, key: 'k', timestamp: 1, headers: {}, value: Buffer.from('x') }]);
    expect(await expireLog(log, plan, NOW)).toEqual([]);
    expect(await startOf(TOPICS.controls.name)).toBe(0);
  });
});
