import { describe, expect, it } from 'vitest';
import { probabilityOf } from '../../detection/model/harmful.ts';
import { diceOf } from '../data/dice.ts';
import { harmfulOf, judgesHarm, type MeasuredHarm } from './harmful.ts';

const row = (n: number, asks: boolean): MeasuredHarm['row'] => ({
  ...{ id: `r:${n}`, text: '', lang: 'en', source: 's', licence: 'MIT' },
  ...(asks ? { label: 'attack', kind: 'harmful_request' } : { label: 'benign', kind: 'question' }),
});

/** One in five asks; the linear head sees some of it, the classifier more, where it was asked. */
function measured(count: number, { read = true } = {}): MeasuredHarm[] {
  const dice = diceOf('harm');
  const noise = () => (dice() + dice() + dice() - 1.5) * 3;
  return Array.from({ length: count }, (_, i) => {
    const side = i % 5 === 0 ? 1 : -1;
    return {
      row: row(i, side > 0),
      linear: side * 1.5 + noise(),
      classifier: read && i % 3 > 0 ? side * 3 + noise() : undefined,
    };
  });
}
const share = (some: MeasuredHarm[], is: (each: MeasuredHarm) => boolean) => some.filter(is).length / some.length;

describe('the probability that somebody asks for harm', () => {
  const rows = measured(2_000);
  const { fast, full } = harmfulOf(rows, { alert: 0.05, block: 0.01 });
  const saidOf = ({ linear }: MeasuredHarm) => probabilityOf(fast, { linear });

  it('is as often right as it says', () => {
    for (const [from, to] of [
      [0, 0.2],
      [0.2, 0.6],
      [0.6, 1],
    ] as const) {
      const some = rows.filter((each) => saidOf(each) >= from && saidOf(each) < to);
      const said = some.reduce((sum, each) => sum + saidOf(each), 0) / some.length;
      expect(Math.abs(said - share(some, (each) => each.row.label === 'attack'))).toBeLessThan(0.06);
    }
  });

  it('has bounds that no more of the harmless rows reach than may', () => {
    const harmless = rows.filter((each) => each.row.label === 'benign');
    const reaches = (bound: number) => share(harmless, (each) => saidOf(each) >= bound);
    expect(reaches(fast.alert)).toBeLessThanOrEqual(0.05);
    expect(reaches(fast.alert)).toBeGreaterThan(0.03);
    expect(reaches(fast.block)).toBeLessThanOrEqual(0.01);
    expect(fast.block).toBeGreaterThan(fast.alert);
  });

  it('goes by both heads where both read, and by one where nobody else did', () => {
    expect(full?.classifier).toBeGreaterThan(0.3);
    expect(fast.classifier).toBe(0);
    expect(harmfulOf(measured(500, { read: false }), { alert: 0.05, block: 0.01 }).full).toBeUndefined();
  });

  it('is not found on attacks, of which nobody said whether they ask for harm', () => {
    const asks = row(1, true);
    const harmless = row(2, false);
    expect([asks, harmless, { ...asks, kind: 'override' }, { ...harmless, source: 'tensor_trust_detection' }].map(judgesHarm)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
