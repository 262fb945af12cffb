import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from '../keys/local.ts';
import type { KeyStore } from '../keys/port.ts';
import { seal } from '../keys/seal.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import type { Interaction } from '../schemas/types.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createFolderStore, createLakeSink } from '../sinks/s3/index.ts';
import { type ReadParts, readInteraction, renderReading } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-read-'));
const fixtures = createFixtures();
const request = {
  messages: [
    { role: 'system', parts: [{ type: 'text', text: 'You help.' }] },
    { role: 'user', parts: [{ type: 'text', text: 'two\nlines \u001b[31mred\u202e \u{e0041}' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: '{"at":1}' }] },
    {
      role: 'tool',
      parts: [{ type: 'tool_result', callId: 'c1', parts: [{ type: 'image', mediaType: 'image/png', url: 'https://x.example/a' }] }],
    },
    { role: 'user', parts: [{ type: 'document', mediaType: 'application/json', data: btoa('{"a":\n1}') }] },
  ],
  tools: [{ name: 'look', description: 'Looks.', parameters: { type: 'object' } }, { name: 'wait' }],
  rest: [{ path: 'messages[1].name', text: 'Ann', role: 'user' }],
};
const response = {
  choices: [{ index: 0, message: { role: 'assistant', parts: [{ type: 'text', text: 'Here.' }] }, finishReason: 'stop' }],
};

let log: EventLog;
let codec: Codec;
let keys: KeyStore;
let parts: ReadParts;
let stored: Interaction;
let fresh: Interaction;

function made(n: number): Interaction {
  const interaction = { ...fixtures.interaction(n), org: 'acme', subject: `acme/u${n}`, errorContent: null };
  const sealed = (field: 'requestContent' | 'responseContent', content: object) =>
    seal(keys, interaction.subject, interaction.interactionId, field, JSON.stringify(content));
  return { ...interaction, requestContent: sealed('requestContent', request), responseContent: sealed('responseContent', response) };
}

beforeAll(async () => {
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  keys = openLocalKeyStore({ folder: join(folder, 'keys') });
  const lake = createFolderStore(join(folder, 'lake'));
  [stored, fresh] = [made(1), made(2)];
  const recordOf = (interaction: Interaction) => ({
    topic: TOPICS.interactions.name,
    key: 'acme/bot',
    timestamp: Math.floor(interaction.startedAt / 1_000),
    headers: {},
    value: codec.encode('interactions', interaction),
  });
  await log.append([recordOf(fresh)]);
  const { value: raw, ...record } = recordOf(stored);
  const records = [{ ...record, offset: 0, value: stored, raw }];
  await lake.open();
  const batch = { topic: TOPICS.interactions.name, partition: 0, firstOffset: 0, lastOffset: 0, records, recovered: false };
  await createLakeSink({ store: lake, topic: 'interactions' }).write(batch);
  const times = new Map([stored, fresh].map(({ interactionId, startedAt }) => [`acme/${interactionId}`, startedAt]));
  parts = { log, codec, keys, lake, startedAt: async (org, id) => (id === 'gone' ? 1_000_000 : times.get(`${org}/${id}`)) };
});
afterAll(async () => {
  await keys.close();
  await log.close();
  rmSync(folder, { recursive: true });
});

async function audited(): Promise<{ actor: string; target: string | null; details: Record<string, string> }[]> {
  const topic = TOPICS.audit.name;
  const events = [];
  for (const { partition, start } of await log.ranges(topic)) {
    const records = await log.read({ topic, partition, offset: start }, { maxRecords: 100, maxBytes: 1_000_000 });
    await codec.prepare(
      'audit',
      records.map(({ value }) => value),
    );
    events.push(...records.map(({ value }) => codec.decode('audit', value)).filter(({ action }) => action === 'content.read'));
  }
  return events;
}

const why = { org: 'acme', by: 'ann', reason: 'case 7' };

describe('parapet read', () => {
  it('gives what was said, from the lake or from the log, and says in the audit log who read it', async () => {
    for (const { interactionId, agentId } of [stored, fresh]) {
      const reading = await readInteraction(parts, interactionId, why);
      expect(reading).toMatchObject({ interactionId, agentId, available: true, request, response });
      expect(await audited()).toContainEqual(
        expect.objectContaining({ actor: 'ann', target: interactionId, details: expect.objectContaining({ reason: 'case 7' }) }),
      );
    }
  });

  it('shows nothing that steers a terminal or hides in it', async () => {
    const lines = renderReading(await readInteraction(parts, stored.interactionId, why));
    expect(lines.slice(2)).toEqual([
      'tool look:',
      'Looks.',
      '{"type":"object"}',
      '',
      'tool wait:',
      '',
      '',
      'messages[1].name:',
      'Ann',
      '',
      'system:',
      'You help.',
      '',
      'user:',
      'two',
      'lines \\u{1b}[31mred\\u{202e} \\u{e0041}',
      '',
      'assistant:',
      'calls look {"at":1}',
      '',
      'tool:',
      'result of c1:',
      '[image image/png https://x.example/a]',
      '',
      'user:',
      '[document application/json]',
      '{"a":',
      '1}',
      '',
      'assistant (answer):',
      'Here.',
    ]);
  });

  it('of another organisation, or of what is gone, gives nothing and leaves no trace of a reading', async () => {
    const before = (await audited()).length;
    const unknown = expect.objectContaining({ code: 'PARAPET_EVENT_UNKNOWN' });
    await expect(readInteraction(parts, stored.interactionId, { ...why, org: 'other' })).rejects.toEqual(unknown);
    await expect(readInteraction(parts, 'gone', why)).rejects.toEqual(unknown);
    expect(await audited()).toHaveLength(before);
  });

  it('of an erased subject says so', async () => {
    await keys.destroy(fresh.subject);
    const reading = await readInteraction(
      { ...parts, keys: openLocalKeyStore({ folder: join(folder, 'keys') }) },
      fresh.interactionId,
      why,
    );
    expect(reading).toMatchObject({ available: false, request: null, response: null });
    expect(renderReading(reading)).toHaveLength(2);
  });
});
