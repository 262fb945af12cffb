/**
 * A text as a set of hashed n-grams: three to five characters, one and two words. Both are read in one pass over the folded
 * text (lower case, no accents, single spaces), without making a string. The subtle point is that a set is a list of
 * numbers without repetition: a second pass over the text would be needed to count, and counting does not help.
 */
import { DROP, FOLD, KIND, WHITE } from '../normalise.ts';

const BITS = 19;
/** How many features there are; the upper half are words, the lower half characters. */
export const FEATURES = 1 << BITS;
const HALF = FEATURES >> 1;
const MASK = HALF - 1;
/** Characters of one window that are read; the caller cuts longer texts into windows. */
export const WINDOW = 1_200;

export interface FeatureReader {
  /** The features of `text[from, to)`; `list` is lent until the next call, its first `count` are the set. */
  read(text: string, from?: number, to?: number): { list: Uint32Array; count: number };
}

export function createFeatureReader(): FeatureReader {
  // A feature is in the set of this text when its stamp is this text's number; nothing needs to be cleared in between.
  const stamps = new Uint32Array(FEATURES);
  const list = new Uint32Array(WINDOW * 6);
  const folded = new Uint16Array(WINDOW + 2);
  let stamp = 0;
  let count = 0;

  function add(feature: number): void {
    if (stamps[feature] === stamp) return;
    stamps[feature] = stamp;
    list[count++] = feature;
  }

  return {
    read(text, from = 0, to = text.length) {
      stamp += 1;
      count = 0;
      const length = foldInto(folded, text, from, Math.min(to, from + WINDOW));
      for (let i = 0; i < length; i++) {
        let hash = Math.imul(0x811c9dc5 ^ (folded[i] as number), 0x01000193);
        const end = Math.min(length, i + 5);
        for (let j = i + 1; j < end; j++) {
          hash = Math.imul(hash ^ (folded[j] as number), 0x01000193);
          if (j >= i + 2) add(mix(hash) & MASK);
        }
      }
      let word = 0;
      let before = 0;
      for (let i = 0; i <= length; i++) {
        const unit = i < length ? (folded[i] as number) : 32;
        if (isWordUnit(unit)) {
          word = Math.imul((word === 0 ? 0x9e3779b9 : word) ^ unit, 0x01000193);
          continue;
        }
        if (word === 0) continue;
        add(HALF + (mix(word) & MASK));
        if (before !== 0) add(HALF + (mix(Math.imul(before, 0x85ebca6b) ^ word) & MASK));
        before = word;
        word = 0;
      }
      return { list, count };
    },
  };
}

/** Folded code units, with a space on both sides; gives how many. */
function foldInto(out: Uint16Array, text: string, from: number, to: number): number {
  let length = 0;
  out[length++] = 32;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    const kind = KIND[unit] as number;
    if (kind & WHITE) {
      if (out[length - 1] !== 32) out[length++] = 32;
    } else if (!(kind & DROP)) out[length++] = FOLD[unit] as number;
  }
  if (out[length - 1] !== 32) out[length++] = 32;
  return length;
}

/** Letters and digits of any script; each letter of the scripts without spaces stands for itself through the characters. */
function isWordUnit(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 48 && unit <= 57) ||
    unit === 39 ||
    (unit >= 0xc0 && unit !== 0xd7 && unit < 0x2000) ||
    unit >= 0x3040
  );
}

/** Spreads the hash over its low bits, which alone are used. */
function mix(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (once ^ (once >>> 13)) >>> 0;
}

/** Where the windows of a text begin: one that fits is whole, a longer one in steps that overlap by a third. */
export function windowsOf(length: number, maxWindows: number): number[] {
  if (length <= WINDOW) return [0];
  const step = Math.floor((WINDOW * 2) / 3);
  const all = Math.ceil((length - WINDOW) / step) + 1;
  if (all <= maxWindows) return Array.from({ length: all }, (_, i) => (i === all - 1 ? length - WINDOW : i * step));
  // Of what is too long to be read whole the windows are spread, the first and the last among them.
  return Array.from({ length: maxWindows }, (_, i) => Math.round((i * (length - WINDOW)) / (maxWindows - 1)));
}
