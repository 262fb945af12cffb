/**
 * What is usual: mean and variance of many values at once, each weighted by how long ago it was (West's weighted update,
 * so they equal the exact weighted figures). The subtle point is what a baseline refuses to learn: once it knows enough, a
 * value beyond four deviations is learned as if it stood there, so that one flood does not become the new normal.
 */
import type { Estimator } from './fields.ts';

export interface Baselines extends Estimator {
  /** Sum of the decayed weights: how many observations still count. */
  readonly weight: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** From here on outliers are held back. */
const SETTLED = 6;
const REACH = 4;

export function createBaselines(values: number): Baselines {
  const weight = new Float32Array(values);
  const mean = new Float32Array(values);
  const variance = new Float32Array(values);
  return { weight, mean, variance, fields: [weight, mean, variance] };
}

/** Learns one value for each baseline; NaN is "not known" and changes nothing. `keep` is what the past still weighs, 0–1. */
export function learn({ weight, mean, variance }: Baselines, values: Float64Array, keep: number, floors: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    let value = values[i] as number;
    const past = (weight[i] as number) * keep;
    if (Number.isNaN(value)) {
      weight[i] = past;
      continue;
    }
    const from = mean[i] as number;
    if (past >= SETTLED) {
      const reach = REACH * deviation(variance[i] as number, floors[i] as number);
      value = Math.min(from + reach, Math.max(from - reach, value));
    }
    const total = past + 1;
    const to = from + (value - from) / total;
    mean[i] = to;
    variance[i] = (past * (variance[i] as number) + (value - from) * (value - to)) / total;
    weight[i] = total;
  }
}

/** How many deviations each value stands from what is usual, into `out`; 0 where either is not known. */
export function compare({ weight, mean, variance }: Baselines, values: Float64Array, floors: Float64Array, out: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    out[i] =
      Number.isNaN(value) || weight[i] === 0 ? 0 : (value - (mean[i] as number)) / deviation(variance[i] as number, floors[i] as number);
  }
}

/** Never less than the floor: what was always the same is not thereby exact. */
function deviation(variance: number, floor: number): number {
  return Math.max(Math.sqrt(variance), floor);
}

/** What both saw, as if one had seen it all. */
export function mergeBaselines(into: Baselines, other: Baselines): void {
  for (let i = 0; i < into.weight.length; i++) {
    const a = into.weight[i] as number;
    const b = other.weight[i] as number;
    const total = a + b;
    if (b === 0) continue;
    const gap = (other.mean[i] as number) - (into.mean[i] as number);
    into.variance[i] =
      (a * (into.variance[i] as number) + b * (other.variance[i] as number)) / total + (a * b * gap * gap) / (total * total);
    into.mean[i] = (into.mean[i] as number) + (gap * b) / total;
    into.weight[i] = total;
  }
}
