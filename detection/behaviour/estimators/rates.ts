/**
 * How much there was lately: for each kind three counters that fade with a minute, an hour and a day. A steady stream of r
 * a second settles at r × 60, × 3,600 and × 86,400, so each reads as "in the last minute, hour, day".
 */
import type { Estimator } from './fields.ts';

export const MINUTE = 0;
export const HOUR = 1;
export const DAY = 2;
const SECONDS = [60, 3_600, 86_400] as const;

export interface Rates extends Estimator {
  /** Kind after kind, three windows each. */
  readonly sums: Float32Array;
}

export function createRates(kinds: number): Rates {
  const sums = new Float32Array(kinds * SECONDS.length);
  return { sums, fields: [sums] };
}

/** Lets the time pass, then adds; time that runs backwards stands still. */
export function addRates({ sums }: Rates, elapsedSeconds: number, amounts: Float64Array): void {
  const elapsed = Math.max(0, elapsedSeconds);
  const minute = Math.exp(-elapsed / SECONDS[MINUTE]);
  const hour = Math.exp(-elapsed / SECONDS[HOUR]);
  const day = Math.exp(-elapsed / SECONDS[DAY]);
  for (let kind = 0, at = 0; kind < amounts.length; kind++, at += 3) {
    const amount = amounts[kind] as number;
    sums[at] = (sums[at] as number) * minute + amount;
    sums[at + 1] = (sums[at + 1] as number) * hour + amount;
    sums[at + 2] = (sums[at + 2] as number) * day + amount;
  }
}

export function rateOf({ sums }: Rates, kind: number, window: 0 | 1 | 2): number {
  return sums[kind * 3 + window] as number;
}

export function mergeRates(into: Rates, other: Rates): void {
  for (let i = 0; i < into.sums.length; i++) into.sums[i] = (into.sums[i] as number) + (other.sums[i] as number);
}
