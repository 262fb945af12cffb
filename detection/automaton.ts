/**
 * Aho–Corasick: all words at once, one table look-up a character whatever their number. Built once, as one dense table
 * of states by character class; what a state ends is a list of numbers that only the caller understands.
 */

export interface Word {
  text: string;
  /** Reported when the word is seen. */
  output: number;
}

export interface Automaton {
  /** Class of each code unit; 0 is for all that occur in no word. */
  classes: Uint16Array;
  /** Number of classes. */
  width: number;
  /** A state's row starts at `state << shift`. */
  shift: number;
  next: Uint16Array;
  /** The first `1 << COMMON_SHIFT` classes of each row once more, close together: most of a walk stays within these. */
  common: Uint16Array;
  /** States from here on end a word. */
  firstAccepting: number;
  /** The outputs of `state` are those from `outputStart[state]` to `outputStart[state + 1]`, the longest word's first. */
  outputStart: Int32Array;
  outputs: Int32Array;
}

export const COMMON_SHIFT = 5;
const COMMON = ' etaoinsrhldcumfpgwybvkxjqz.,';

/** Words are matched code unit by code unit; who wants no case folds both the words and the text. */
export function buildAutomaton(words: readonly Word[]): Automaton {
  const { classes, width } = classify(words);
  const shift = Math.ceil(Math.log2(Math.max(2, width)));
  const { children, collected } = buildTrie(words, classes, shift);
  const count = collected.length;
  if (count > 65535) throw new Error(`The words need ${count} states; 65535 fit.`);
  const order = follow(children, collected, width, shift);
  // Renumber so that accepting states come last and one comparison tells them.
  const silent = order.filter((state) => collected[state]?.length === 0);
  const accepting = order.filter((state) => collected[state]?.length !== 0);
  const renumbered = new Uint16Array(count);
  [...silent, ...accepting].forEach((state, number) => {
    renumbered[state] = number;
  });
  const next = new Uint16Array(count << shift);
  for (const state of order) {
    const from = state << shift;
    const to = (renumbered[state] as number) << shift;
    for (let cls = 0; cls < width; cls++) next[to + cls] = renumbered[children[from + cls] as number] as number;
  }
  const common = new Uint16Array(count << COMMON_SHIFT);
  for (let at = 0; at < common.length; at++) {
    const cls = at & ((1 << COMMON_SHIFT) - 1);
    if (cls < width) common[at] = next[((at >>> COMMON_SHIFT) << shift) + cls] as number;
  }
  const outputStart = new Int32Array(count + 1);
  const outputs: number[] = [];
  [...silent, ...accepting].forEach((state, number) => {
    outputStart[number] = outputs.length;
    for (const output of collected[state] ?? []) outputs.push(output);
  });
  outputStart[count] = outputs.length;
  return { classes, width, shift, next, common, firstAccepting: silent.length, outputStart, outputs: Int32Array.from(outputs) };
}

/** The words as a tree: a row of children for each state, 0 where there is none; and the outputs of the words that end in it. */
function buildTrie(words: readonly Word[], classes: Uint16Array, shift: number): { children: Uint32Array; collected: number[][] } {
  const children = new Uint32Array(countStates(words) << shift);
  const collected: number[][] = [[]];
  for (const { text, output } of words) {
    let state = 0;
    for (let i = 0; i < text.length; i++) {
      const slot = (state << shift) + (classes[text.charCodeAt(i)] as number);
      if (children[slot] === 0) children[slot] = collected.push([]) - 1;
      state = children[slot] as number;
    }
    collected[state]?.push(output);
  }
  return { children, collected };
}

/** The root, and what each word in order adds to the one before. */
function countStates(words: readonly Word[]): number {
  let count = 1;
  let before = '';
  for (const text of words.map((word) => word.text).sort()) {
    let shared = 0;
    while (shared < before.length && text.charCodeAt(shared) === before.charCodeAt(shared)) shared++;
    count += text.length - shared;
    before = text;
  }
  return count;
}

/**
 * Where a state has no child, it goes where its longest proper suffix goes; what the suffix ends, it ends too. Returns
 * the states by depth.
 */
function follow(children: Uint32Array, collected: number[][], width: number, shift: number): number[] {
  const suffix = new Uint32Array(collected.length);
  const order = [0];
  for (let i = 0; i < order.length; i++) {
    const state = order[i] as number;
    const row = state << shift;
    const suffixRow = (suffix[state] as number) << shift;
    const inherited = collected[suffix[state] as number] as number[];
    if (state !== 0 && inherited.length > 0) collected[state] = [...new Set([...(collected[state] as number[]), ...inherited])];
    for (let cls = 0; cls < width; cls++) {
      const child = children[row + cls] as number;
      if (child === 0) children[row + cls] = state === 0 ? 0 : (children[suffixRow + cls] as number);
      else {
        order.push(child);
        suffix[child] = state === 0 ? 0 : (children[suffixRow + cls] as number);
      }
    }
  }
  return order;
}

/** The most frequent characters of ordinary text come first: the part of a row that is mostly read fits a cache line. */
function classify(words: readonly Word[]): { classes: Uint16Array; width: number } {
  const used = new Set<number>();
  for (const { text } of words) for (let i = 0; i < text.length; i++) used.add(text.charCodeAt(i));
  const classes = new Uint16Array(65536);
  let width = 1;
  for (const sign of COMMON) if (used.delete(sign.charCodeAt(0))) classes[sign.charCodeAt(0)] = width++;
  for (const unit of used) classes[unit] = width++;
  return { classes, width };
}
