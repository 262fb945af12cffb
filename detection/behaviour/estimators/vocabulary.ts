/**
 * Which words a key uses: their share in 64 hashed bins, fading with every prompt. The distance of a prompt is one less
 * the cosine; what distance is usual is a baseline's question, so that common words do no harm.
 */
import type { Estimator } from './fields.ts';

export const WORD_BINS = 64;
const FRESH = 0.03;

export interface Vocabulary extends Estimator {
  readonly shares: Float32Array;
}

export function createVocabulary(): Vocabulary {
  const shares = new Float32Array(WORD_BINS);
  return { shares, fields: [shares] };
}

/** 0 as always, 1 nothing in common; NaN when there is nothing to compare. Then learns the words. */
export function distanceThenLearn({ shares }: Vocabulary, words: Uint8Array): number {
  let dot = 0;
  let known = 0;
  let now = 0;
  let all = 0;
  for (let i = 0; i < WORD_BINS; i++) {
    const word = words[i] as number;
    const share = shares[i] as number;
    dot += word * share;
    known += share * share;
    now += word * word;
    all += word;
  }
  if (now === 0) return Number.NaN;
  const fresh = known === 0 ? 1 : FRESH;
  for (let i = 0; i < WORD_BINS; i++) shares[i] = (shares[i] as number) * (1 - fresh) + ((words[i] as number) / all) * fresh;
  return known === 0 ? Number.NaN : 1 - dot / Math.sqrt(known * now);
}
