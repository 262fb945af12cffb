/** Verdicts from the command to the log, and back out of it: a real log, and the functions behind `parapet verdict`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../core/environment.ts';
import { pseudonymCheck, pseudonymOf } from '../keys/pseudonym.ts';
import { controlRecord } from '../log/controls.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import { findNewest } from '../log/newest.ts';
import { TOPICS, type TopicId, type TopicRecords } from '../log/topics.ts';
import { readVerdicts } from '../log/verdicts.ts';
import { createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import { ERASURE } from '../sinks/erasure.ts';
import { openKeys } from './stores.ts';
import { giveVerdict, listVerdicts, renderVerdicts, type Said } from './verdict.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-verdict-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  cleanups.push(() => log.close());
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  const put = <Id extends TopicId>(topic: Id, key: string, value: TopicRecords[Id]) =>
    log.append([{ topic: TOPICS[topic].name, key, timestamp: 1_000, headers: {}, value: codec.encode(topic, value) }]);
  const threat = (id: string, change: Partial<TopicRecords['threats']> = {}) =>
    put('threats', `acme/agent-${id}`, { ...SAMPLES.Threat, threatId: id, ...change });
  const all = async <Id extends TopicId>(topic: Id) => {
    const found: { key: string; value: TopicRecords[Id] }[] = [];
    for (const { partition, start: offset } of await log.ranges(TOPICS[topic].name)) {
      const records = await log.read({ topic: TOPICS[topic].name, partition, offset }, { maxRecords: 1_000, maxBytes: 1e8 });
      found.push(...records.map(({ key, value }) => ({ key, value: codec.decode(topic, value) as TopicRecords[Id] })));
    }
    return found;
  };
  const env = readEnvironment({ PARAPET_DATA: folder });
  const parts = { log, codec };
  const say = (id: string, verdict: Said['verdict'], more: Partial<Said> = {}) =>
    giveVerdict(parts, { verdict, on: { threatId: id }, by: 'ada', ...more });
  const holding = async () => (await readVerdicts(log, codec)).map((each) => [each.threatId ?? each.interactionId, each.verdict]);
  return { ...parts, env, put, threat, all, say, holding };
}

describe('a verdict on a threat', () => {
  it('says by itself which rule it is about and whose interaction it was, and leaves an audit event', async () => {
    const { threat, all, say } = await start();
    for (let n = 0; n < 20; n++) await threat(`t-${n}`, { ruleId: `PI-${n}` });
    await say('t-7', 'false-positive', { note: 'a slide' });
    const { threatId, interactionId, subject, layer, threatType, direction, path, occurredAt } = SAMPLES.Threat;
    expect(await all('verdicts')).toMatchObject([
      {
        key: 'acme/agent-t-7',
        value: {
          ...{ interactionId, subject, layer, threatType, direction, path, threatAt: occurredAt, org: 'acme' },
          ...{ threatId: 't-7', ruleId: 'PI-7', verdict: 'false_positive', actor: 'ada', note: 'a slide' },
        },
      },
    ]);
    expect(threatId).not.toBe('t-7');
    const [event, ...others] = await all('audit');
    expect(others).toEqual([]);
    expect(event?.value).toMatchObject({ org: 'acme', actor: 'ada', action: 'verdict.given', target: 'threat/t-7' });
    expect(event?.value.details).toEqual({ verdict: 'false_positive', interactionId, ruleId: 'PI-7' });
  });

  it('may be said twice and changed: the newest holds', async () => {
    const { threat, say, holding } = await start();
    await threat('t-1');
    await threat('t-2');
    await say('t-1', 'false-positive');
    await say('t-1', 'false-positive');
    await say('t-2', 'false-positive');
    await say('t-1', 'true-positive');
    expect(await holding()).toEqual([
      ['t-2', 'false_positive'],
      ['t-1', 'true_positive'],
    ]);
  });

  it('holds no longer when it is withdrawn, also when its threat has left the log', async () => {
    const { log, threat, all, say, holding } = await start();
    await threat('t-1');
    await say('t-1', 'false-positive');
    await log.expire(TOPICS.threats.name, 2_000);
    expect(await all('threats')).toEqual([]);
    expect(await say('t-1', 'withdrawn')).toMatchObject({ verdict: 'withdrawn', ruleId: 'PI-0001', note: '' });
    expect(await holding()).toEqual([]);
    expect(await say('t-1', 'withdrawn')).toBeUndefined();
    const written = await all('verdicts');
    expect(written.map(({ value }) => value.verdict)).toEqual(['false_positive', 'withdrawn']);
    expect(new Set(written.map(({ key }) => key))).toEqual(new Set(['acme/agent-t-1']));
  });

  it('needs a threat that the log has', async () => {
    const { threat, all, say } = await start();
    await threat('t-1');
    await expect(say('t-2', 'false-positive')).rejects.toMatchObject({ code: 'PARAPET_EVENT_UNKNOWN', message: /t-2/ });
    await expect(say('t-1', 'missed')).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
    await expect(say('t-1', 'false-positive', { note: 'x'.repeat(2_001) })).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
    expect(await all('verdicts')).toEqual([]);
    expect(await all('audit')).toEqual([]);
  });
});

describe('a missed attack', () => {
  it('is said of an interaction, with the part that is meant', async () => {
    const { put, all, say, holding } = await start();
    const { interactionId, subject, startedAt } = SAMPLES.Interaction;
    await put('interactions', 'acme/support-bot', SAMPLES.Interaction);
    const on = { interactionId };
    await say('', 'missed', { on, path: 'messages[1].parts[0]' });
    expect((await all('verdicts'))[0]).toMatchObject({
      key: 'acme/support-bot',
      value: { verdict: 'missed', threatId: null, interactionId, subject, threatAt: startedAt, path: 'messages[1].parts[0]', ruleId: '' },
    });
    await expect(say('', 'false-positive', { on })).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
    await expect(say('', 'missed', { on: { interactionId: 'none' } })).rejects.toMatchObject({ code: 'PARAPET_EVENT_UNKNOWN' });
    await say('', 'withdrawn', { on });
    expect(await holding()).toEqual([]);
  });
});

describe('the list', () => {
  it('is of one rule where one is named, and says nothing of whom an erasure has masked', async () => {
    const { log, codec, env, threat, say } = await start();
    await threat('t-1', { subject: 'acme/ann' });
    await threat('t-2', { ruleId: 'PI-0002' });
    await say('t-1', 'false-positive', { note: 'ann asked for a joke' });
    await say('t-2', 'true-positive');
    const list = (ruleId?: string) => listVerdicts(env, { log, codec }, { ruleId });
    expect((await list()).map(({ threatId }) => threatId)).toEqual(['t-1', 't-2']);
    expect((await list('PI-0002')).map(({ threatId }) => threatId)).toEqual(['t-2']);
    expect(renderVerdicts(await list('PI-0001'))).toEqual([
      expect.stringMatching(/ {2}false_positive {2}PI-0001 {5}threat\/t-1 {2}messages\[0\]\.parts\[0\] {2}ada: ann asked for a joke$/),
      '1 hold',
    ]);

    const keys = openKeys(env);
    const until = SAMPLES.Threat.occurredAt;
    const value = JSON.stringify({ erasedAt: until, check: pseudonymCheck(keys, 'acme'), done: true });
    const key = pseudonymOf(keys, 'acme', 'acme/ann');
    await keys.close();
    await log.append([controlRecord(codec, { org: 'acme', kind: ERASURE, key, issuedAt: until, actor: 'test', value })]);
    expect(await list('PI-0001')).toMatchObject([{ subject: `acme/${key}`, note: '' }]);
  });
});

describe('looking from the end', () => {
  it('finds a record wherever it stands, and of two the later one', async () => {
    const { log, threat } = await start();
    const last = new Map<string, number | undefined>();
    for (let n = 0; n < 25; n++) last.set(`t-${n % 20}`, (await threat(`t-${n % 20}`))[0]?.offset);
    const find = (id: string) =>
      findNewest(log, TOPICS.threats.name, async (record) => (record.key === `acme/agent-${id}` ? record.offset : undefined), 3);
    for (const [id, offset] of last) expect(await find(id)).toBe(offset);
    expect(await find('t-99')).toBeUndefined();
    expect(await findNewest(log, 'parapet.none.v1', async () => 1)).toBeUndefined();
  });
});
