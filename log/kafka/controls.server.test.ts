import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, expect, it } from 'vitest';
import { createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import { describeControls } from '../controls.suite.ts';
import { TOPICS } from '../topics.ts';
import { brokers, dropTopics, openTestLog } from './testing/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-controls-'));
const topics = { [TOPICS.controls.name]: 2 };
const fresh = () => `parapet.test-${Math.random().toString(36).slice(2, 10)}.`;
afterAll(async () => {
  await dropTopics();
  rmSync(folder, { recursive: true });
});

describeControls('kafka', async () => {
  const prefix = fresh();
  return { open: () => openTestLog({ topics, prefix }), codec: await createCodec(await openFileRegistry(join(folder, 'registry'))) };
});

it('the topic of controls is compacted, whatever the prefix', async () => {
  const prefix = fresh();
  const log = await openTestLog({ topics, prefix });
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: `${prefix}${TOPICS.controls.name}`, configNames: ['cleanup.policy'] }],
  });
  await admin.disconnect();
  await log.close();
  expect(resources[0]?.configEntries[0]?.configValue).toBe('compact');
});
