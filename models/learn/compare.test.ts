import { describe, expect, it } from 'vitest';
import type { Figures } from '../../detection/evaluation/metrics.ts';
import { type Compared, objections } from './compare.ts';

const figures = (tprAlert: number, fprAlert: number, tprBlock = 0.5, fprBlock = 0.01): Figures => {
  return { rows: 200, attacks: 100, benign: 100, tprAlert, fprAlert, tprBlock, fprBlock, auc: 0.9, f1: 0.5 };
};
const set = (current: Figures, candidate: Figures, name = 'others'): Compared => ({ name, current, candidate });
const better = set(figures(0.8, 0.2), figures(0.8, 0.1), 'held');

describe('a candidate', () => {
  it.each([
    ['errs less and costs nothing', better, figures(0.8, 0.05), 0],
    ['errs as often', set(figures(0.8, 0.2), figures(0.8, 0.2)), figures(0.8, 0.05), 1],
    ['raises fewer alarms for some attacks', better, figures(0.79, 0.03), 0],
    ['finds fewer attacks', better, figures(0.79, 0.05), 1],
    ['finds far fewer attacks for far fewer alarms', better, figures(0.7, 0), 1],
    ['finds more attacks for many more alarms', better, figures(0.9, 0.08), 1],
    ['blocks more benign texts', better, figures(0.8, 0.05, 0.5, 0.02), 1],
  ])('that %s has so many against it: %#', (_, held, candidate, count) => {
    expect(objections(held, [set(figures(0.8, 0.05), candidate)])).toHaveLength(count);
  });

  it('says its figures', () => {
    expect(objections(better, [set(figures(0.8, 0.05), figures(0.7, 0.05), 'our own texts')])).toEqual([
      'our own texts: attacks that raise an alert 70.0 %, with the current model 80.0 %; benign texts that raise an alert 5.0 %, with the current model 5.0 %',
    ]);
  });
});
