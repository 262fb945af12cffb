/** One bundle, two gateways that share nothing but Kafka. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../core/environment.ts';
import { ask, eventually, type Harness, startHarness } from '../gateway/testing/harness.ts';
import { makeSigningKey } from '../keys/signing.ts';
import { addToDraft, publishDraft, rollback, type SignatureParts } from './signatures.ts';
import { openCodec, openLog } from './stores.ts';

const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((each) => each !== '');
if (brokers.length === 0) throw new Error('KAFKA_BROKERS is not set: eval "$(../shared/servers/up kafka | sed \'s/^/export /\')"');

const GATE = 'please open the purple gate';
const rule = {
  id: 'AC-0001',
  version: 1,
  pattern: String.raw`\bopen the purple (?:gate|door)\b`,
  description: 'Asks for the purple gate.',
  threatType: 'tool_abuse',
  severity: 'critical',
  score: 0.9,
  techniques: ['LLM06'],
  languages: ['en'],
  applies: { direction: 'request' },
  anchors: ['purple'],
  positive: [GATE],
  negative: ['the gate is purple'],
};

describe('gateways on Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-signatures-'));
  const prefix = `parapet.test-${randomBytes(4).toString('hex')}.`;
  const keys = makeSigningKey(join(folder, 'publisher'));
  const shared = {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_PREFIX: prefix,
    KAFKA_REPLICATION_FACTOR: '1',
    PARAPET_SIGNATURE_PUBLIC_KEYS: keys.publicKey,
  };
  const gateways: Harness[] = [];
  let parts: SignatureParts;

  beforeAll(async () => {
    const env = readEnvironment({
      ...shared,
      PARAPET_DATA: join(folder, 'cli'),
      PARAPET_PARTITIONS: '2',
      PARAPET_SIGNATURE_KEY_FILE: keys.privateKey,
    });
    parts = { env, log: await openLog(env), codec: await openCodec(env), actor: 'test' };
    for (const id of ['gw-1', 'gw-2']) {
      gateways.push(await startHarness({ env: { ...shared, PARAPET_INSPECT_MODE: 'block', PARAPET_GATEWAY_ID: id } }));
    }
  }, 60_000);

  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
    await parts.log.close();
    rmSync(folder, { recursive: true });
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter((name) => name.startsWith(prefix)) });
    await admin.disconnect();
  }, 60_000);

  const answers = () => Promise.all(gateways.map(async (gateway) => (await gateway.post('/v1/chat/completions', ask(GATE))).status));
  const say = (status: number) => eventually(async () => (await answers()).every((each) => each === status));

  it('obey a bundle that was published once, and its rollback', async () => {
    expect(await answers()).toEqual([200, 200]);
    const rules = join(folder, 'rules.json');
    writeFileSync(rules, JSON.stringify([rule]));
    addToDraft(parts.env, [rules], { disable: [], enable: [] });
    await publishDraft(parts, 'enforce');
    await say(403);
    await rollback(parts);
    await say(200);
  }, 60_000);
});
