/**
 * Which of any number of things (tools, models, networks …) this key is used to: a few slots of hashes with counts. A
 * newcomer takes the slot of the least used, so a flood of names washes only over that one slot, and what is used daily
 * stays known.
 */
import type { Estimator } from './fields.ts';

export interface Familiar extends Estimator {
  /** 0 is an empty slot. */
  readonly hashes: Uint32Array;
  readonly counts: Uint16Array;
}

const FULL = 60_000;

export function createFamiliar(slots: number): Familiar {
  const hashes = new Uint32Array(slots);
  const counts = new Uint16Array(slots);
  return { hashes, counts, fields: [hashes, counts] };
}

/** Notes a hashed thing and says how often it was seen before: 0 is new. */
export function meet({ hashes, counts }: Familiar, hash: number): number {
  let least = 0;
  for (let i = 0; i < hashes.length; i++) {
    if (hashes[i] === hash) {
      const before = counts[i] as number;
      counts[i] = before + 1;
      if (before + 1 >= FULL) for (let j = 0; j < counts.length; j++) counts[j] = ((counts[j] as number) + 1) >>> 1;
      return before;
    }
    if ((counts[i] as number) < (counts[least] as number)) least = i;
  }
  hashes[least] = hash;
  counts[least] = 1;
  return 0;
}

export function knows({ hashes, counts }: Familiar, hash: number): number {
  for (let i = 0; i < hashes.length; i++) if (hashes[i] === hash) return counts[i] as number;
  return 0;
}
