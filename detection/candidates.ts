/**
 * From the words seen in a text to the stretches worth a pattern. An entry is a candidate when one of its anchors was
 * seen and, near it, a word of each other set that its pattern cannot do without. The subtle point is thrift: the scan
 * only writes down what it saw; where nothing is complete, which is most texts, that list is read once and forgotten.
 */
import type { Automaton, Word } from './automaton.ts';
import { DIGIT, fold, KIND, LETTER } from './normalise.ts';

export interface Anchored {
  /** Folded or not; one that begins with a space counts only at the beginning of a word. */
  anchors: readonly string[];
  /** Up to two sets of ASCII words of which every match holds one as well, written like anchors. */
  needed?: readonly (readonly string[])[];
  /** Every match holds a character of another script than Latin. */
  wide?: boolean;
  /** How far from the end of an anchor a match may reach, in code units. */
  reach: number;
  /** Positions are wanted in the text as given, not in its folded form. */
  inPlain: boolean;
}

export interface Candidates {
  /** Forgets the text before. */
  begin(): void;
  /** A state of `automaton` that ends words; how far the folded text and the text as given had come. In order. */
  note(state: number, folded: number, at: number): void;
  /** From here on the states noted are those of the second automaton. */
  second(): void;
  /** Decides, once all is noted. `units` is the folded text; `wide` when it is not all Latin. */
  settle(units: Uint16Array, wide: boolean): void;
  /** Indices of the candidates, in order of the first anchor seen. */
  readonly touched: Int32Array;
  touchedCount: number;
  /** The stretches to look at for candidate `index`: pairs of start and end. */
  windows(index: number): readonly number[];
}

/** What an entry must have before it is one: an anchor (bit 0) and a word of each other set (bits 1 and 2). */
const ANCHOR = 1;
const COMPLETE = 7;
/** Had from the start where the text lacks what every match holds: never complete. */
const HOPELESS = 8;
/** An output holds the entry, which of its sets the word is of, and the word's length if it must begin a word. */
const INDEX = 0x3fff;
const SET_SHIFT = 14;
const SIZE_SHIFT = 16;

/** Of a longer word its beginning is looked for, which stands wherever it does; a sign of other scripts says more than a letter. */
const LONGEST = 12;
const LONGEST_WIDE = 5;
const BEYOND_ASCII = /[^\u0000-\u007f]/;

/** The words of entry `index`, with outputs that `settle` reads. */
export function wordsOf({ anchors, needed = [] }: Anchored, index: number): Word[] {
  return [anchors, ...needed.slice(0, 2)].flatMap((set, number) =>
    set.map((written) => {
      const folded = fold(written);
      const text = folded.slice(0, BEYOND_ASCII.test(folded) ? LONGEST_WIDE : LONGEST);
      if (text === '') throw new Error(`Entry ${index} has an empty anchor: it would be tried on every text.`);
      return { text, output: index | (number << SET_SHIFT) | (written.startsWith(' ') ? text.length << SIZE_SHIFT : 0) };
    }),
  );
}

export function createCandidates(entries: readonly Anchored[], first: Automaton, second: Automaton): Candidates {
  const reach = Int32Array.from(entries, (entry) => entry.reach);
  const inPlain = Uint8Array.from(entries, (entry) => Number(entry.inPlain));
  /** What each entry has from the start, because it asks for no such word. */
  const given = Uint8Array.from(
    entries,
    ({ needed = [] }) => COMPLETE & ~ANCHOR & ~(needed.length > 0 ? 2 : 0) & ~(needed.length > 1 ? 4 : 0),
  );
  const givenInLatin = given.map((bits, index) => (entries[index]?.wide ? HOPELESS : bits));
  const has = new Uint8Array(entries.length);
  /** Where the last word of each of an entry's two other sets ended. */
  const lastNeeded = new Int32Array(entries.length * 2);
  const windowsOf: number[][] = entries.map(() => []);
  /** The bits of what was seen in an entry's last window; 0 while it has no window. */
  const inside = new Uint8Array(entries.length);
  /** Three numbers for each hit. */
  let hits = new Int32Array(3 * 1024);
  let size = 0;
  let ofFirst = 0;
  let units: Uint16Array = new Uint16Array();

  const result: Candidates = {
    touched: new Int32Array(entries.length),
    touchedCount: 0,
    begin() {
      size = 0;
      result.touchedCount = 0;
    },
    note(state, folded, at) {
      if (size === hits.length) hits = grown(hits);
      hits[size] = state;
      hits[size + 1] = folded;
      hits[size + 2] = at;
      size += 3;
    },
    second() {
      ofFirst = size;
    },
    settle(folded, wide) {
      if (size === 0) return;
      units = folded;
      has.set(wide ? given : givenInLatin);
      if (!anyComplete()) return;
      place();
      keepComplete();
    },
    windows: (index) => windowsOf[index] as number[],
  };

  /** Which entries have all their words somewhere; only they are worth windows. */
  function anyComplete(): boolean {
    let any = false;
    for (let hit = 0; hit < size; hit += 3) {
      const { outputStart, outputs } = hit < ofFirst ? first : second;
      const state = hits[hit] as number;
      const end = outputStart[state + 1] as number;
      for (let i = outputStart[state] as number; i < end; i++) {
        const output = outputs[i] as number;
        const index = output & INDEX;
        const before = has[index] as number;
        const after = before | (ANCHOR << ((output >>> SET_SHIFT) & 3));
        if (after === before || !startsWell(output, hits[hit + 1] as number)) continue;
        has[index] = after;
        if (after !== COMPLETE) continue;
        any = true;
        inside[index] = 0;
        lastNeeded[index * 2] = -1;
        lastNeeded[index * 2 + 1] = -1;
      }
    }
    return any;
  }

  function place(): void {
    for (let hit = 0; hit < size; hit += 3) {
      const { outputStart, outputs } = hit < ofFirst ? first : second;
      const state = hits[hit] as number;
      const folded = hits[hit + 1] as number;
      const end = outputStart[state + 1] as number;
      for (let i = outputStart[state] as number; i < end; i++) {
        const output = outputs[i] as number;
        const index = output & INDEX;
        if (has[index] !== COMPLETE || !startsWell(output, folded)) continue;
        const position = inPlain[index] ? (hits[hit + 2] as number) : folded;
        const set = (output >>> SET_SHIFT) & 3;
        if (set === 0) anchorAt(index, position);
        else neededAt(index, set, position);
      }
    }
  }

  /** True unless the word must begin one and does not. */
  function startsWell(output: number, folded: number): boolean {
    const length = output >>> SIZE_SHIFT;
    if (length === 0 || folded <= length) return true;
    const start = folded - length;
    const before = units[start - 1] as number;
    if (((KIND[before] as number) & (LETTER | DIGIT)) === 0) return true;
    if (((output >>> SET_SHIFT) & 3) === 0) return false;
    // To a pattern's `\b` only ASCII letters are part of a word; and a window cuts words where it begins.
    return before > 127 || mayOpenWindow(start, reach[output & INDEX] as number);
  }

  /** True when something was seen so far behind `start` that an anchor there would open a window just here. */
  function mayOpenWindow(start: number, span: number): boolean {
    return anyHitAt(start + span, 0, ofFirst) || anyHitAt(start + span, ofFirst, size);
  }

  function anyHitAt(position: number, from: number, to: number): boolean {
    let low = from / 3;
    let high = to / 3;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((hits[middle * 3 + 1] as number) < position) low = middle + 1;
      else high = middle;
    }
    return low < to / 3 && hits[low * 3 + 1] === position;
  }

  function anchorAt(index: number, position: number): void {
    const span = reach[index] as number;
    const windows = windowsOf[index] as number[];
    const seen = inside[index] as number;
    let last = windows.length - 1;
    // Anchors of the two scans (folded ASCII, other scripts) do not come in order: one must not pull an end back.
    let end = position + span;
    if (seen === 0) {
      result.touched[result.touchedCount++] = index;
      // Shortened, not emptied: an emptied array would give its memory back.
      windows.length = 2;
      windows[0] = Math.max(0, position - span);
      last = 1;
    } else if (position - span > (windows[last] as number)) {
      // A window without all the words is not worth keeping.
      if (seen === COMPLETE) last += 2;
      windows[last - 1] = position - span;
      inside[index] = 0;
    } else end = Math.max(end, windows[last] as number);
    windows[last] = end;
    const from = windows[last - 1] as number;
    inside[index] =
      (inside[index] as number) |
      ANCHOR |
      (given[index] as number) |
      ((lastNeeded[index * 2] as number) > from ? 2 : 0) |
      ((lastNeeded[index * 2 + 1] as number) > from ? 4 : 0);
  }

  function neededAt(index: number, set: number, position: number): void {
    lastNeeded[index * 2 + set - 1] = position;
    const windows = windowsOf[index] as number[];
    const seen = inside[index] as number;
    if (seen !== 0 && position <= (windows[windows.length - 1] as number)) inside[index] = seen | (ANCHOR << set);
  }

  /** Drops last windows that lack a word, and the entries left without any. */
  function keepComplete(): void {
    let kept = 0;
    for (let i = 0; i < result.touchedCount; i++) {
      const index = result.touched[i] as number;
      const windows = windowsOf[index] as number[];
      if (inside[index] !== COMPLETE) {
        if (windows.length === 2) continue;
        windows.length -= 2;
      }
      result.touched[kept++] = index;
    }
    result.touchedCount = kept;
  }

  return result;
}

function grown(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(list.length * 2);
  more.set(list);
  return more;
}
