/**
 * Which languages in Latin letters a folded text may hold: the rules of the others, up to three in ten of all, need not be tried on it.
 * In a text that is English for the most part a language shows by a function word that English has not; a short text, or one that is
 * not English, is judged by no such word: it may have none.
 */
import { FUNCTION_WORDS } from './languages.ts';
import { fold } from './normalise.ts';
import type { Signature } from './signature.ts';

/** Up to here, in code units, a text counts as of any language. */
const SHORT = 160;
/** English has a function word in every three; lists and code in English have one here and there. */
const ENGLISH_SHARE = 1 / 16;
const ANY = -1;
const ENGLISH_BIT = 1;
/** Words that English has too, or that stand in its names and phrases. */
const ALSO_ENGLISH = new Set(
  'an as bis cos da de die do du el en est has he ist la lo los man me mine no on op par per pro se so still to van'.split(' '),
);
const LANGUAGES = FUNCTION_WORDS.map(([language]) => (language === 'hi-Latn' ? 'hinglish' : language));

const step = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** The bits of the languages that a word is of, by the word's hash. */
const MARKS = new Map<number, number>();
for (const [place, [, words]] of FUNCTION_WORDS.entries()) {
  for (const word of words.split(' ').map(fold)) {
    const hash = [...word].reduce((sum, sign) => step(sum, sign.charCodeAt(0)), 0);
    // English comes first: what is a word of its own is none of another language.
    if (word.length > 1 && (place === 0 || (!ALSO_ENGLISH.has(word) && MARKS.get(hash) !== ENGLISH_BIT)))
      MARKS.set(hash, (MARKS.get(hash) ?? 0) | (1 << place));
  }
}

/** Of which languages a rule is, as bits; undefined where it may find something in any text. */
export function tonguesOf({ languages, on = 'folded' }: Pick<Signature, 'languages' | 'on'>): number | undefined {
  const places = languages.map((language) => LANGUAGES.indexOf(language));
  return on !== 'folded' || places.some((place) => place <= 0) ? undefined : places.reduce((sum, place) => sum | (1 << place), 0);
}

/** The languages that the first `length` of a folded text's units may be of, as bits. */
export function tonguesIn(units: Uint16Array, length: number): number {
  if (length < SHORT) return ANY;
  let found = 0;
  let words = 0;
  let english = 0;
  let hash = 0;
  for (let i = 0; i <= length; i++) {
    const unit = i < length ? (units[i] as number) : 0;
    if (unit >= 97 && unit <= 122) hash = step(hash, unit);
    else if (hash !== 0) {
      const marks = MARKS.get(hash) ?? 0;
      found |= marks;
      words += 1;
      english += marks & ENGLISH_BIT;
      hash = 0;
    }
  }
  return english < words * ENGLISH_SHARE ? ANY : found;
}
