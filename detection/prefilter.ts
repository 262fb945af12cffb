/**
 * One pass over a text that does everything every text needs: fold it, look for the words of all signatures at once and
 * note what else may be worth a look. A signature is tried only near its anchors, and only when the other words that
 * its pattern cannot do without stand near them too. The subtle point is the cost: the pass itself only writes down
 * where it saw words; most texts are settled by a glance at that list, with nothing allocated.
 */
import { type Automaton, buildAutomaton, COMMON_SHIFT } from './automaton.ts';
import { type Anchored, createCandidates, wordsOf } from './candidates.ts';
import { DIGIT, DROP, ESCAPE, FOLD, KIND, LETTER, SLOW, SYMBOL, WHITE, WIDE } from './normalise.ts';

/** What a scan saw besides anchors: reasons to decode, rejoin or respell. */
export const SAW_SLOW = 1;
/** Six or more one-character words in a row, or a word of letters with signs in between. */
export const SAW_SPACED = 2;
/** A word in which a letter follows a digit or a sign that can stand for a letter. */
export const SAW_LEET = 4;
/** A word long enough to be an encoding, or a row of two-character ones. */
export const SAW_LONG = 8;
/** A sign that opens an escape: per cent, ampersand, backslash. */
export const SAW_ESCAPE = 16;
/** A row of words without any Latin letter: numbers or signs that may stand for some. */
export const SAW_CODES = 32;

export interface Scan {
  /** Bits `SAW_*`. */
  saw: number;
  /** Indices of the entries that may match, in order of the first anchor seen. Valid until the next scan. */
  readonly touched: Int32Array;
  /** Worked out when first asked for. */
  readonly touchedCount: number;
  /** The folded text's code units, `length` of them. Valid until the next scan. */
  units: Uint16Array;
  length: number;
  /** The text in folded form, made when first asked for. Valid until the next scan. */
  folded(): string;
  /** The stretches to look at for entry `index`: pairs of start and end. Valid until the next scan. */
  windows(index: number): readonly number[];
}

export interface Prefilter {
  scan(text: string): Scan;
  readonly states: number;
}

/** One table for all that is asked of a character: its kind, its class in the narrow automaton and what it folds to. */
const CLASS_SHIFT = 8;
const FOLD_SHIFT = 16;
const LETTER_SHIFT = 3;
/** Characters that ask for more than to be folded and looked for. */
const UNUSUAL = WHITE | DROP | DIGIT | SYMBOL;

/** Builds the tables for `entries`; a scan costs a few nanoseconds a character whatever their number. */
export function createPrefilter(entries: readonly Anchored[]): Prefilter {
  const words = entries.flatMap((entry, index) => wordsOf(entry, index));
  // Two tables: the one that every text walks stays small enough for the processor's caches.
  const narrow = buildAutomaton(words.filter(({ text }) => isAscii(text)));
  const broad = buildAutomaton(words.filter(({ text }) => !isAscii(text)));
  const about = aboutUnits(narrow);
  const candidates = createCandidates(entries, narrow, broad);
  let units = new Uint16Array(4096);
  /** The text as given; reading a list is cheaper than asking a string, which may be made of others, for each sign. */
  let given = new Uint16Array(4096);
  let givenBytes = Buffer.from(given.buffer);
  let bytes = Buffer.alloc(4096);
  let length = 0;
  let wide = false;
  let foldedText: string | undefined;
  let settled = true;

  const result: Scan = {
    saw: 0,
    touched: candidates.touched,
    get touchedCount() {
      if (!settled) settle();
      return candidates.touchedCount;
    },
    units,
    length: 0,
    folded: () => {
      foldedText ??= madeText();
      return foldedText;
    },
    windows(index) {
      if (!settled) settle();
      return candidates.windows(index);
    },
  };

  function madeText(): string {
    if (wide) return Buffer.from(units.buffer, 0, length * 2).toString('utf16le');
    if (bytes.length < length) bytes = Buffer.alloc(units.length);
    for (let i = 0; i < length; i++) bytes[i] = units[i] as number;
    return bytes.toString('latin1', 0, length);
  }

  /** True when the next character that counts is a letter. */
  function beforeLetter(i: number, size: number): boolean {
    let at = i + 1;
    while (at < size && (about[given[at] as number] as number) & DROP) at++;
    return at < size && ((about[given[at] as number] as number) & LETTER) !== 0;
  }

  /** Takes the text, and white space after it so that its last word ends. */
  function take(text: string): void {
    if (units.length < text.length + 1) {
      units = new Uint16Array(text.length * 2);
      given = new Uint16Array(text.length * 2);
      givenBytes = Buffer.from(given.buffer);
    }
    givenBytes.write(text, 'utf16le');
    given[text.length] = 32;
  }

  function settle(): void {
    settled = true;
    candidates.second();
    if (wide) walkBroad();
    candidates.settle(units, wide);
  }

  /** The words of other scripts, over the folded text that the first walk left behind. */
  function walkBroad(): void {
    const { classes, shift, next, firstAccepting } = broad;
    let state = 0;
    for (let i = 0; i < length; i++) {
      state = next[(state << shift) | (classes[units[i] as number] as number)] as number;
      if (state >= firstAccepting) candidates.note(state, i + 1, i + 1);
    }
  }

  return {
    states: narrow.outputStart.length + broad.outputStart.length - 2,
    scan(text) {
      candidates.begin();
      foldedText = undefined;
      take(text);
      const { shift, next, common, firstAccepting } = narrow;
      const made = units;
      const from = given;
      const size = text.length;
      let n = 0;
      let state = 0;
      let seen = 0;
      let saw = 0;
      let word = 0; // where the current word starts; equal to `n` after white space
      let letters = 0;
      let singles = 0; // one-character words in a row
      let pairs = 0; // two-character words in a row
      let bare = 0; // words without a Latin letter in a row
      for (let i = 0; i <= size; i++) {
        const info = about[from[i] as number] as number;
        if (info & UNUSUAL) {
          if (info & WHITE) {
            const long = n - word;
            if (long === 0) continue;
            // Sums instead of branches: how long the next word is cannot be guessed, and a wrong guess costs as much as a word.
            const isOne = ((long ^ 1) - 1) >>> 31;
            const isTwo = ((long ^ 2) - 1) >>> 31;
            singles = (singles + 1) & -isOne;
            pairs = (pairs + isTwo) & -(isOne | isTwo);
            if (singles >= 6) saw |= SAW_SPACED;
            if (pairs >= 8 || long >= 16) saw |= SAW_LONG;
            if (letters === 0) {
              if (++bare >= 6) saw |= SAW_CODES;
              if (long >= 8) saw |= SAW_LONG;
            } else bare = 0;
            if (letters * 2 <= long + 1 && letters >= 4 && long >= 7) saw |= SAW_SPACED;
            letters = 0;
            word = n + 1;
          } else if (info & DROP) {
            seen |= info;
            continue;
          } else if (beforeLetter(i, size)) saw |= SAW_LEET;
        }
        seen |= info;
        letters += (info >>> LETTER_SHIFT) & 1;
        made[n++] = info >>> FOLD_SHIFT;
        const cls = (info >>> CLASS_SHIFT) & 0xff;
        state = (cls >>> COMMON_SHIFT === 0 ? common[(state << COMMON_SHIFT) | cls] : next[(state << shift) | cls]) as number;
        if (state >= firstAccepting) candidates.note(state, n, i + 1);
      }
      length = n;
      result.units = units;
      result.length = n;
      wide = (seen & WIDE) !== 0;
      settled = false;
      if (seen & SLOW) saw |= SAW_SLOW;
      if (seen & ESCAPE) saw |= SAW_ESCAPE;
      result.saw = saw;
      return result;
    },
  };
}

function aboutUnits({ classes }: Automaton): Uint32Array {
  const about = new Uint32Array(65536);
  for (let unit = 0; unit < about.length; unit++) {
    const kind = KIND[unit] as number;
    const folded = kind & WHITE ? 32 : (FOLD[unit] as number);
    about[unit] = kind | ((classes[folded] as number) << CLASS_SHIFT) | (folded << FOLD_SHIFT);
  }
  return about;
}

function isAscii(text: string): boolean {
  return /^[\u0000-\u007f]*$/.test(text);
}
