import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastPeriod, windowOf } from './period.ts';

describe('a period', () => {
  it.each([
    ['2026-11-21', '2026-11-21', '2026-11-22'],
    ['2026-12-31', '2026-12-31', '2027-01-01'],
    ['2028-02-29', '2028-02-29', '2028-03-01'],
    ['2026-10', '2026-10-01', '2026-11-01'],
    ['2026-12', '2026-12-01', '2027-01-01'],
    ['2026-Q1', '2026-01-01', '2026-04-01'],
    ['2026-Q4', '2026-10-01', '2027-01-01'],
    ['2026', '2026-01-01', '2027-01-01'],
  ])('%s is from %s to %s', (period, from, to) => {
    expect(windowOf(period)).toEqual({ from: `${from}T00:00:00.000Z`, to: `${to}T00:00:00.000Z` });
  });

  it.each([
    '',
    '2026-13',
    '2026-00',
    '2026-02-30',
    '2026-Q5',
    '2026-Q0',
    '26-10',
    '2026-1',
    '2026-10-1',
    'last month',
    '2026-10 ',
    '../2026',
  ])('"%s" is none', (period) => {
    expect(() => windowOf(period)).toThrow(expect.objectContaining({ code: 'PARAPET_PERIOD_INVALID' }));
  });

  it('that is the last one is over, and the next one is not', () => {
    const kinds = fc.constantFrom('day', 'month', 'quarter', 'year') as fc.Arbitrary<'day'>;
    const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(kinds, times, (kind, now) => {
        const { from, to } = windowOf(lastPeriod(kind, now));
        const length = Date.parse(to) - Date.parse(from);
        expect(Date.parse(to)).toBeLessThanOrEqual(now.getTime());
        // Quarters and years are not equally long; what comes next ends a little after the same time again.
        expect(Date.parse(to) + length + 4 * 86_400_000).toBeGreaterThan(now.getTime());
      }),
    );
  });
});
