/**
 * Recognises Latin text whose letters were moved through the alphabet (ROT13, Caesar, Atbash) or whose signs stand in
 * reverse, without knowing a word of it: a language keeps its frequent letters under any such change, only as other
 * letters, and its frequent pairs (`th`, `nd`, `ou`) turn round. The subtle point is thrift: one pass counts letters
 * block by block, and only a block that does not look like plain text is held against the other alphabets. A wrong
 * guess costs a scan and finds nothing.
 */
import { FOLD, KIND, LETTER } from './normalise.ts';

export type Cipher = 'rot13' | 'caesar' | 'atbash' | 'reversed';

/** A part of a text that looks enciphered. */
export interface Suspect {
  via: Cipher;
  /** How far the letters must move on to be read; 0 where it is not that. */
  shift: number;
  from: number;
  to: number;
}

/** Letters to a block: enough to tell alphabets apart, few enough that a sentence fills one. */
const BLOCK = 40;
/** A stretch without any break is cut here. */
const LONGEST_BLOCK = 64;
/** Fewer letters at the end of a text say nothing. */
const SHORTEST_BLOCK = 8;
const MAX_SUSPECTS = 16;
const ATBASH = 26;
const OTHER = 26;

/** How common the letters a to z are in English, as hundredths of natural logarithms. */
const COMMON = [
  -248, -430, -325, -331, -215, -397, -378, -340, -256, -598, -478, -311, -360, -263, -263, -357, -633, -272, -271, -243, -347, -452, -421,
  -542, -400, -638,
];
/** What plain text has for each letter; less is worth a closer look, and more than this must another alphabet offer. */
const PLAIN_ENOUGH = -315;
const CLEARLY_BETTER = 25;

/** Pairs that seldom stand the other way round, the surest first; `_` is the edge of a word. */
const PAIRS: readonly [weight: number, pairs: string][] = [
  [8, 'nd nt ou ea ch wi hi nc wh gh qu ck ha rm he rs ns ho'],
  [5, 'th ng ct pr io yo ex sh pl bl be ke ry ty ly mp xp xt _b _v _j'],
  [3, 'in on an st co ur as ge ve to te un ue e_ n_ d_ y_ g_ _c _a _i _p _w _m _f'],
];

/** Trigger words as ROT13 and reversal leave them: they show what is too short among plain words to be seen by its letters. */
export const ROT13_TRACES = [
  'vtaber',
  'qvfertneq',
  'cerivbhf',
  'vafgehpgvba',
  'cebzcg',
  'erirny',
  'cnffjbeq',
  'olcnff',
  'sbetrg nyy',
  'erfgevpgvba',
];
export const REVERSED_TRACES = [
  'erongi',
  'dragersid',
  'suoiverp',
  'noitcurtsni',
  'tpmorp',
  'laever',
  'drowssap',
  'ssapyb',
  'noitcirtser',
  'metsys ruoy',
];

/** The longest text that counts as short. */
export const SHORT_TEXT = 160;

/**
 * For a sign after another (`before << 5 | sign`): how common it is and how much the pair speaks for the usual order, in
 * one number, so that one sum over a block holds both.
 */
const ORDER_BITS = 12;
const LIKE = likeTable();
/** The signs of folded text: its letters are small and have no accents. */
const FOLDED_SIGNS = new Uint8Array(65536).fill(OTHER);
for (let letter = 0; letter < 26; letter++) FOLDED_SIGNS[97 + letter] = letter;
let signs: Uint8Array | undefined;

/**
 * The parts of `text` that look enciphered, in order. A text of a single block is too short to be judged by its letters:
 * with `trying`, its likeliest disguises are suspects whatever it looks like.
 */
export function suspects(text: string, trying = false): Suspect[] {
  signs ??= signTable();
  const table = signs;
  const found: Suspect[] = [];
  let letters = 0;
  let like = 0;
  let before = OTHER;
  let start = 0;
  let previousStart = 0;
  /** The suspect that the block before belonged to. */
  let open: Suspect | undefined;
  for (let i = 0; i <= text.length; i++) {
    const sign = i < text.length ? (table[text.charCodeAt(i)] as number) : OTHER;
    like += LIKE[(before << 5) | sign] as number;
    before = sign;
    if (sign !== OTHER) {
      if (++letters < LONGEST_BLOCK) continue;
    } else if (letters < BLOCK && i < text.length) continue;
    const last = open;
    // A cipher seldom ends with a block: what follows is read with it.
    if (last !== undefined) last.to = i;
    open = letters < SHORTEST_BLOCK ? undefined : judge(text, start, i, letters, like);
    if (open !== undefined) {
      open.from = previousStart;
      if (last?.via === open.via && last.shift === open.shift) open = last;
      else if (found.length < MAX_SUSPECTS) found.push(open);
    }
    if (trying && start === 0 && i === text.length && letters >= SHORTEST_BLOCK && i <= SHORT_TEXT) tryLikeliest(found, i);
    letters = 0;
    like = 0;
    previousStart = start;
    start = i;
  }
  return found;
}

/** A glance at folded text, much cheaper than the whole: false when `suspects` would find nothing, but for what it tries. */
export function mayBeEnciphered(units: Uint16Array, length: number): boolean {
  let letters = 0;
  let like = 0;
  let before = OTHER;
  for (let i = 0; i < length; i++) {
    const sign = FOLDED_SIGNS[units[i] as number] as number;
    like += LIKE[(before << 5) | sign] as number;
    before = sign;
    // A letter's sign is below `OTHER`: counted without a branch, since where words end cannot be guessed.
    letters += (sign - OTHER) >>> 31;
    if (letters < BLOCK || (sign !== OTHER && letters < LONGEST_BLOCK)) continue;
    if (isOdd(letters, like)) return true;
    letters = 0;
    like = 0;
  }
  return letters >= SHORTEST_BLOCK && isOdd(letters, like);
}

function isOdd(letters: number, like: number): boolean {
  const order = orderOf(like);
  return order * 4 < -letters || naturalOf(like, order) < PLAIN_ENOUGH * letters;
}

function orderOf(like: number): number {
  return (like << (32 - ORDER_BITS)) >> (32 - ORDER_BITS);
}

function naturalOf(like: number, order: number): number {
  return (like - order) >> ORDER_BITS;
}

function tryLikeliest(found: Suspect[], to: number): void {
  for (const via of ['rot13', 'reversed'] as const) {
    if (!found.some((suspect) => suspect.via === via)) found.push({ via, shift: via === 'rot13' ? 13 : 0, from: 0, to });
  }
}

/** The alphabet or direction in which these letters read better than as they stand. */
function judge(text: string, from: number, to: number, letters: number, like: number): Suspect | undefined {
  const order = orderOf(like);
  const natural = naturalOf(like, order);
  if (natural < PLAIN_ENOUGH * letters) {
    const counts = countLetters(text, from, to);
    let best = natural + CLEARLY_BETTER * letters;
    let shift = 0;
    for (let tried = 1; tried <= ATBASH; tried++) {
      const read = likeness(counts, tried);
      if (read > best) {
        best = read;
        shift = tried;
      }
    }
    if (shift !== 0 && best > (PLAIN_ENOUGH - CLEARLY_BETTER) * letters) {
      return { via: shift === ATBASH ? 'atbash' : shift === 13 ? 'rot13' : 'caesar', shift, from, to };
    }
  }
  return order * 4 < -letters ? { via: 'reversed', shift: 0, from, to } : undefined;
}

function countLetters(text: string, from: number, to: number): Uint8Array {
  const counts = new Uint8Array(27);
  for (let i = from; i < to; i++) {
    const sign = signs?.[text.charCodeAt(i)] ?? OTHER;
    if (sign !== OTHER) counts[sign] = (counts[sign] as number) + 1;
  }
  return counts;
}

/** How much these letters look like a language's once each is moved on by `shift`. */
function likeness(counts: Uint8Array, shift: number): number {
  let sum = 0;
  for (let letter = 0; letter < 26; letter++) {
    const read = shift === ATBASH ? 25 - letter : letter + shift < 26 ? letter + shift : letter + shift - 26;
    sum += (counts[letter] as number) * (COMMON[read] as number);
  }
  return sum;
}

/** `text` with each letter moved on by `shift`, or with its alphabet turned round. */
export function shifted(text: string, shift: number): string {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < units.length; i++) {
    const unit = text.charCodeAt(i);
    const letter = (unit | 32) - 97;
    if (letter < 0 || letter > 25 || unit > 122) units[i] = unit;
    else units[i] = unit - letter + (shift === ATBASH ? 25 - letter : (letter + shift) % 26);
  }
  return Buffer.from(units.buffer).toString('utf16le');
}

/** `text` with each letter moved half the alphabet on. */
export function rot13(text: string): string {
  return shifted(text, 13);
}

/** `text` from its end to its start; surrogate pairs stay whole. */
export function reversed(text: string): string {
  return [...text].reverse().join('');
}

/** Each word from its end to its start, the words in their order. */
export function reversedWords(text: string): string {
  return text.replace(/\S{2,64}/g, (word) => reversed(word));
}

function likeTable(): Int32Array {
  const table = new Int32Array(27 << 5);
  for (let before = 0; before < 27; before++) {
    for (let letter = 0; letter < 26; letter++) table[(before << 5) | letter] = (COMMON[letter] as number) << ORDER_BITS;
  }
  const add = (before: number, sign: number, weight: number): void => {
    const at = (before << 5) | sign;
    table[at] = (table[at] as number) + weight;
  };
  const at = (sign: string | undefined): number => (sign === undefined || sign === '_' ? OTHER : sign.charCodeAt(0) - 97);
  for (const [weight, pairs] of PAIRS) {
    for (const pair of pairs.split(' ')) {
      add(at(pair[0]), at(pair[1]), weight);
      add(at(pair[1]), at(pair[0]), -weight);
    }
  }
  return table;
}

/** Each code unit's letter, accents aside, from 0 to 25. */
function signTable(): Uint8Array {
  return Uint8Array.from({ length: 65536 }, (_, unit) => {
    const letter = (FOLD[unit] as number) - 97;
    return (KIND[unit] as number) & LETTER && letter >= 0 && letter < 26 ? letter : OTHER;
  });
}
