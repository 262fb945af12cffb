import { describe, expect, it } from 'vitest';
import { IdSet, NumberSet } from './sets.ts';

describe('a set of ids', () => {
  it('says of each id whether it is new, also behind many growths', () => {
    const ids = new IdSet();
    for (let n = 0; n < 50_000; n++) if (!ids.add(`id ${n}`)) throw new Error(`id ${n} was not there before`);
    for (let n = 0; n < 50_000; n++) if (ids.add(`id ${n}`)) throw new Error(`id ${n} was there`);
    expect(ids.size).toBe(50_000);
    expect(ids.add('id 50000')).toBe(true);
    expect(ids.add('')).toBe(true);
    expect(ids.add('')).toBe(false);
  });
});

describe('a set of numbers', () => {
  const numbers = [0, 1, 31, 32, 33, 63, 65_535, 65_536, 70_000, 4_294_967_296, 2 ** 52];
  const set = new NumberSet();
  for (const number of numbers) for (let times = 0; times < 2; times++) set.add(number);

  it('counts those from any number on, each once', () => {
    for (const first of [0, 1, 2, 30, 31, 32, 33, 34, 64, 65_535, 65_536, 65_537, 70_001, 4_294_967_296, 4_294_967_297, 2 ** 53]) {
      expect(set.countFrom(first), `from ${first}`).toBe(numbers.filter((number) => number >= first).length);
    }
  });
  it('holds a run of millions', () => {
    const run = new NumberSet();
    for (let n = 1; n <= 2_000_000; n++) run.add(n);
    expect([run.countFrom(0), run.countFrom(1_999_970)]).toEqual([2_000_000, 31]);
  });
});
