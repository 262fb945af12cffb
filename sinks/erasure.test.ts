import { createHmac, createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pseudonymCheck, pseudonymOf } from '../keys/pseudonym.ts';
import { TOPICS } from '../log/topics.ts';
import { SAMPLES } from '../schemas/samples.ts';
import type { Control } from '../schemas/types.ts';
import { createMask, ERASURE } from './erasure.ts';
import { createFixtures } from './fixtures.ts';

const key = createSecretKey(createHmac('sha256', 'test').digest());
const keys = { hashKey: () => key };
const fixtures = createFixtures();
const UNTIL = 2_000_000_000_000_000;

function controls() {
  const held: Control[] = [];
  return {
    version: 0,
    list: (kind: string) => held.filter((control) => control.kind === kind),
    erase(org: string, id: string, erasedAt = UNTIL) {
      const value = JSON.stringify({ erasedAt, check: pseudonymCheck(keys, org), done: true });
      held.push({ org, kind: ERASURE, key: pseudonymOf(keys, org, `${org}/${id}`), issuedAt: erasedAt, actor: 'test', value });
      this.version += 1;
    },
  };
}

const threat = (org: string, userId: string | null, occurredAt = UNTIL) => {
  return { ...fixtures.threat(1), org, userId, subject: `${org}/${userId ?? 'bot'}`, occurredAt };
};

describe('the mask', () => {
  it('is none while nobody is erased', () => {
    expect(createMask(controls(), keys).current()).toBeUndefined();
  });

  it('masks what began until the erasure, and gives back all else as it is', () => {
    const said = controls();
    const mask = createMask(said, keys);
    expect(mask.current()).toBeUndefined();
    said.erase('acme', 'ann');
    const apply = mask.current() as NonNullable<ReturnType<typeof mask.current>>;
    const pseudonym = pseudonymOf(keys, 'acme', 'acme/ann');
    expect(apply('threats', threat('acme', 'ann'))).toMatchObject({ userId: pseudonym, subject: `acme/${pseudonym}`, maskedExcerpt: '' });
    for (const other of [threat('acme', 'ann', UNTIL + 1), threat('acme', 'bob'), threat('other', 'ann'), threat('acme', null)]) {
      expect(apply('threats', other)).toBe(other);
    }
  });

  it('spares records of which all began after the last erasure', () => {
    const said = controls();
    const mask = createMask(said, keys);
    const of = (topic: string, times: number[]) => times.map((timestamp) => ({ topic, timestamp }));
    const at = (...times: number[]) => of(TOPICS.threats.name, times);
    expect(mask.spares(at(0))).toBe(true);
    said.erase('acme', 'ann', UNTIL - 5_000_000);
    said.erase('other', 'bob');
    // A record's time is that of its event, cut to milliseconds.
    expect(mask.spares(at(UNTIL / 1_000 + 1, UNTIL / 1_000 + 2))).toBe(true);
    expect(mask.spares(at(UNTIL / 1_000 + 1, UNTIL / 1_000))).toBe(false);
    expect(mask.spares([])).toBe(true);
    // What is said today may be said of somebody who was erased yesterday.
    expect(mask.spares(of(TOPICS.verdicts.name, [UNTIL / 1_000 + 1]))).toBe(false);
  });

  it('tells orgs with slashes in their names apart', () => {
    const said = controls();
    said.erase('a', 'b/c');
    const apply = createMask(said, keys).current() as NonNullable<ReturnType<ReturnType<typeof createMask>['current']>>;
    said.erase('a/b', 'nobody');
    expect(apply('threats', threat('a', 'b/c')).maskedExcerpt).toBe('');
    const other = threat('a/b', 'c');
    expect(apply('threats', other)).toBe(other);
  });

  it('leaves nothing of the subject in an assessed interaction', () => {
    const said = controls();
    said.erase('acme', 'ann');
    const { interaction, ...rest } = fixtures.assessed(3);
    const named = {
      ...interaction,
      org: 'acme',
      userId: 'ann',
      subject: 'acme/ann',
      sessionId: 'ann-1',
      conversationId: 'ann-2',
      userAgent: 'ann/1',
    };
    const assessed = { ...rest, interaction: named, enrichment: { ...rest.enrichment, conversationId: 'ann-2', maskedPrompt: 'I am ann' } };
    const masked = createMask(said, keys).current()?.('assessed', assessed);
    expect(JSON.stringify(masked)).not.toContain('ann');
    expect(masked?.interaction.interactionId).toBe(interaction.interactionId);
    expect(masked?.enrichment.usage).toEqual(rest.enrichment.usage);
  });

  it('masks a verdict by the time of what it is on, and drops its note', () => {
    const said = controls();
    said.erase('acme', 'ann');
    const verdict = { ...SAMPLES.AnalystVerdict, subject: 'acme/ann', threatAt: UNTIL, occurredAt: UNTIL + 1, note: 'ann again' };
    const apply = createMask(said, keys).current();
    const pseudonym = pseudonymOf(keys, 'acme', 'acme/ann');
    expect(apply?.('verdicts', verdict)).toEqual({ ...verdict, subject: `acme/${pseudonym}`, note: '' });
    expect(apply?.('verdicts', { ...verdict, threatAt: UNTIL + 1 })).toMatchObject({ note: 'ann again' });
  });

  it('masks names in audit events, and leaves what was done', () => {
    const said = controls();
    said.erase('acme', 'ann');
    const event = {
      ...fixtures.audit(1),
      org: 'acme',
      occurredAt: UNTIL,
      actor: 'ann',
      target: 'acme/ann',
      details: { by: 'ann', on: 'x' },
    };
    const pseudonym = pseudonymOf(keys, 'acme', 'acme/ann');
    expect(createMask(said, keys).current()?.('audit', event)).toEqual({
      ...event,
      actor: pseudonym,
      target: pseudonym,
      details: { by: pseudonym, on: 'x' },
    });
  });

  it('refuses to go on when erasures were ordered with another master key', () => {
    const said = controls();
    const mask = createMask(said, { hashKey: () => createSecretKey(Buffer.alloc(32)) });
    expect(mask.current()).toBeUndefined();
    said.erase('acme', 'ann');
    expect(() => mask.current()).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    expect(() => mask.current()).toThrow();
  });
});
