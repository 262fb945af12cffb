import { describe, expect, it } from 'vitest';
import type { Framework, Requirement } from '../types.ts';
import { coverageOf, coverageTable, effectiveIn } from './coverage.ts';

const said = (text: string) => ({ en: text, de: text, fr: text, es: text });
const requirement: Requirement = { id: '1.1', section: '1', title: said('t'), text: said('x'), checks: [] };
const attestation = { statement: said('I confirm it.'), role: 'ciso', validDays: 365 };
const checks = ['logging.complete'];

describe('the coverage of a requirement', () => {
  it.each([
    ['automated', { checks }],
    ['automated', { checks, needs: [] }],
    ['partly', { checks, attestation }],
    ['partly', { checks, needs: ['assets'] }],
    ['partly', { checks, attestation, needs: ['assets'] }],
    ['attested', { attestation }],
    ['not_covered', { attestation, needs: ['assets'] }],
    ['not_covered', { needs: ['assets'] }],
    ['not_covered', { notCovered: said('Never.') }],
  ])('is %s with %o', (coverage, changes) => {
    expect(coverageOf({ ...requirement, ...changes })).toBe(coverage);
  });
});

describe('the table of coverage', () => {
  it('counts by section and in all', () => {
    const framework: Framework = {
      ...{ id: 'X', version: '1', revision: 1, title: said('X'), publisher: 'p', source: 's' },
      sections: [
        { id: '1', title: said('one') },
        { id: '2', title: said('two') },
      ],
      requirements: [
        { ...requirement, checks },
        { ...requirement, id: '1.2', attestation },
        { ...requirement, id: '2.1', section: '2', checks, attestation },
        { ...requirement, id: '2.2', section: '2', needs: ['policies'] },
      ],
    };
    const { sections, all } = coverageTable(framework);
    expect(all).toEqual({ automated: 1, partly: 1, attested: 1, not_covered: 1, total: 4 });
    expect(sections.map(({ id, counts }) => [id, counts])).toEqual([
      ['1', { automated: 1, partly: 0, attested: 1, not_covered: 0, total: 2 }],
      ['2', { automated: 0, partly: 1, attested: 0, not_covered: 1, total: 2 }],
    ]);
  });
});

describe('a requirement with dates', () => {
  const window = { from: '2026-07-01T00:00:00.000Z', to: '2026-10-01T00:00:00.000Z' };
  it.each([
    ['always without dates', {}, true],
    ['that begins within the window', { effectiveFrom: '2026-08-02' }, true],
    ['that begins with the day after the window', { effectiveFrom: '2026-10-01' }, false],
    ['that begins on its last day', { effectiveFrom: '2026-09-30' }, true],
    ['that ended when the window began', { effectiveUntil: '2026-07-01' }, false],
    ['that ends a day later', { effectiveUntil: '2026-07-02' }, true],
    ['that is over', { effectiveFrom: '2025-01-01', effectiveUntil: '2026-01-01' }, false],
  ])('%s is in effect: %o → %s', (_, dates, inEffect) => {
    expect(effectiveIn({ ...requirement, ...dates }, window)).toBe(inEffect);
  });
});
