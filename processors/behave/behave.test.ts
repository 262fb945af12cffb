import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from '../../keys/local.ts';
import { digestOf, pseudonymOf } from '../../keys/pseudonym.ts';
import { seal } from '../../keys/seal.ts';
import { createErasures } from '../../log/erasures.ts';
import type { EnrichedInteraction, Threat } from '../../schemas/types.ts';
import { createBehave } from './index.ts';
import { eventOf } from './testing/traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-behave-'));
const keys = openLocalKeyStore({ folder });
afterAll(async () => {
  await keys.close();
  rmSync(folder, { recursive: true });
});

const none = { version: 0, covers: () => false };
const TOTAL = 1_000;

function start(erasures: Parameters<typeof createBehave>[0]['erasures'] = none, canaries?: string[]) {
  const memory = createBehave({ keys, erasures, canaries }).remember();
  const step = (value: EnrichedInteraction, offset: number): Threat[] | string => {
    const { org, agentId, startedAt } = value.interaction;
    const outcome = memory.step({ value, key: `${org}/${agentId}`, timestamp: startedAt / 1_000, headers: {}, offset });
    if (outcome.kind !== 'emit') return outcome.reason;
    return outcome.records.flatMap((each) => (each.topic === 'threats' ? [each.value] : []));
  };
  return { memory, step };
}

describe('behave', () => {
  it('says of a burst what is odd about it, in threats of its own layer that explain themselves', () => {
    const { step } = start();
    const found = Array.from({ length: TOTAL }, (_, n) => step(eventOf(n, TOTAL), n)).flat() as Threat[];
    expect(found.length).toBeGreaterThan(10);
    expect(new Set(found.map(({ threatId }) => threatId)).size).toBe(found.length);
    for (const threat of found) {
      expect(threat).toMatchObject({ layer: 'behaviour', ruleId: expect.stringMatching(/^BH-\d{4}$/), actionTaken: 'none' });
      expect(threat.maskedExcerpt).toMatch(/evidence .* points/);
      expect(threat.riskScore).toBeGreaterThanOrEqual(20);
    }
    expect(new Set(found.map(({ userId }) => userId))).toContain('mallory');
  });

  it('tells of a canary in an answer, and never without one', () => {
    const { interaction, enrichment } = eventOf(1, TOTAL);
    const { interactionId, subject } = interaction;
    const answer = { choices: [{ index: 0, message: { role: 'assistant', parts: [{ type: 'text', text: 'It says zebra-71.' }] } }] };
    const responseContent = seal(keys, subject, interactionId, 'responseContent', JSON.stringify(answer));
    const event = { enrichment, interaction: { ...interaction, responseContent } };
    const found = (canaries: string[]) => start(none, canaries).step(event, 0) as Threat[];
    expect(found(['zebra-71']).map(({ ruleId }) => ruleId)).toContain('BH-0136');
    expect(found(['zebra-72']).map(({ ruleId }) => ruleId)).not.toContain('BH-0136');
  });

  it('says nothing a second time of what it has counted', () => {
    const { step } = start();
    step(eventOf(1, TOTAL), 0);
    expect(step(eventOf(1, TOTAL), 0)).toBe('it was counted before');
  });

  it('finds the same in the same states', () => {
    const once = () => {
      const { step } = start();
      return Array.from({ length: TOTAL }, (_, n) => step(eventOf(n, TOTAL), n));
    };
    expect(once()).toEqual(once());
  });

  it('keeps no name of a person or a conversation, in keys or in bytes', () => {
    const { step, memory } = start();
    for (let n = 0; n < 30; n++) step(eventOf(n, TOTAL), n);
    const all = Buffer.concat(memory.changes().flatMap(({ key, value }) => [Buffer.from(key), value])).toString('latin1');
    expect(all).not.toMatch(/user-\d|c-\d/);
  });

  it('takes back the state of an erased user, counts nobody under that name until then, and begins anew after', () => {
    const event = eventOf(1, TOTAL);
    const { org, subject, userId, startedAt } = event.interaction;
    const control = {
      org,
      kind: 'erasure',
      key: pseudonymOf(keys, org, subject),
      issuedAt: startedAt,
      actor: 'test',
      value: JSON.stringify({ erasedAt: startedAt + 1_000, check: '', done: true }),
    };
    const controls = { version: 0, list: (): (typeof control)[] => [] };
    const { step, memory } = start(createErasures(controls));
    const userKeys = () => memory.changes().flatMap(({ key, value }) => (key.includes('user/') ? [[key, value.length > 0]] : []));
    step(event, 0);
    const key = `${org}/${event.interaction.agentId}\u001fuser/${digestOf(keys, org, `${org}/${userId}`)}`;
    expect(userKeys()).toEqual([[key, true]]);
    controls.version = 1;
    controls.list = () => [control];
    expect(userKeys()).toEqual([[key, false]]);
    step(event, 1);
    expect(userKeys()).toEqual([]);
    const later = { ...event, interaction: { ...event.interaction, startedAt: startedAt + 3_600_000_000 } };
    step(later, 2);
    expect(userKeys()).toEqual([[key, true]]);
    controls.version = 2;
    expect(userKeys()).toEqual([]);
  });
});
