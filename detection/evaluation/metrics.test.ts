import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auc, figuresOf, histogramOf, pointAt, quantile, rocOf, type Scored } from './metrics.ts';

const THRESHOLDS = { block: 70, alert: 20 };
const scored = (attacks: number[], benign: number[]): Scored[] => [
  ...attacks.map((score): Scored => ({ label: 'attack', score })),
  ...benign.map((score): Scored => ({ label: 'benign', score })),
];
const scores = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 25 });

describe('the figures of a file', () => {
  it('are those computed by hand', () => {
    // Blocked: 2 of 4 attacks and 1 of 5 benign; precision 2/3, recall 2/4, so F1 = 4/7.
    expect(figuresOf(scored([90, 70, 20, 0], [71, 19, 0, 0, 0]), THRESHOLDS)).toEqual({
      rows: 9,
      attacks: 4,
      benign: 5,
      tprBlock: 0.5,
      fprBlock: 0.2,
      tprAlert: 0.75,
      fprAlert: 0.2,
      // 90: 5 of 5; 70: 4; 20: 4; 0: three ties.
      auc: (5 + 4 + 4 + 1.5) / 20,
      f1: 4 / 7,
    });
  });

  it('are null, and not nought, where a class is missing', () => {
    expect(figuresOf(scored([90], []), THRESHOLDS)).toMatchObject({ tprBlock: 1, fprBlock: null, fprAlert: null, auc: null, f1: null });
    expect(figuresOf(scored([], [0]), THRESHOLDS)).toMatchObject({ tprBlock: null, tprAlert: null, fprBlock: 0, auc: null, f1: null });
    expect(rocOf(scored([90], []))).toEqual([]);
  });

  it('are nought, and not null, where nothing is caught', () => {
    expect(figuresOf(scored([0, 0], [0]), THRESHOLDS)).toMatchObject({ tprBlock: 0, f1: 0, auc: 0.5 });
  });
});

describe('the area under the curve', () => {
  it('is the chance that an attack scores above a benign text, ties counting half', () => {
    fc.assert(
      fc.property(scores, scores, (attacks, benign) => {
        const wins = attacks.flatMap((a) => benign.map((b): number => (a > b ? 1 : a === b ? 0.5 : 0)));
        const chance = wins.reduce((sum, win) => sum + win, 0) / wins.length;
        expect(auc(attacks, benign)).toBeCloseTo(chance, 12);
      }),
    );
  });

  it('is the area that the drawn curve covers', () => {
    fc.assert(
      fc.property(scores, scores, (attacks, benign) => {
        const points = rocOf(scored(attacks, benign));
        let area = 0;
        points.forEach(({ fpr, tpr }, i) => {
          const before = points[i - 1];
          if (before) area += ((fpr - before.fpr) * (tpr + before.tpr)) / 2;
        });
        expect(area).toBeCloseTo(auc(attacks, benign) ?? -1, 12);
        expect(points.at(-1)).toMatchObject({ fpr: 1, tpr: 1 });
      }),
    );
  });
});

describe('a point of the curve', () => {
  it('has the rates that its threshold gives', () => {
    const points = rocOf(scored([90, 70, 20, 0], [71, 19, 0, 0, 0]));
    expect(pointAt(points, 70)).toMatchObject({ tpr: 0.5, fpr: 0.2 });
    expect(pointAt(points, 69)).toMatchObject({ tpr: 0.5, fpr: 0.2 });
    expect(pointAt(points, 91)).toMatchObject({ tpr: 0, fpr: 0 });
    expect(pointAt(points, 0)).toMatchObject({ tpr: 1, fpr: 1 });
  });
});

describe('the histogram', () => {
  it('counts every text once, the highest score in the last bin', () => {
    const bins = histogramOf(scored([100, 99, 95, 0], [4, 5]));
    expect(bins).toHaveLength(20);
    expect(bins[19]).toEqual({ from: 95, attacks: 3, benign: 0 });
    expect(bins[0]).toEqual({ from: 0, attacks: 1, benign: 1 });
    expect(bins[1]).toEqual({ from: 5, attacks: 0, benign: 1 });
    expect(bins.reduce((sum, { attacks, benign }) => sum + attacks + benign, 0)).toBe(6);
  });
});

describe('a quantile', () => {
  it('is a value of the list', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([3, 1, 2], 0.99)).toBe(3);
    expect(quantile([], 0.5)).toBe(0);
  });
});
