/**
 * One pass over a text that does everything every text needs: fold it, look for the anchors of all signatures at once
 * (Aho–Corasick, as one dense table of states by character class) and note what else may be worth a look. Patterns
 * then run only near the anchors of their own signature. The subtle point is the cost: ordinary text must leave this
 * loop with nothing allocated, so the folded text is made only when some anchor was seen.
 */
import { DIGIT, DROP, ESCAPE, FOLD, fold, KIND, LETTER, SLOW, WHITE, WIDE } from './normalise.ts';

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

export interface Anchored {
  /** Folded or not; one that begins with a space counts only at the beginning of a word. */
  anchors: readonly string[];
  /** How far from the end of an anchor a match may reach, in code units. */
  reach: number;
  /** Positions are wanted in the text as given, not in its folded form. */
  inPlain: boolean;
}

export interface Scan {
  /** Bits `SAW_*`. */
  saw: number;
  /** Indices of the entries whose anchors were seen, in order of first sight. Valid until the next scan. */
  readonly touched: Int32Array;
  touchedCount: number;
  /** The text in folded form, made when first asked for. Valid until the next scan. */
  folded(): string;
  /** The stretches to look at for entry `index`: pairs of start and end. Valid until the next scan. */
  windows(index: number): readonly number[];
}

export interface Prefilter {
  scan(text: string): Scan;
  readonly states: number;
}

/** Builds the table for `entries`; a scan costs a few nanoseconds a character whatever their number. */
export function createPrefilter(entries: readonly Anchored[]): Prefilter {
  const anchorsOf = entries.map(({ anchors }) => anchors.map((anchor) => ({ text: fold(anchor), starts: anchor.startsWith(' ') })));
  // Two tables: the one that every text walks stays small enough for the processor's caches.
  const narrow = buildAutomaton(anchorsOf.map((anchors) => anchors.filter(({ text }) => isAscii(text))));
  const broad = buildAutomaton(anchorsOf.map((anchors) => anchors.filter(({ text }) => !isAscii(text))));
  const reach = Int32Array.from(entries, (entry) => entry.reach);
  const inPlain = Uint8Array.from(entries, (entry) => Number(entry.inPlain));
  const windowsOf: number[][] = entries.map(() => []);
  let units = new Uint16Array(4096);
  let length = 0;
  let wide = false;
  let foldedText: string | undefined;

  const result: Scan = {
    saw: 0,
    touched: new Int32Array(entries.length),
    touchedCount: 0,
    folded: () => {
      foldedText ??= decodeUnits(units, length, wide);
      return foldedText;
    },
    windows: (index) => windowsOf[index] ?? [],
  };

  function touch({ outputStart, outputs }: Automaton, state: number, folded: number, at: number): void {
    const end = outputStart[state + 1] as number;
    for (let i = outputStart[state] as number; i < end; i++) {
      const output = outputs[i] as number;
      // Anchors that must start a word carry their length in the high bits.
      const size = output >>> 16;
      if (size > 0 && folded > size && (KIND[units[folded - size - 1] as number] as number) & (LETTER | DIGIT)) continue;
      const index = output & 0xffff;
      const position = inPlain[index] ? at : folded;
      const span = reach[index] as number;
      const windows = windowsOf[index] as number[];
      if (windows.length === 0) {
        result.touched[result.touchedCount++] = index;
        windows.push(Math.max(0, position - span), position + span);
      } else if (position - span <= (windows[windows.length - 1] as number)) {
        windows[windows.length - 1] = position + span;
      } else windows.push(position - span, position + span);
    }
  }

  /** The anchors of other scripts, over the folded text that the first walk left behind. */
  function walkBroad(): void {
    const { classes, shift, next, firstAccepting } = broad;
    let state = 0;
    for (let i = 0; i < length; i++) {
      state = next[(state << shift) | (classes[units[i] as number] as number)] as number;
      if (state >= firstAccepting) touch(broad, state, i + 1, i + 1);
    }
  }

  return {
    states: narrow.outputStart.length + broad.outputStart.length - 2,
    scan(text) {
      for (let i = 0; i < result.touchedCount; i++) (windowsOf[result.touched[i] as number] as number[]).length = 0;
      result.touchedCount = 0;
      foldedText = undefined;
      if (units.length < text.length + 1) units = new Uint16Array(text.length * 2);
      const { classes, shift, next, firstAccepting } = narrow;
      const made = units;
      let n = 0;
      let state = 0;
      let seen = 0;
      let saw = 0;
      let word = 0; // where the current word starts
      let mixed = 0; // LETTER when a letter of the current word follows a digit or a sign that reads as a letter
      let last = 0;
      let letters = 0;
      let singles = 0; // one-character words in a row
      let pairs = 0; // two-character words in a row
      let white = true;
      for (let i = 0; i <= text.length; i++) {
        const unit = i < text.length ? text.charCodeAt(i) : 32;
        const kind = KIND[unit] as number;
        let folded = 32;
        if (kind & WHITE) {
          if (white) continue;
          white = true;
          const size = n - word;
          if (size === 1) {
            if (++singles >= 6) saw |= SAW_SPACED;
          } else {
            singles = 0;
            if (size === 2) {
              if (++pairs >= 8) saw |= SAW_LONG;
            } else pairs = 0;
            if (size >= 16 || (size >= 8 && letters === 0)) saw |= SAW_LONG;
            if (size >= 7 && letters >= 4 && letters * 2 <= size + 1) saw |= SAW_SPACED;
            if (mixed & LETTER) saw |= SAW_LEET;
          }
          letters = 0;
          mixed = 0;
          last = 0;
        } else {
          if (kind & DROP) {
            seen |= kind;
            continue;
          }
          folded = FOLD[unit] as number;
          if (white) {
            white = false;
            word = n;
          }
          seen |= kind;
          letters += (kind & LETTER) >> 3;
          mixed |= ((last >> 1) | (last >> 2)) & kind;
          last = kind;
        }
        made[n++] = folded;
        state = next[(state << shift) | (classes[folded] as number)] as number;
        if (state >= firstAccepting) touch(narrow, state, n, i + 1);
      }
      length = n;
      wide = (seen & WIDE) !== 0;
      if (wide) walkBroad();
      if (seen & SLOW) saw |= SAW_SLOW;
      if (seen & ESCAPE) saw |= SAW_ESCAPE;
      result.saw = saw;
      return result;
    },
  };
}

function decodeUnits(units: Uint16Array, length: number, wide: boolean): string {
  if (wide) return Buffer.from(units.buffer, 0, length * 2).toString('utf16le');
  return Buffer.from(units.subarray(0, length)).toString('latin1');
}

function isAscii(text: string): boolean {
  return /^[\u0000-\u007f]*$/.test(text);
}

interface Anchor {
  text: string;
  /** Counts only at the beginning of a word. */
  starts: boolean;
}

interface Automaton {
  /** Class of each code unit; 0 is for all that occur in no anchor. */
  classes: Uint16Array;
  /** A state's row starts at `state << shift`. */
  shift: number;
  next: Uint16Array;
  /** States from here on end an anchor. */
  firstAccepting: number;
  outputStart: Int32Array;
  outputs: Int32Array;
}

function buildAutomaton(anchorsOf: readonly (readonly Anchor[])[]): Automaton {
  const classes = new Uint16Array(65536);
  let width = 1;
  for (const { text } of anchorsOf.flat()) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (classes[unit] === 0) classes[unit] = width++;
    }
  }
  // A trie first, as maps; 0 is the root.
  const children: Map<number, number>[] = [new Map()];
  const own: number[][] = [[]];
  anchorsOf.forEach((anchors, index) => {
    for (const anchor of anchors) {
      if (anchor.text === '') throw new Error(`Entry ${index} has an empty anchor: it would be tried on every text.`);
      let state = 0;
      for (let i = 0; i < anchor.text.length; i++) {
        const cls = classes[anchor.text.charCodeAt(i)] as number;
        let child = children[state]?.get(cls);
        if (child === undefined) {
          child = children.length;
          children.push(new Map());
          own.push([]);
          children[state]?.set(cls, child);
        }
        state = child;
      }
      own[state]?.push(anchor.starts ? index | (anchor.text.length << 16) : index);
    }
  });
  const count = children.length;
  if (count > 65535) throw new Error(`The anchors need ${count} states; 65535 fit.`);
  const { order, fail } = breadthFirst(children);
  const collected: number[][] = own.map((list) => [...list]);
  for (const state of order) collected[state] = [...new Set([...(collected[state] ?? []), ...(collected[fail[state] as number] ?? [])])];
  // Renumber so that accepting states come last and one comparison tells them.
  const silent = order.filter((state) => collected[state]?.length === 0);
  const accepting = order.filter((state) => collected[state]?.length !== 0);
  const renumbered = new Uint16Array(count);
  [...silent, ...accepting].forEach((state, number) => {
    renumbered[state] = number;
  });
  const shift = Math.ceil(Math.log2(Math.max(2, width)));
  const next = new Uint16Array(count << shift);
  for (const state of order) {
    const row = (renumbered[state] as number) << shift;
    const failRow = (renumbered[fail[state] as number] as number) << shift;
    if (state !== 0) next.copyWithin(row, failRow, failRow + width);
    for (const [cls, child] of children[state] ?? []) next[row + cls] = renumbered[child] as number;
  }
  const outputStart = new Int32Array(count + 1);
  const outputs: number[] = [];
  [...silent, ...accepting].forEach((state, number) => {
    outputStart[number] = outputs.length;
    outputs.push(...(collected[state] ?? []));
  });
  outputStart[count] = outputs.length;
  return { classes, shift, next, firstAccepting: silent.length, outputStart, outputs: Int32Array.from(outputs) };
}

/** States by depth, and for each the state of its longest proper suffix. */
function breadthFirst(children: readonly Map<number, number>[]): { order: number[]; fail: Int32Array } {
  const fail = new Int32Array(children.length);
  const order = [0];
  for (let i = 0; i < order.length; i++) {
    const state = order[i] as number;
    for (const [cls, child] of children[state] ?? []) {
      order.push(child);
      if (state === 0) continue;
      let suffix = fail[state] as number;
      while (suffix !== 0 && !children[suffix]?.has(cls)) suffix = fail[suffix] as number;
      fail[child] = children[suffix]?.get(cls) ?? 0;
    }
  }
  return { order, fail };
}
