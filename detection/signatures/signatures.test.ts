import { describe, expect, it } from 'vitest';
import { createDetector } from '../detector.ts';
import { fold } from '../normalise.ts';
import { patternCost } from '../redos.ts';
import type { Signature } from '../signature.ts';
import { signatures } from './index.ts';

/** The techniques a signature may name: OWASP LLM Top 10 2025, OWASP Agentic 2026, and the MITRE ATLAS ids in use here. */
const TECHNIQUE =
  /^(?:LLM(?:0[1-9]|10)|ASI(?:0[1-9]|10)|AML\.T(?:0024|0048\.000|0049|0050|0051\.00[01]|0053|0054|0055|0056|0057|0068|0069\.00[02]|0072|0075|0077|0080\.000|0083|0084\.001|0086|0098|0101|0102|0110|0112))$/;

const detector = createDetector();

/** Among all rules, as it is used: another one may fire too, and does not count. */
function fires(signature: Signature, text: string): boolean {
  const { direction, roles } = signature.applies;
  const role = roles === undefined || roles.includes('user') ? 'user' : 'tool';
  const { findings } = detector.inspect([{ direction: direction === 'both' ? 'request' : direction, role, kind: 'text', path: 'p', text }]);
  return findings.some(({ ruleId }) => ruleId === signature.id);
}

describe('the rule set', () => {
  it('gives each rule an id of its own', () => {
    expect(new Set(signatures.map(({ id }) => id)).size).toBe(signatures.length);
    expect(signatures.length).toBeGreaterThanOrEqual(500);
  });

  it('names only techniques that exist', () => {
    for (const { id, techniques } of signatures) {
      expect(techniques.length, id).toBeGreaterThan(0);
      for (const technique of techniques) expect(technique, id).toMatch(TECHNIQUE);
    }
  });

  it('states scores and languages that make sense', () => {
    for (const { id, score, languages, version } of signatures) {
      expect(score, id).toBeGreaterThan(0);
      expect(score, id).toBeLessThanOrEqual(1);
      expect(languages.length, id).toBeGreaterThan(0);
      expect(version, id).toBeGreaterThanOrEqual(1);
    }
  });
});

describe.each(signatures.map((signature) => [signature.id, signature] as const))('%s', (_id, signature) => {
  it('is provably linear', () => {
    expect(patternCost(signature.pattern, signature.flags).problems).toEqual([]);
  });

  it('fires on its positive examples', () => {
    expect(signature.positive.length).toBeGreaterThan(0);
    for (const text of signature.positive) expect(fires(signature, text), text).toBe(true);
  });

  it('stays quiet on its negative examples', () => {
    expect(signature.negative.length).toBeGreaterThan(0);
    for (const text of signature.negative) expect(fires(signature, text), text).toBe(false);
  });

  it('keeps its anchors folded and long enough to be worth looking for', () => {
    for (const anchor of signature.anchors) {
      expect(fold(`.${anchor}.`)).toBe(`.${anchor}.`);
      expect(anchor.length, anchor).toBeGreaterThanOrEqual(/[a-z]/.test(anchor) ? 2 : 1);
    }
  });
});
