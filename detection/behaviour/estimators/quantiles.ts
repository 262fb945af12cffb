/**
 * How large a value is among those seen: a histogram of logarithmic buckets, three to each doubling, so a quantile is
 * right to within 26 %. When a bucket is full all are halved, which also lets the far past fade.
 */
import type { Estimator } from './fields.ts';

export interface Quantiles extends Estimator {
  readonly counts: Uint16Array;
}

const BUCKETS = 64;
const PER_DOUBLING = 3;
const FULL = 60_000;

export function createQuantiles(): Quantiles {
  const counts = new Uint16Array(BUCKETS);
  return { counts, fields: [counts] };
}

/** Negative values count as 0; beyond 2^21 all are alike. */
export function bucketOf(value: number): number {
  return value < 1 ? 0 : Math.min(BUCKETS - 1, 1 + Math.floor(Math.log2(value) * PER_DOUBLING));
}

export function addQuantile({ counts }: Quantiles, value: number): void {
  const bucket = bucketOf(value);
  counts[bucket] = (counts[bucket] as number) + 1;
  if ((counts[bucket] as number) >= FULL) for (let i = 0; i < BUCKETS; i++) counts[i] = (counts[i] as number) >>> 1;
}

/** The share of values in lower buckets, 0–1; 0 when nothing was seen. */
export function rank({ counts }: Quantiles, value: number): number {
  const bucket = bucketOf(value);
  let below = 0;
  for (let i = 0; i < bucket; i++) below += counts[i] as number;
  let all = below;
  for (let i = bucket; i < BUCKETS; i++) all += counts[i] as number;
  return all === 0 ? 0 : below / all;
}

/** The lower edge of the bucket in which the quantile lies. */
export function quantile({ counts }: Quantiles, q: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let i = 0; i < BUCKETS; i++) {
    seen += counts[i] as number;
    if (seen > 0 && seen >= q * all) return i === 0 ? 0 : 2 ** ((i - 1) / PER_DOUBLING);
  }
  return 0;
}

export function mergeQuantiles(into: Quantiles, other: Quantiles): void {
  for (let i = 0; i < BUCKETS; i++) into.counts[i] = Math.min(FULL, (into.counts[i] as number) + (other.counts[i] as number));
}
