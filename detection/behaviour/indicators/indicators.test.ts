import { describe, expect, it } from 'vitest';
import { maySpeak } from '../score.ts';
import type { Moment } from '../state.ts';
import { play } from '../testing/script.ts';
import { indicators } from './index.ts';
import type { Indicator } from './indicator.ts';

const TECHNIQUE = /^(?:LLM(?:0[1-9]|10)|ASI(?:0[1-9]|10)|AML\.T\d{4}(?:\.\d{3})?)$/;

const evidence = (indicator: Indicator, script: Indicator['examples']['fires']): number => {
  const last = play(script).at(-1) as Moment;
  return maySpeak(indicator, last) ? indicator.evidence(last) : 0;
};

describe('the indicators', () => {
  it('are more than a hundred, each with an id and a name of its own', () => {
    expect(indicators.length).toBeGreaterThanOrEqual(100);
    expect(new Set(indicators.map(({ id }) => id)).size).toBe(indicators.length);
    expect(new Set(indicators.map(({ name }) => name)).size).toBe(indicators.length);
  });

  it('say what they mean and name techniques that exist', () => {
    for (const { id, description, techniques, weight } of indicators) {
      expect(description.length, id).toBeGreaterThan(40);
      expect(techniques.length, id).toBeGreaterThan(0);
      for (const technique of techniques) expect(technique, id).toMatch(TECHNIQUE);
      expect(weight, id).toBeGreaterThan(0);
    }
  });
});

describe.each(indicators.map((indicator) => [indicator.id, indicator.name, indicator] as const))('%s %s', (_id, _name, indicator) => {
  it('fires on its example', () => {
    expect(evidence(indicator, indicator.examples.fires)).toBeGreaterThanOrEqual(0.5);
  });

  it('stays quiet on its other example', () => {
    expect(evidence(indicator, indicator.examples.quiet)).toBe(0);
  });
});
