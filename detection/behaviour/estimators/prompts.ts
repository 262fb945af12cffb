/**
 * The last prompts, as small sketches: how alike is a new one to each of them? A sketch is a one-permutation minhash of 16
 * bins; bins that are empty in both say nothing. Alike is the share of equal bins, 0–1.
 */
import type { Estimator } from './fields.ts';

export const BINS = 16;

export interface Prompts extends Estimator {
  readonly sketches: Uint16Array;
  /** Hash of the whole prompt, to tell a repetition from a variant. */
  readonly hashes: Uint32Array;
  /** What became of it: 0 empty slot, 1 answered, 2 refused, 3 blocked or flagged. */
  readonly outcomes: Uint8Array;
  readonly next: Uint8Array;
}

export interface Likeness {
  /** The closest that is not the very same prompt, 0–1. */
  closest: number;
  /** How many of the last prompts are near variants. */
  variants: number;
  /** The closest among those that were refused, blocked or flagged. */
  closestStopped: number;
  /** How many of the last are the very same prompt. */
  same: number;
}

/** From here on two prompts are variants of one. */
const VARIANT = 0.45;

export function createPrompts(slots: number): Prompts {
  const sketches = new Uint16Array(slots * BINS);
  const hashes = new Uint32Array(slots);
  const outcomes = new Uint8Array(slots);
  const next = new Uint8Array(1);
  return { sketches, hashes, outcomes, next, fields: [sketches, hashes, outcomes, next] };
}

export function likeness({ sketches, hashes, outcomes }: Prompts, sketch: Uint16Array, hash: number): Likeness {
  const found: Likeness = { closest: 0, variants: 0, closestStopped: 0, same: 0 };
  for (let slot = 0; slot < hashes.length; slot++) {
    const outcome = outcomes[slot] as number;
    if (outcome === 0) continue;
    if (hashes[slot] === hash) {
      found.same++;
      continue;
    }
    const alike = similarity(sketches, slot * BINS, sketch);
    if (alike > found.closest) found.closest = alike;
    if (alike >= VARIANT) found.variants++;
    if (outcome > 1 && alike > found.closestStopped) found.closestStopped = alike;
  }
  return found;
}

export function rememberPrompt({ sketches, hashes, outcomes, next }: Prompts, sketch: Uint16Array, hash: number, outcome: number): void {
  const slot = next[0] as number;
  sketches.set(sketch, slot * BINS);
  hashes[slot] = hash;
  outcomes[slot] = outcome;
  next[0] = (slot + 1) % hashes.length;
}

/** Sums instead of branches: which bins are equal cannot be guessed, and this is asked of many prompts for each new one. */
function similarity(sketches: Uint16Array, from: number, sketch: Uint16Array): number {
  let equal = 0;
  let empty = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const a = sketches[from + bin] as number;
    const b = sketch[bin] as number;
    equal += isZero(a ^ b);
    empty += isZero((a & b) ^ 0xffff);
  }
  const told = BINS - empty;
  return told < 4 ? 0 : (equal - empty) / told;
}

/** 1 for 0 and 0 for what is greater. */
function isZero(value: number): number {
  return (value - 1) >>> 31;
}
