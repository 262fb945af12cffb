/**
 * What no match of a pattern can do without: sets of words, each with the promise that every match holds one of them.
 * The prefilter asks for them besides the anchors a person chose, so that most ordinary texts never reach a pattern.
 * The subtle point is to promise too little rather than too much: whatever this reader does not understand (classes,
 * repetitions, look-arounds, long products) promises nothing.
 */

/** Words of which one stands inside every match; one that begins with a space stands at the beginning of a word. */
export type Needed = string[];

/** What is known of a part: everything it can match, when that is little, and what its matches hold otherwise. */
interface Part {
  all?: string[];
  needed: Needed[];
  /** Words of which every match begins with one, where `all` is not known. */
  first?: Needed;
  /** Every match holds a character beyond Latin-1. */
  wide?: boolean;
}

interface Counted {
  part: Part;
  min: number;
  max: number;
}

/** Two sets joined word by word may grow to this; beyond, each stands for itself. */
const MAX_PRODUCT = 24;
const MAX_WORDS = 160;
/** A set of words so common together that looking for them would rarely spare anything. */
const TOO_COMMON = 250;
/** Shorter or longer, these are in nearly every text. */
const EVERYDAY = new Set(
  'ai all and are as at be but can do for from has have if in is it its no not of on or out that the this to use was what with you your'.split(
    ' ',
  ),
);
const BEYOND_LATIN = /[^\u0000-\u00ff]/;
const UNKNOWN: Part = { needed: [] };
const NOTHING: Part = { all: [''], needed: [] };
const PLAIN = /[a-z0-9 '"_-]{1,80}(?![?*+{])/y;
/** Stands for a word boundary until the sets are done; no pattern holds it. */
const BOUNDARY = '\ue000';

/** The sets worth looking for in folded text, the rarest first. `plain` patterns see accents that folding takes away. */
export function neededWords(source: string, { flags = '', plain = false }: { flags?: string; plain?: boolean } = {}): Needed[] {
  if (flags.includes('u') || flags.includes('v')) return [];
  const { all, needed } = createReader(source)();
  return (all === undefined ? needed : [all])
    .map((words) => usable(words, flags.includes('i'), plain))
    .map((words) => ({ words, common: commonness(words) }))
    .filter(({ common }) => common < TOO_COMMON)
    .sort((a, b) => a.common - b.common)
    .map(({ words }) => words);
}

/**
 * What every match in folded text begins with, as far as three characters of it are sure; undefined unless it is the
 * beginning of a word. Fewer characters are given where the next is not known.
 */
export function openings(source: string, flags = ''): string[] | undefined {
  if (flags.includes('u') || flags.includes('v')) return undefined;
  const { all, first = all } = createReader(source)();
  const begun = first?.map((word) => /^\ue000+([a-z0-9][ -@[-~]{0,2})/.exec(flags.includes('i') ? word.toLowerCase() : word)?.[1]);
  return begun?.every((word) => word !== undefined) ? [...new Set(begun)] : undefined;
}

/** True when every match holds a character beyond Latin-1, so that most texts need not be tried. */
export function isWide(source: string, flags = ''): boolean {
  return !/[iuv]/.test(flags) && createReader(source)().wide === true;
}

/** As the folded text would hold them; empty when one of them says too little. */
function usable(words: readonly string[], ignoreCase: boolean, plain: boolean): Needed {
  const out = new Set<string>();
  for (const word of words) {
    const starts = !plain && /^\ue000[a-z0-9]/.test(word);
    const said = word.replaceAll(BOUNDARY, '').replace(/ +$/, '').replace(/^ +/, '');
    // Folding squeezes white space and turns accents and other scripts' capitals its own way: only what it keeps is sure.
    if (said.length < 2 || /[^\u0020-\u007e]| {2}/.test(said)) return [];
    if (/[A-Z]/.test(said) && !ignoreCase && !plain) return [];
    out.add((starts ? ' ' : '') + said.toLowerCase());
  }
  const kept = [...out].sort((a, b) => a.length - b.length);
  return kept.filter((word, i) => !kept.some((other, j) => j < i && holds(word, other)));
}

/** True when `word` is found wherever `other` is looked for. */
function holds(word: string, other: string): boolean {
  return other.startsWith(' ') ? word.startsWith(other) : word.includes(other);
}

/** True when some word of `words` is seen wherever one of `anchors` is: looking for it adds nothing. */
export function followsFrom(words: Needed, anchors: readonly string[]): boolean {
  return anchors.every((anchor) => words.some((word) => holds(anchor, word)));
}

/** The lower, the rarer: how often ordinary text holds one of these words, by their lengths. */
function commonness(words: Needed): number {
  if (words.length === 0 || words.length > MAX_WORDS || words.some((word) => EVERYDAY.has(word.trim()))) return Number.POSITIVE_INFINITY;
  return words.reduce((sum, { length }) => sum + (length < 3 ? TOO_COMMON : ([80, 20, 8, 4][length - 3] ?? 2)), 0);
}

/** How a sequence begins: with one of `words`, and where that one is empty with what comes after it. */
function beginnings(words: Needed, then: Needed | undefined): Needed | undefined {
  const isEmpty = (word: string): boolean => word.replaceAll(BOUNDARY, '') === '';
  if (then === undefined) return words.some(isEmpty) ? undefined : words;
  return words.flatMap((word) => (isEmpty(word) ? then.map((more) => word + more) : [word]));
}

function createReader(source: string): () => Part {
  let at = 0;

  function alternatives(): Part {
    const branches = [sequence()];
    while (source[at] === '|') {
      at++;
      branches.push(sequence());
    }
    if (branches.length === 1) return branches[0] as Part;
    const wide = branches.every((branch) => branch.wide);
    const all = branches.flatMap((branch) => branch.all ?? []);
    if (all.length <= MAX_WORDS && branches.every((branch) => branch.all !== undefined))
      return { all: [...new Set(all)], needed: [], wide };
    // Whichever branch matched, the rarest set of each taken together holds a word of it.
    const best = branches.map(({ all: whole, needed }) => whole ?? [...needed].sort((a, b) => commonness(a) - commonness(b))[0]);
    const firsts = branches.map((branch) => branch.all ?? branch.first);
    return {
      wide,
      needed: best.every((words) => words !== undefined && !words.includes('')) ? [best.flatMap((words) => words ?? [])] : [],
      ...(firsts.every((words) => words !== undefined) && { first: firsts.flat() }),
    };
  }

  function sequence(): Part {
    const needed: Needed[] = [];
    let wide = false;
    let words = [''];
    let whole = true;
    let first: Needed | undefined;
    /** Ends a set of words; `then` is what comes after it. */
    const close = (then?: Needed): void => {
      if (whole) first = beginnings(words, then);
      if (!words.some((word) => word.replaceAll(BOUNDARY, '') === '')) needed.push(words);
      words = [''];
      whole = false;
    };
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const { part, min, max } = counted();
      if (min > 0 && part.wide) wide = true;
      const next = max === 1 ? (min === 0 ? part.all && ['', ...part.all] : part.all) : undefined;
      if (next === undefined) {
        close(min > 0 ? (part.all ?? part.first) : undefined);
        if (min > 0) needed.push(...(part.all === undefined ? part.needed : part.all.includes('') ? [] : [part.all]));
      } else if (words.length > 1 && next.length > 1 && words.length * next.length > MAX_PRODUCT) {
        close(next);
        words = next;
      } else words = words.flatMap((word) => next.map((more) => word + more));
    }
    if (whole) return { all: words, needed, wide };
    close();
    return { needed, wide, ...(first !== undefined && { first }) };
  }

  function counted(): Counted {
    const part = atom();
    const range = /^(?:[?*+]|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at, at + 16));
    if (range === null) return { part, min: 1, max: 1 };
    at += range[0].length;
    const sign = range[0][0];
    if (sign !== '{') return { part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : 1000 };
    return { part, min: Number(range[1]), max: range[2] === '' ? Number(range[1]) : Number(range[3] || 1000) };
  }

  function atom(): Part {
    const sign = source[at++] ?? '';
    if (sign === '(') return group();
    if (sign === '[') return characterClass();
    if (sign === '.') return UNKNOWN;
    if (sign === '^' || sign === '$') return NOTHING;
    if (sign === '\\') return escaped();
    // Several characters at once, but not the last when a quantifier follows it.
    PLAIN.lastIndex = at;
    const more = PLAIN.exec(source)?.[0] ?? '';
    at += more.length;
    return { all: [sign + more], needed: [], wide: BEYOND_LATIN.test(sign) };
  }

  function group(): Part {
    const opening = /^\?(?::|=|!|<=|<!|<\w+>)/.exec(source.slice(at, at + 40))?.[0] ?? '';
    at += opening.length;
    const part = alternatives();
    at++;
    return /^\?<?[=!]/.test(opening) ? NOTHING : part;
  }

  function escaped(): Part {
    const sign = source[at++] ?? '';
    if (sign === 'b') return { all: [BOUNDARY], needed: [] };
    if (sign === 'B') return NOTHING;
    if (/[A-Za-z0-9]/.test(sign)) {
      const code = sign === 'u' ? /^[0-9a-fA-F]{4}/ : sign === 'x' ? /^[0-9a-fA-F]{2}/ : /^(?!)/;
      at += code.exec(source.slice(at, at + 4))?.[0].length ?? 0;
      return UNKNOWN;
    }
    return { all: [sign], needed: [] };
  }

  /** A class of very few plain characters is as good as alternatives; any other one promises nothing. */
  function characterClass(): Part {
    const start = at;
    while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1;
    const members = source.slice(start, at++);
    const wide = members.length > 0 && [...members].every((member) => member === '-' || BEYOND_LATIN.test(member));
    return members.length <= 3 && !/[\\^-]/.test(members) ? { all: [...members], needed: [], wide } : { needed: [], wide };
  }

  return alternatives;
}
