import { describe, expect, it } from 'vitest';
import { riskOf } from '../../detection/model/ensemble.ts';
import { diceOf } from '../data/dice.ts';
import { type Measured, stack, sumOf } from './stack.ts';

/** Rows whose linear score tells attacks from benign texts, and whose signatures say nothing, or the opposite. */
function rows(name: string, count: number, { lang = 'en', english = true, against = false } = {}): Measured[] {
  const dice = diceOf(name);
  return Array.from({ length: count }, (_, i): Measured => {
    const label = i % 2 === 0 ? 'attack' : 'benign';
    const side = label === 'attack' ? 1 : -1;
    return {
      row: { id: `${name}:${i}`, text: '', label, kind: '', lang, source: name, licence: 'MIT' },
      risk: against && label === 'benign' ? 50 : 0,
      linear: side * 2 + (dice() - 0.5) * 6,
      classifier: english ? side * 3 + (dice() - 0.5) * 4 : undefined,
      english,
    };
  });
}
const share = (some: Measured[], is: (each: Measured) => boolean) => some.filter(is).length / some.length;
const benign = (some: Measured[]) => some.filter(({ row }) => row.label === 'benign');

describe('joining the layers', () => {
  const development = rows('development', 1_000);
  const own = rows('own', 400, { against: true });
  const others = rows('others', 400, { lang: 'xx', english: false, against: true });
  const settings = stack(
    [
      { rows: development, allowed: { alert: 0.05, block: 0.01 } },
      { rows: own, allowed: { alert: 1, block: 0.02 } },
    ],
    { rows: others, allowed: { alert: 0.1, block: 0.04 } },
  );

  it('gives no layer less than nought, and none that misleads any weight', () => {
    for (const { signatures, linear, classifier } of [settings.fast, settings.full, settings.other])
      expect(Math.min(signatures, linear, classifier)).toBeGreaterThanOrEqual(0);
    expect(settings.other.signatures).toBe(0);
    expect(settings.fast.classifier).toBe(0);
    expect(settings.full.classifier).toBeGreaterThan(settings.full.linear);
  });

  it('blocks and alarms about no more benign rows of any set than it may', () => {
    const bounds = [
      [development, settings.full, 0.05, 0.01],
      [own, settings.full, 1, 0.02],
      [development, settings.fast, 0.05, 0.01],
      [others, settings.other, 0.1, 0.04],
    ] as const;
    for (const [some, stacking, alert, block] of bounds) {
      expect(share(benign(some), (each) => riskOf(stacking, sumOf(stacking, each)) >= 70)).toBeLessThanOrEqual(block);
      expect(share(benign(some), (each) => riskOf(stacking, sumOf(stacking, each)) >= 20)).toBeLessThanOrEqual(alert);
    }
    const found = development.filter(({ row }) => row.label === 'attack');
    expect(share(found, (each) => riskOf(settings.full, sumOf(settings.full, each)) >= 70)).toBeGreaterThan(0.5);
  });

  it('asks the classifier about two fifths of what clients send', () => {
    const asked = share(benign(development), (each) => sumOf({ ...settings.fast, classifier: 0 }, each) >= settings.consultFrom);
    expect(asked).toBeGreaterThan(0.38);
    expect(asked).toBeLessThan(0.42);
  });
});
