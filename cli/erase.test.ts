/** Erasing a subject from an embedded Parapet: what is masked, what comes later, and what a kill or a store that is away leaves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nowMicros } from '../core/ids.ts';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { openLocalKeyStore } from '../keys/local.ts';
import type { KeyStore } from '../keys/port.ts';
import { seal, unseal } from '../keys/seal.ts';
import { type Controls, followControls } from '../log/controls.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS, type TopicId } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import type { AuditEvent } from '../schemas/types.ts';
import {
  type ClickHouse,
  type ClickHouseView,
  createClickHouseEraser,
  createClickHouseSink,
  openClickHouse,
} from '../sinks/clickhouse/index.ts';
import { createMask, type Eraser } from '../sinks/erasure.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import type { Sink } from '../sinks/port.ts';
import { runSink } from '../sinks/runner.ts';
import { createFolderStore } from '../sinks/s3/index.ts';
import { type EraseOptions, eraseSubject } from './erase.ts';
import { openRebuilder } from './rebuilds/index.ts';
import { replayView } from './replay.ts';

const ORG = 'acme';
const USERS = ['ann@acme.example', 'bob', 'support-bot'];
const fixtures = createFixtures({ startMs: Date.now() - 3_600_000 });

let folder: string;
let log: EventLog;
let codec: Codec;
let keys: KeyStore;
let controls: Controls;
let store: ClickHouse;
let appended = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-erase-'));
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(1) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  keys = openLocalKeyStore({ folder: join(folder, 'keys') });
  controls = await followControls(log, codec);
  store = await openClickHouse({ path: join(folder, 'clickhouse') });
  for (let n = 0; n < 60; n++) await append(n, USERS[n % 3] as string);
  await drain();
}, 60_000);

afterAll(async () => {
  await controls.close();
  await store.close();
  await log.close();
  await keys.close();
  await rm(folder, { recursive: true, force: true });
});

/** An interaction of this user with a threat and, now and then, an audit event that names it. */
async function append(n: number, user: string, startedAt = nowMicros()): Promise<void> {
  const named = { org: ORG, userId: user, subject: `${ORG}/${user}` };
  const { interaction, ...rest } = fixtures.assessed(n);
  const assessed = { ...rest, interaction: { ...interaction, ...named, startedAt, sessionId: `session of ${user}` } };
  const threat = { ...fixtures.threat(n), ...named, occurredAt: startedAt, maskedExcerpt: `what ${n} said` };
  const audit: AuditEvent = { ...fixtures.audit(n), org: ORG, occurredAt: startedAt, target: n % 10 === 0 ? user : 'gw-1' };
  const record = <Id extends TopicId>(topic: Id, value: Parameters<typeof codec.encode<Id>>[1], at = startedAt) => {
    return {
      topic: TOPICS[topic].name,
      key: `${ORG}/a`,
      timestamp: Math.floor(at / 1_000),
      headers: {},
      value: codec.encode(topic, value),
    };
  };
  await log.append([record('assessed', assessed), record('threats', threat), record('audit', audit)]);
  if (n % 20 === 0) {
    // Said when the threat was looked at, which may be after its subject was erased.
    const said = { ...SAMPLES.AnalystVerdict, org: ORG, subject: named.subject, verdictId: `v-${n}`, threatId: threat.threatId };
    const occurredAt = nowMicros();
    await log.append([record('verdicts', { ...said, threatAt: startedAt, occurredAt, note: `${user} again` }, occurredAt)]);
  }
  appended += 1;
}

/** Runs the sinks until the views have everything. */
async function drain(): Promise<void> {
  const mask = createMask(controls, keys);
  const parts = { log, codec, logger: createLogger('test', 'silent'), metrics: createMetrics({ defaults: false }), mask };
  for (const view of ['interactions', 'threats', 'audit', 'verdicts'] as ClickHouseView[]) {
    const sink = createClickHouseSink({ store, view, limits: { lingerMs: 20 } }) as Sink;
    const subscription = await runSink(parts, sink);
    const topic = TOPICS[sink.topic].name;
    const end = (await log.ranges(topic))[0]?.end;
    for (const until = Date.now() + 20_000; (await committed(sink.name, topic)) !== end; ) {
      if (Date.now() > until) throw new Error(`${sink.name} does not catch up`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await subscription.close();
  }
}

const committed = async (group: string, topic: string) => (await log.commits(group)).find((commit) => commit.topic === topic)?.offset;

const erasers = () => [createClickHouseEraser(store)];

function erase(options: Partial<EraseOptions>, using: Eraser[] = erasers()) {
  const parts = { log, codec, keys, controls, erasers: using, actor: 'test', onStep: () => {} };
  return eraseSubject(parts, { id: 'nobody', org: ORG, reason: 'asked for it', dryRun: false, ...options });
}

async function rows(view: ClickHouseView, where = '1'): Promise<Record<string, unknown>[]> {
  const answer = await store.client.query({
    query: `SELECT * FROM parapet.${view} WHERE ${where} ORDER BY _offset`,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
  });
  return answer.json();
}

async function audits(): Promise<AuditEvent[]> {
  const records = await log.read({ topic: TOPICS.audit.name, partition: 0, offset: 0 }, { maxRecords: 10_000, maxBytes: 1e8 });
  return records.map(({ value }) => codec.decode('audit', value)).filter(({ action }) => action === 'subject.erased');
}

async function everything(): Promise<string> {
  const views = await Promise.all((['interactions', 'threats', 'audit', 'verdicts'] as ClickHouseView[]).map((view) => rows(view)));
  return JSON.stringify(views);
}

async function replay(view: string) {
  const mask = createMask(controls, keys);
  const { rebuild, close } = await openRebuilder(view, {} as never, { clickhouse: store });
  try {
    return await replayView(
      {
        log,
        codec,
        lake: createFolderStore(join(folder, 'lake')),
        mask,
        progressFile: join(folder, 'replays', `${view}.json`),
        rebuild,
        pause: async () => {},
        onProgress: () => {},
      },
      { view, source: 'log' },
    );
  } finally {
    await close();
  }
}

describe('a subject that is erased', () => {
  const [ann, bob] = USERS as [string, string, string];
  let others: Record<Exclude<ClickHouseView, 'incidents'>, unknown>;
  const ofOthers = async () => ({
    interactions: await rows('interactions', `user_id != '${ann}' AND NOT startsWith(user_id, 'erased:')`),
    threats: await rows('threats', `user_id != '${ann}' AND NOT startsWith(user_id, 'erased:')`),
    audit: await rows('audit', `target != '${ann}' AND NOT startsWith(target, 'erased:') AND action != 'subject.erased'`),
    verdicts: await rows('verdicts', `NOT endsWith(subject, '${ann}') AND position(subject, 'erased:') = 0`),
  });

  it('is first only counted in a dry run', async () => {
    others = await ofOthers();
    const before = await everything();
    seal(keys, `${ORG}/${ann}`, 'i-1', 'requestContent', 'hello');
    expect(await erase({ id: ann, dryRun: true })).toMatchObject({
      outcome: 'would erase',
      keys: 1,
      views: [
        { view: 'clickhouse.interactions', rows: 20 },
        { view: 'clickhouse.threats', rows: 20 },
        { view: 'clickhouse.audit', rows: 2 },
        { view: 'clickhouse.verdicts', rows: 1 },
      ],
    });
    expect(await everything()).toBe(before);
    expect(keys.count(`${ORG}/${ann}`)).toBe(1);
  });

  it('is in no view, its content opens no more, and others are as they were', async () => {
    const sealed = seal(keys, `${ORG}/${ann}`, 'i-1', 'requestContent', 'hello');
    const kept = seal(keys, `${ORG}/${bob}`, 'i-2', 'requestContent', 'hello');
    const { outcome, pseudonym } = await erase({ id: ann });
    expect(outcome).toBe('erased');
    expect(await everything()).not.toContain(ann);
    expect(await rows('interactions', `user_id = '${pseudonym}'`)).toHaveLength(20);
    for (const row of await rows('interactions', `user_id = '${pseudonym}'`)) {
      expect(row).toMatchObject({
        subject: `${ORG}/${pseudonym}`,
        conversation_id: pseudonym,
        session_id: '',
        masked_prompt: '',
        masked_response: '',
        prompt_hash: '',
        content_available: false,
      });
    }
    for (const row of await rows('threats', `user_id = '${pseudonym}'`)) expect(row).toMatchObject({ masked_excerpt: '' });
    expect(await ofOthers()).toEqual(others);
    expect(() => unseal(keys, 'i-1', 'requestContent', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    expect(unseal(keys, 'i-2', 'requestContent', kept)).toBe('hello');
    expect(await audits()).toMatchObject([
      { target: pseudonym, details: { reason: 'asked for it', 'clickhouse.interactions': '20', 'clickhouse.audit': '2' } },
    ]);
  });

  it('leaves sums and counts as they were', async () => {
    const answer = await store.client.query({
      query:
        'SELECT toUInt32(sum(interactions)) AS hourly, toUInt32((SELECT count() FROM parapet.interactions)) AS rows FROM parapet.interactions_hourly',
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ hourly: 60, rows: 60 }]);
  });

  it('is nowhere in the statements that ClickHouse keeps', async () => {
    const answer = await store.client.query({ query: 'SELECT command FROM system.mutations', format: 'JSONEachRow' });
    const commands = JSON.stringify(await answer.json());
    expect(commands).toContain('UPDATE');
    expect(commands).not.toContain(ann);
  });

  it('is done: a second time there is nothing, and no second audit event', async () => {
    expect(await erase({ id: ann })).toMatchObject({ outcome: 'nothing', keys: 0 });
    expect(await audits()).toHaveLength(1);
  });

  it('comes masked when it comes late, and as itself when it comes back', async () => {
    await append(100, ann, nowMicros() - 600_000_000);
    await append(101, ann);
    await drain();
    const late = await rows('interactions', `user_id = '${ann}'`);
    expect(late).toHaveLength(1);
    expect(await rows('interactions', `startsWith(user_id, 'erased:')`)).toHaveLength(21);
    const said = await rows('verdicts', `verdict_id = 'v-100'`);
    expect(said).toMatchObject([{ subject: expect.stringContaining('/erased:'), note: '' }]);
  });

  it('stays masked after a replay, which finds no difference', async () => {
    for (const view of ['clickhouse.interactions', 'clickhouse.threats', 'clickhouse.audit', 'clickhouse.verdicts']) {
      expect(await replay(view), view).toMatchObject({ missing: 0, extra: 0 });
    }
    expect(await rows('interactions', `user_id = '${ann}'`)).toHaveLength(1);
  }, 60_000);
});

describe('an erasure that is cut', () => {
  const [, bob] = USERS as [string, string, string];
  const away: Eraser = {
    find: () => Promise.reject(new Error('ECONNREFUSED')),
    mask: () => Promise.reject(new Error('ECONNREFUSED')),
  };

  it('by a store that is away destroys the keys, masks elsewhere, and is finished by the same command', async () => {
    const sealed = seal(keys, `${ORG}/${bob}`, 'i-2', 'requestContent', 'hello');
    const events = (await audits()).length;
    await expect(erase({ id: bob }, [...erasers(), away])).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(() => unseal(keys, 'i-2', 'requestContent', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    expect(await rows('interactions', `user_id = '${bob}'`)).toEqual([]);
    expect(await audits()).toHaveLength(events);
    expect(await erase({ id: bob })).toMatchObject({ outcome: 'erased' });
    expect(await audits()).toHaveLength(events + 1);
    expect(await erase({ id: bob })).toMatchObject({ outcome: 'nothing' });
  });

  it('by views that name the subject still says so', async () => {
    const stubborn: Eraser = { find: async () => [{ view: 'other.view', rows: 3 }], mask: async () => {} };
    await expect(erase({ id: 'carl' }, [stubborn])).rejects.toMatchObject({
      code: 'PARAPET_ERASURE_INCOMPLETE',
      message: expect.stringContaining('other.view (3)'),
    });
  });

  it('before it begins, when the reason names the subject', async () => {
    await expect(erase({ id: bob, reason: `${bob} wants it` })).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
  });
});

describe('an erasure of an agent’s subject', () => {
  it('masks what was said where no user was named, and leaves the agent its name', async () => {
    const startedAt = nowMicros();
    const { interaction, ...rest } = fixtures.assessed(200);
    const value = codec.encode('assessed', {
      ...rest,
      interaction: { ...interaction, org: ORG, agentId: 'bot-7', userId: null, subject: `${ORG}/bot-7`, startedAt },
    });
    await log.append([{ topic: TOPICS.assessed.name, key: `${ORG}/bot-7`, timestamp: startedAt / 1_000, headers: {}, value }]);
    await drain();
    const { pseudonym } = await erase({ id: 'bot-7' });
    expect(await rows('interactions', `agent_id = 'bot-7'`)).toMatchObject([
      { user_id: '', subject: `${ORG}/${pseudonym}`, masked_prompt: '', content_available: false },
    ]);
    expect(appended).toBeGreaterThan(0);
  });
});

describe('a process with another master key', () => {
  it('writes nothing rather than the names of erased subjects', async () => {
    const strange = openLocalKeyStore({ folder: join(folder, 'strange') });
    expect(() => createMask(controls, strange).current()).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    await strange.close();
  });
});
