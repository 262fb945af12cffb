import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../hash.ts';
import { compare, createBaselines, learn, mergeBaselines } from './baselines.ts';
import { createClock, hourShare, tick } from './clock.ts';
import { countItem, countOf, createCountMin, fade } from './count-min.ts';
import { addDistinct, createDistinct, distinct, turnTo } from './distinct.ts';
import { createFamiliar, knows, meet } from './familiar.ts';
import { bytesOf, readFields, writeFields } from './fields.ts';
import { BINS, createPrompts, likeness, rememberPrompt } from './prompts.ts';
import { addQuantile, createQuantiles, mergeQuantiles, quantile, rank } from './quantiles.ts';
import { addRates, createRates, rateOf } from './rates.ts';
import { createVocabulary, distanceThenLearn, WORD_BINS } from './vocabulary.ts';

const FLOOR = Float64Array.of(0.1);
const numbers = fc.array(fc.double({ min: -1_000, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 6 });

function baselineOf(values: number[], keep = 1) {
  const baselines = createBaselines(1);
  for (const value of values) learn(baselines, Float64Array.of(value), keep, FLOOR);
  return baselines;
}

describe('baselines', () => {
  it('equal the exact weighted mean and variance', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.5, max: 1, noNaN: true }), (values, keep) => {
        const weights = values.map((_, i) => keep ** (values.length - 1 - i));
        const total = weights.reduce((a, b) => a + b, 0);
        const mean = values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) / total;
        const variance = values.reduce((sum, value, i) => sum + (value - mean) ** 2 * (weights[i] as number), 0) / total;
        const found = baselineOf(values, keep);
        expect(Math.abs((found.mean[0] as number) - mean)).toBeLessThan(0.01 + Math.abs(mean) * 1e-4);
        expect(Math.abs((found.variance[0] as number) - variance)).toBeLessThan(1 + variance * 1e-3);
      }),
    );
  });

  it('merge as if one had seen it all', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = baselineOf(a);
        mergeBaselines(merged, baselineOf(b));
        const mean = [...a, ...b].reduce((x, y) => x + y, 0) / (a.length + b.length);
        expect(Math.abs((merged.mean[0] as number) - mean)).toBeLessThan(0.01 + Math.abs(mean) * 1e-3);
      }),
    );
  });

  it('do not take one flood for the new normal', () => {
    const found = baselineOf([...Array.from({ length: 50 }, (_, i) => 10 + (i % 3)), 1e6]);
    expect(found.mean[0]).toBeLessThan(12);
  });

  it('leave out what is not known', () => {
    const found = baselineOf([1, Number.NaN, 3]);
    expect(found.mean[0]).toBe(2);
    const out = new Float64Array(1);
    compare(found, Float64Array.of(Number.NaN), FLOOR, out);
    expect(out[0]).toBe(0);
  });
});

describe('quantiles', () => {
  const positive = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

  it('are right to within a bucket', () => {
    fc.assert(
      fc.property(positive, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, q) => {
        const found = createQuantiles();
        for (const value of values) addQuantile(found, value);
        const exact = values.sort((a, b) => a - b)[Math.ceil(q * values.length - 1e-9) - 1] as number;
        expect(exact / quantile(found, q)).toBeGreaterThan(0.99);
        expect(exact / quantile(found, q)).toBeLessThan(1.27);
      }),
    );
  });

  it('rank monotonically, also when merged', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const one = createQuantiles();
        const other = createQuantiles();
        for (const value of a) addQuantile(one, value);
        for (const value of b) addQuantile(other, value);
        mergeQuantiles(one, other);
        expect(one.counts.reduce((x, y) => x + y, 0)).toBe(a.length + b.length);
        expect(rank(one, 10)).toBeLessThanOrEqual(rank(one, 1_000));
      }),
    );
  });
});

describe('count-min', () => {
  it('never counts too low', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 200 }), (items) => {
        const found = createCountMin();
        for (const item of items) countItem(found, hashOf(`${item}`));
        for (const item of new Set(items)) {
          expect(countOf(found, hashOf(`${item}`))).toBeGreaterThanOrEqual(Math.min(255, items.filter((other) => other === item).length));
        }
      }),
    );
  });

  it('halves with every half-life', () => {
    const found = createCountMin();
    fade(found, 1_000, 60);
    for (let i = 0; i < 8; i++) countItem(found, 5);
    fade(found, 1_000 + 125, 60);
    expect(countOf(found, 5)).toBe(2);
  });
});

describe('what is familiar', () => {
  it('stays known through a flood of names', () => {
    const found = createFamiliar(4);
    for (let i = 0; i < 20; i++) for (const hash of [1, 2, 3]) meet(found, hash);
    for (let i = 0; i < 100_000; i++) meet(found, hashOf(`flood ${i}`));
    expect([1, 2, 3].map((hash) => knows(found, hash))).toEqual([20, 20, 20]);
  });
});

describe('distinct counts', () => {
  it.each([1, 5, 20, 100, 1_000, 50_000])('are near for %i things', (many) => {
    let sum = 0;
    for (let round = 0; round < 20; round++) {
      const found = createDistinct();
      for (let i = 0; i < many; i++) for (let twice = 0; twice < 2; twice++) addDistinct(found, hashOf(`thing ${i} of ${round}`));
      sum += distinct(found);
    }
    expect(Math.abs(sum / 20 - many) / many).toBeLessThan(0.12);
  });

  it('forget what is two periods old', () => {
    const found = createDistinct();
    turnTo(found, 10);
    addDistinct(found, 77);
    turnTo(found, 11);
    expect(Math.round(distinct(found))).toBe(1);
    turnTo(found, 12);
    expect(Math.round(distinct(found))).toBe(0);
  });
});

describe('rates', () => {
  it('equal the exact sums of what fades', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 500, noNaN: true }), fc.nat(100)), { minLength: 1, maxLength: 30 }),
        (steps) => {
          const found = createRates(1);
          let exact = 0;
          for (const [elapsed, amount] of steps) {
            addRates(found, elapsed, Float64Array.of(amount));
            exact = exact * Math.exp(-elapsed / 3_600) + amount;
          }
          expect(Math.abs(rateOf(found, 0, 1) - exact)).toBeLessThan(0.01 + exact * 1e-5);
        },
      ),
    );
  });

  it('stand still when time runs backwards', () => {
    const found = createRates(1);
    addRates(found, 0, Float64Array.of(5));
    addRates(found, -1e9, Float64Array.of(1));
    expect(rateOf(found, 0, 0)).toBe(6);
  });
});

describe('sketches of prompts', () => {
  it.each([
    ['equal bins among those that are not empty in both', [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 9, 9, 9, 9], 0.5],
    ['an empty bin differs from a full one', [1, 2, 3, 4], [1, 2], 0.5],
    ['values one apart', [0, 0, 0, 0xfffe], [0, 0, 0, 1], 0.75],
    ['fewer than four bins that say something', [1, 2, 3], [1, 2, 3], 0],
    ['nothing in either', [], [], 0],
  ])('compare %s', (_, before, now, closest) => {
    const binsOf = (bins: number[]) => Uint16Array.from({ length: BINS }, (_, i) => bins[i] ?? 0xffff);
    const prompts = createPrompts(2);
    rememberPrompt(prompts, binsOf(before), 1, 1);
    expect(likeness(prompts, binsOf(now), 2).closest).toBe(closest);
  });

  it('are alike as the sets are, within what sixteen bins can tell', () => {
    const sketchOf = (words: number[]) => {
      const sketch = new Uint16Array(BINS).fill(0xffff);
      for (const word of words) {
        const hash = hashOf(`w${word}`);
        const bin = hash & (BINS - 1);
        sketch[bin] = Math.min(sketch[bin] as number, hash >>> 16);
      }
      return sketch;
    };
    let sum = 0;
    for (let round = 0; round < 200; round++) {
      const words = Array.from({ length: 60 }, (_, i) => round * 1_000 + i);
      const changed = words.map((word, i) => (i < 15 ? word + 500 : word));
      const prompts = createPrompts(2);
      rememberPrompt(prompts, sketchOf(words), 1, 1);
      sum += likeness(prompts, sketchOf(changed), 2).closest;
    }
    expect(sum / 200).toBeCloseTo(45 / 75, 1);
  });
});

describe('clock and vocabulary', () => {
  it('knows the usual hours and their neighbours', () => {
    const clock = createClock();
    for (let day = 0; day < 20; day++) tick(clock, 9, day % 7, day);
    expect([hourShare(clock, 10), hourShare(clock, 3)]).toEqual([1, 0]);
    expect(clock.days[0]).toBe(19);
  });

  it('finds the same words near and others far', () => {
    const vocabulary = createVocabulary();
    const some = new Uint8Array(WORD_BINS).map((_, i) => (i < 20 ? 3 : 0));
    const other = new Uint8Array(WORD_BINS).map((_, i) => (i > 40 ? 3 : 0));
    expect(distanceThenLearn(vocabulary, some)).toBeNaN();
    expect(distanceThenLearn(vocabulary, some)).toBeCloseTo(0, 5);
    expect(distanceThenLearn(vocabulary, other)).toBeCloseTo(1, 5);
  });
});

describe('the codec', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.uint16Array(), fc.float64Array(), (a, b, c) => {
        const bytes = new Uint8Array(bytesOf([a, b, c]));
        expect(writeFields([a, b, c], new DataView(bytes.buffer), 0)).toBe(bytes.length);
        const back = [new Float32Array(a.length), new Uint16Array(b.length), new Float64Array(c.length)];
        readFields(back, new DataView(bytes.buffer), 0);
        expect(back).toEqual([a, b, c]);
      }),
    );
  });
});
