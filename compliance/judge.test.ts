import { describe, expect, it } from 'vitest';
import { judge } from './judge.ts';
import { words } from './localized.ts';
import { readComplianceSettings } from './settings.ts';
import { evidenceOf, NOW, WINDOW } from './testing.ts';
import type { Attestation, Check, Framework, Outcome, Requirement } from './types.ts';

const said = (text: string) => words(text, text, text, text);

/** Checks that say what their one row says. */
const echo = (id: string): Check => ({
  ...{ id, version: 1, title: said(id), evidence: [id] },
  judge: (evidence) => ({
    outcome: evidence.get(id)?.rows[0]?.['says'] as Outcome,
    reasons: [{ text: said(`${id} says so`), values: {} }],
  }),
});
const CHECKS = ['a', 'b'].map(echo);

const duty = { statement: said('I saw it'), role: 'ciso', validDays: 90 };
const signed = (over: Partial<Attestation> = {}): Attestation => ({
  ...{
    framework: 'F',
    requirement: 'R',
    statement: 'I saw it',
    by: 'ada',
    at: '2026-10-01T00:00:00.000Z',
    expiresAt: '2026-12-31T00:00:00.000Z',
  },
  ...over,
});

function outcomeOf(requirement: Partial<Requirement>, says: Record<string, Outcome> = {}, attestations: Attestation[] = []) {
  const framework: Framework = {
    ...{ id: 'F', version: '1', revision: 1, title: said('F'), publisher: 'p', source: 's', sections: [{ id: 's', title: said('s') }] },
    requirements: [{ id: 'R', section: 's', title: said('R'), text: said('R'), checks: [], ...requirement }],
  };
  const evidence = Object.entries(says).map(([id, outcome]) => evidenceOf(id, [{ says: outcome }]));
  const context = { org: 'acme', window: WINDOW, settings: readComplianceSettings(undefined) };
  const { checks, requirements } = judge(framework, evidence, attestations, context, NOW, CHECKS);
  const [result] = requirements;
  if (result === undefined) throw new Error('no result');
  return { ...result, ran: checks.map(({ check }) => check), english: result.reasons.map(({ text }) => text.en) };
}

describe('a requirement', () => {
  it.each([
    [{ a: 'pass', b: 'pass' }, 'pass', ['a says so', 'b says so']],
    [{ a: 'pass', b: 'not_applicable' }, 'pass', ['a says so']],
    [{ a: 'not_applicable', b: 'not_applicable' }, 'not_applicable', ['a says so', 'b says so']],
    [{ a: 'pass', b: 'gap' }, 'gap', ['b says so']],
    [{ a: 'fail', b: 'gap' }, 'fail', ['a says so']],
  ] satisfies [Record<string, Outcome>, Outcome, string[]][])('whose checks say %o is %s', (says, outcome, english) => {
    expect(outcomeOf({ checks: ['a', 'b'] }, says)).toMatchObject({ outcome, english });
  });

  it('is a gap where evidence is missing, and says which', () => {
    const result = outcomeOf({ checks: ['a', 'b'] }, { a: 'pass' });
    expect(result).toMatchObject({ outcome: 'gap', ran: ['a', 'b'], reasons: [{ values: { collector: 'b' } }] });
  });

  it('is a gap where its check does not exist', () => {
    expect(outcomeOf({ checks: ['unheard'] })).toMatchObject({ outcome: 'gap', reasons: [{ values: { check: 'unheard' } }] });
  });

  it('runs no check that the framework does not name', () => {
    expect(outcomeOf({ checks: ['b'] }, { a: 'pass', b: 'pass' }).ran).toEqual(['b']);
  });

  it('needs its attestation beside its checks', () => {
    const both = { checks: ['a'], attestation: duty };
    expect(outcomeOf(both, { a: 'pass' })).toMatchObject({ outcome: 'gap', attestation: null, coverage: 'partly' });
    expect(outcomeOf(both, { a: 'pass' }, [signed()])).toMatchObject({ outcome: 'pass', attestation: { by: 'ada' } });
    expect(outcomeOf(both, { a: 'fail' }, [signed()]).outcome).toBe('fail');
    expect(outcomeOf(both, { a: 'not_applicable' }, [signed()]).outcome).toBe('pass');
  });

  it('takes no attestation that is over, of another requirement, of another framework or of the future', () => {
    const only = { attestation: duty };
    expect(outcomeOf(only, {}, [signed()])).toMatchObject({ outcome: 'pass', coverage: 'attested' });
    expect(outcomeOf(only, {}, [signed({ expiresAt: NOW })])).toMatchObject({
      outcome: 'gap',
      reasons: [{ values: { by: 'ada', role: 'ciso' } }],
    });
    expect(
      outcomeOf(only, {}, [signed({ requirement: 'Q' }), signed({ framework: 'G' }), signed({ at: '2027-01-01T00:00:00Z' })]).outcome,
    ).toBe('gap');
    expect(outcomeOf(only, {}, [signed({ expiresAt: NOW }), signed({ by: 'bob' })])).toMatchObject({
      outcome: 'pass',
      attestation: { by: 'bob' },
    });
  });

  it('is a gap while it needs a part that does not exist, or nothing covers it', () => {
    expect(outcomeOf({ checks: ['a'], needs: ['policies'] }, { a: 'pass' })).toMatchObject({
      outcome: 'gap',
      reasons: [{ values: { part: 'policies' } }],
    });
    expect(outcomeOf({ notCovered: said('it is about buildings') })).toMatchObject({
      outcome: 'gap',
      coverage: 'not_covered',
      english: ['it is about buildings'],
    });
    expect(outcomeOf({}).outcome).toBe('gap');
  });

  it('does not apply outside of the time in which it is in force, and says from when', () => {
    const later = { checks: ['a'], effectiveFrom: '2027-08-02' };
    expect(outcomeOf(later, { a: 'fail' })).toMatchObject({
      outcome: 'not_applicable',
      reasons: [{ values: { effectiveFrom: '2027-08-02' } }],
    });
    expect(outcomeOf({ ...later, effectiveFrom: '2026-10-31' }, { a: 'fail' }).outcome).toBe('fail');
  });
});
