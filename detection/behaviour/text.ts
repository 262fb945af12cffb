/**
 * What a text looks like, in one pass: its letters, words and sketch, never its meaning. Words are hashed as they go by
 * and no string is cut out, which is what keeps it at microseconds. Beyond 20,000 characters only the length is counted.
 */
import { BINS } from './estimators/prompts.ts';
import { WORD_BINS } from './estimators/vocabulary.ts';
import { mix, OFFSET, PRIME, pairOf } from './hash.ts';
import { isKnownAttack, languageOf } from './lexicon.ts';

export interface TextShape {
  chars: number;
  words: number;
  /** Bits a character. */
  entropy: number;
  /** Shares of all characters, 0–1. */
  symbolShare: number;
  upperShare: number;
  digitShare: number;
  /** Different words among all words, 0–1: low when a text repeats itself. */
  variety: number;
  longestWord: number;
  lines: number;
  /** `://` in the text. */
  links: number;
  /** More than one script in one word, as look-alike letters make; number of such words. */
  mixedWords: number;
  /** A small number for the writing and, of Latin texts, the language; 0 unknown. */
  language: number;
  /** The largest share of known attacks' word pairs in any twelve in a row, 0–1. */
  attackLikeness: number;
  sketch: Uint16Array;
  wordBins: Uint8Array;
  hash: number;
}

const MOST = 20_000;
const WINDOW = 12;

/** Scripts by number; Latin texts are told apart by their function words (10 and up). */
const LATIN = 1;

const histogram = new Uint16Array(128);
const seenWords = new Uint8Array(512);
const windowHits = new Uint8Array(WINDOW);
const scripts = new Uint32Array(10);
const languages = new Uint32Array(32);
const N_LOG_N = Float64Array.from({ length: MOST + 1 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

export function shapeOf(text: string): TextShape {
  histogram.fill(0);
  seenWords.fill(0);
  windowHits.fill(0);
  scripts.fill(0);
  languages.fill(0);
  const sketch = new Uint16Array(BINS).fill(0xffff);
  const wordBins = new Uint8Array(WORD_BINS);
  const length = Math.min(text.length, MOST);
  let whole = OFFSET;
  let symbols = 0;
  let upper = 0;
  let digits = 0;
  let links = 0;
  let lines = 1;
  let words = 0;
  let different = 0;
  let longest = 0;
  let mixed = 0;
  let word = OFFSET;
  let wordLength = 0;
  let wordScripts = 0;
  let previous = 0;
  let hits = 0;
  let mostHits = 0;

  for (let i = 0; i <= length; i++) {
    const code = i < length ? text.charCodeAt(i) : 32;
    let letter = code;
    let script = 0;
    if (code >= 97 && code <= 122) script = LATIN;
    else if (code >= 65 && code <= 90) {
      script = LATIN;
      letter = code + 32;
      upper++;
    } else if (code >= 48 && code <= 57) {
      digits++;
      script = 9;
    } else if (code >= 0xaa) script = scriptOf(code);
    if (i < length) {
      histogram[code & 127] = (histogram[code & 127] as number) + 1;
      whole = Math.imul(whole ^ letter, PRIME);
    }
    if (script !== 0) {
      word = Math.imul(word ^ letter, PRIME);
      wordLength++;
      if (script !== 9) {
        wordScripts |= 1 << script;
        scripts[script] = (scripts[script] as number) + 1;
      }
      // Writing without spaces: every character is a word.
      if (script < 6 || script === 9) continue;
    } else if (code !== 32 && code !== 10) {
      symbols++;
      if (code === 58 && text.charCodeAt(i + 1) === 47 && text.charCodeAt(i + 2) === 47) links++;
    } else if (code === 10) lines++;
    if (wordLength === 0) continue;

    words++;
    if (wordLength > longest) longest = wordLength;
    if ((wordScripts & (wordScripts - 1)) !== 0) mixed++;
    const hash = mix(word);
    const language = languageOf(hash);
    if (language !== 0) languages[language] = (languages[language] as number) + 1;
    const bin = hash & (WORD_BINS - 1);
    if ((wordBins[bin] as number) < 255) wordBins[bin] = (wordBins[bin] as number) + 1;
    const cell = (hash >>> 8) & 511;
    if (seenWords[cell] === 0) {
      seenWords[cell] = 1;
      different++;
    }
    take(sketch, hash);
    if (previous !== 0) {
      const pair = pairOf(previous, hash);
      take(sketch, pair);
      const place = words % WINDOW;
      hits -= windowHits[place] as number;
      const known = isKnownAttack(pair) ? 1 : 0;
      windowHits[place] = known;
      hits += known;
      if (hits > mostHits) mostHits = hits;
    }
    previous = hash;
    word = OFFSET;
    wordLength = 0;
    wordScripts = 0;
  }

  let spread = 0;
  for (let i = 0; i < 128; i++) spread += N_LOG_N[histogram[i] as number] as number;
  const share = (count: number) => (length === 0 ? 0 : count / length);
  return {
    chars: text.length,
    words,
    entropy: length === 0 ? 0 : Math.log2(length) - spread / length,
    symbolShare: share(symbols),
    upperShare: share(upper),
    digitShare: share(digits),
    variety: words === 0 ? 1 : different / Math.min(words, 512),
    longestWord: longest,
    lines,
    links,
    mixedWords: mixed,
    language: dominant(),
    attackLikeness: mostHits / WINDOW,
    sketch,
    wordBins,
    hash: mix(whole),
  };
}

/** One-permutation minhash: the low bits choose the bin, the high ones compete for it. */
function take(sketch: Uint16Array, hash: number): void {
  const bin = hash & (BINS - 1);
  const value = hash >>> 16;
  if (value < (sketch[bin] as number)) sketch[bin] = value;
}

/** 1 Latin, 2 Cyrillic, 3 Greek and Coptic, 4 Hebrew and Arabic, 5 Indic and others with spaces, 6 Thai, 7 Han and kana, 8 Hangul. */
function scriptOf(code: number): number {
  if (code < 0xc0) return 0;
  if (code < 0x370) return LATIN;
  if (code < 0x400) return 3;
  if (code < 0x530) return 2;
  if (code < 0x590) return 5;
  if (code < 0x780) return 4;
  if (code < 0xe00) return 5;
  if (code < 0xe80) return 6;
  if (code < 0x1e00) return 5;
  if (code < 0x2000) return LATIN;
  if (code < 0x3040) return 0;
  if (code < 0xa000) return 7;
  if (code >= 0xac00 && code < 0xd7b0) return 8;
  if (code >= 0xfb50 && code < 0xff00) return 4;
  return 0;
}

/** The language whose function words are commonest, when Latin letters are; else the commonest script. */
function dominant(): number {
  let script = 0;
  for (let i = 1; i < 9; i++) if ((scripts[i] as number) > (scripts[script] as number)) script = i;
  if (script !== LATIN) return script;
  let best = 0;
  for (let i = 10; i < 32; i++) if ((languages[i] as number) > (languages[best] as number)) best = i;
  return (languages[best] as number) >= 3 ? best : 0;
}
