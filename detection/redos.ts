/**
 * Proves a pattern cheap before it may run on the hot path. JavaScript's engine backtracks, and an unbounded quantifier
 * costs a square of the text even when it stands alone (every start scans to the end), so the rule is simple: every
 * quantifier has an upper bound, no repetition holds another one that leaves a choice, and the product of the remaining
 * choices stays small. What passes costs at most (text length × choices × width): linear in the text, whatever it says.
 */

export interface PatternCost {
  /** Longest text a match can cover, look-arounds included, in code units. */
  width: number;
  /** Upper bound of the ways the engine may try from one start. */
  choices: number;
  problems: string[];
}

/** Bound on `choices`, which counts what can never happen at once; a pattern above it is refused. */
export const MAX_CHOICES = 16_384;
/** Bound on `width`; a pattern above it would need windows larger than worth scanning. */
export const MAX_WIDTH = 600;

interface Node {
  width: number;
  minWidth: number;
  choices: number;
  /** Code units (0–127, and 128 for all others) a match of this node can start with. */
  first: Uint8Array;
  /** Set when the node is one character wide: the set it matches. */
  single?: Uint8Array;
  /** What each of its first places matches, as far as every match has these places. */
  lead: Place[];
  /** Whether `lead` is all of it. */
  fixed: boolean;
}

/** One character of a match: the code units it may be, and which one where that is known. */
interface Place {
  set: Uint8Array;
  sign?: string;
}

/** Places beyond tell alternatives apart hardly ever. */
const MAX_LEAD = 24;

/** Width, choices and problems of a JavaScript pattern (without the `v` flag's set notation). */
export function patternCost(source: string, flags = ''): PatternCost {
  const problems: string[] = [];
  const parser = createParser(source, flags.includes('i'), problems);
  const node = parser();
  if (node.width > MAX_WIDTH) problems.push(`a match may be ${node.width} characters long, above ${MAX_WIDTH}`);
  if (node.choices > MAX_CHOICES) problems.push(`${node.choices} choices from one start, above ${MAX_CHOICES}`);
  return { width: node.width, choices: node.choices, problems };
}

function createParser(source: string, ignoreCase: boolean, problems: string[]): () => Node {
  let at = 0;
  const sets = ignoreCase ? ANY_CASE : ONE_CASE;

  function alternatives(): Node {
    const all = [sequence()];
    while (source[at] === '|') {
      at++;
      all.push(sequence());
    }
    if (all.length === 1) return all[0] as Node;
    const first = emptySet();
    for (const node of all) union(first, node.first);
    const singles = all.every((node) => node.single !== undefined);
    // Alternatives that can match the same text are choices; those that some place tells apart are one choice together.
    let choices = 0;
    for (const one of all) {
      let together = one.choices;
      for (const other of all) if (other !== one && !toldApart(one, other)) together += other.choices;
      choices = Math.max(choices, together);
    }
    const lead = all.map((node) => node.lead).reduce(eitherPlaces);
    return {
      width: Math.max(...all.map((node) => node.width)),
      minWidth: Math.min(...all.map((node) => node.minWidth)),
      choices,
      first,
      ...(singles ? { single: first } : {}),
      lead,
      fixed: all.every((node) => node.fixed && node.lead.length === lead.length),
    };
  }

  function sequence(): Node {
    const items: { node: Node; min: number; max: number }[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const node = atom();
      items.push({ node, ...quantifier() });
    }
    const result: Node = { width: 0, minWidth: 0, choices: 1, first: EMPTY, ...leadOf(items) };
    let follow = FULL;
    for (let i = items.length - 1; i >= 0; i--) {
      const { node, min, max } = items[i] as { node: Node; min: number; max: number };
      result.choices *= repeated(node, min, max, follow);
      result.width += node.width * max;
      result.minWidth += node.minWidth * min;
      if (min > 0 && node.minWidth > 0) follow = node.first;
      else {
        const starts = node.first.slice();
        union(starts, follow);
        follow = starts;
      }
    }
    result.first = follow;
    const only = items.length === 1 ? items[0] : undefined;
    if (only?.min === 1 && only.max === 1 && only.node.single) result.single = only.node.single;
    return result;
  }

  /** How many ways `node{min,max}` can end when what follows starts with `follow`. */
  function repeated(node: Node, min: number, max: number, follow: Uint8Array): number {
    if (max === 1 && min === 1) return node.choices;
    if (max > 1 && node.choices > 1) problems.push(`a repetition holds another choice near offset ${at}`);
    const decided = !overlap(node.first, follow);
    return (decided ? 1 : max - min + 1) * node.choices;
  }

  function quantifier(): { min: number; max: number } {
    const start = at;
    let min = 1;
    let max = 1;
    const sign = source[at];
    if (sign === '*' || sign === '+') {
      problems.push(`unbounded quantifier ${sign} at offset ${start}`);
      max = MAX_WIDTH;
      at++;
    } else if (sign === '?') {
      min = 0;
      at++;
    } else if (sign === '{') {
      const range = /^\{(\d+)(,?)(\d*)\}/.exec(source.slice(at));
      if (!range) return { min, max };
      at += range[0].length;
      min = Number(range[1]);
      max = range[2] === '' ? min : Number(range[3]);
      if (range[2] !== '' && range[3] === '') {
        problems.push(`unbounded quantifier ${range[0]} at offset ${start}`);
        max = MAX_WIDTH;
      }
    }
    if (at > start && source[at] === '?') at++;
    return { min, max };
  }

  function atom(): Node {
    const sign = source[at++];
    if (sign === '(') return group();
    if (sign === '[') return single(characterClass());
    if (sign === '.') return single(FULL);
    if (sign === '^' || sign === '$') return nothing();
    if (sign === '\\') return escapeSequence();
    return single(setOf(sign ?? ''), sign);
  }

  function group(): Node {
    const opening = /^\?(?::|=|!|<=|<!|<\w+>)/.exec(source.slice(at))?.[0] ?? '';
    at += opening.length;
    const node = alternatives();
    if (source[at] !== ')') problems.push(`unclosed group at offset ${at}`);
    at++;
    const looks = opening === '?=' || opening === '?!' || opening === '?<=' || opening === '?<!';
    // A look-around consumes nothing, but the window around an anchor must still hold it.
    return looks ? { ...nothing(), width: node.width } : node;
  }

  function escapeSequence(): Node {
    const sign = source[at++] ?? '';
    if (sign === 'b' || sign === 'B') return nothing();
    if (/[1-9k]/.test(sign)) problems.push(`back-reference at offset ${at - 2}`);
    return single(escaped(sign));
  }

  function escaped(sign: string): Uint8Array {
    const named = NAMED[sign.toLowerCase()];
    if (named) return sign === sign.toLowerCase() ? named() : complement(named());
    if (sign === 'u' || sign === 'x' || sign === 'p' || sign === 'P') {
      const rest = /^(?:\{[^}]{1,40}\}|[0-9a-fA-F]{4}|[0-9a-fA-F]{2})/.exec(source.slice(at))?.[0] ?? '';
      at += rest.length;
      if (sign === 'p' || sign === 'P') return FULL;
      return setOf(String.fromCodePoint(Number.parseInt(rest.replace(/[{}]/g, ''), 16) || 0));
    }
    const control = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', '0': '\0' }[sign];
    return setOf(control ?? sign);
  }

  function characterClass(): Uint8Array {
    const negated = source[at] === '^';
    if (negated) at++;
    const set = emptySet();
    while (at < source.length && source[at] !== ']') {
      const from = classMember();
      const range = source[at] === '-' && source[at + 1] !== ']' && from.code !== undefined;
      if (!range) {
        union(set, from.set);
        continue;
      }
      at++;
      const to = classMember();
      for (let code = from.code ?? 0; code <= Math.min(to.code ?? 0, 128); code++) union(set, setOf(String.fromCharCode(code)));
      if ((to.code ?? 0) >= 128) set[128] = 1;
    }
    at++;
    return negated ? complement(set) : set;
  }

  function classMember(): { set: Uint8Array; code?: number } {
    const sign = source[at++] ?? '';
    if (sign !== '\\') return { set: setOf(sign), code: sign.charCodeAt(0) };
    const name = source[at++] ?? '';
    const start = at;
    const set = name === 'b' ? setOf('\b') : escaped(name);
    if (NAMED[name.toLowerCase()] || name === 'p' || name === 'P') return { set };
    if (name === 'u' || name === 'x') return { set, code: Number.parseInt(source.slice(start, at).replace(/[{}]/g, ''), 16) };
    return { set, code: set.indexOf(1) };
  }

  /** Shared by all who ask for the same sign, so never changed. */
  function setOf(sign: string): Uint8Array {
    const known = sets.get(sign);
    if (known !== undefined) return known;
    const set = emptySet();
    sets.set(sign, set);
    for (const form of ignoreCase ? [sign.toLowerCase(), sign.toUpperCase()] : [sign]) set[Math.min(form.charCodeAt(0) || 0, 128)] = 1;
    return set;
  }

  return alternatives;
}

/** One-character sets, made once: a rule set asks for the same few hundred many thousand times. */
const ONE_CASE = new Map<string, Uint8Array>();
const ANY_CASE = new Map<string, Uint8Array>();
/** Nor are these ever changed. */
const EMPTY = emptySet();
const FULL = emptySet().fill(1);

const NAMED: Record<string, () => Uint8Array> = {
  d: () => codes((code) => code >= 48 && code <= 57),
  w: () => codes((code) => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)),
  s: () => codes((code) => code === 32 || (code >= 9 && code <= 13) || code === 128),
};

function codes(test: (code: number) => boolean): Uint8Array {
  return emptySet().map((_, code) => Number(test(code)));
}
function emptySet(): Uint8Array {
  return new Uint8Array(129);
}
function complement(set: Uint8Array): Uint8Array {
  // Code 128 stands for many characters, so it is in a set and in its complement alike.
  return set.map((present, code) => (code === 128 ? 1 : 1 - present));
}
function union(into: Uint8Array, from: Uint8Array): void {
  for (let code = 0; code < 129; code++) if (from[code]) into[code] = 1;
}
function overlap(a: Uint8Array, b: Uint8Array): boolean {
  for (let code = 0; code < 129; code++) if (a[code] && b[code]) return true;
  return false;
}
function single(set: Uint8Array, sign?: string): Node {
  const place = sign === undefined ? { set } : { set, sign: sign.toUpperCase().toLowerCase() };
  return { width: 1, minWidth: 1, choices: 1, first: set, single: set, lead: [place], fixed: true };
}

/** The places that every match of a sequence begins with. */
function leadOf(items: readonly { node: Node; min: number; max: number }[]): Pick<Node, 'lead' | 'fixed'> {
  const lead: Place[] = [];
  for (const { node, min, max } of items) {
    for (let i = 0; i < min && lead.length < MAX_LEAD; i++) {
      lead.push(...node.lead);
      if (!node.fixed) return { lead, fixed: false };
    }
    if (min !== max || lead.length >= MAX_LEAD) return { lead, fixed: false };
  }
  return { lead, fixed: true };
}

function eitherPlaces(a: Place[], b: Place[]): Place[] {
  return a.slice(0, b.length).map((place, i) => {
    const other = b[i] as Place;
    if (place.sign !== undefined && place.sign === other.sign) return place;
    const set = place.set.slice();
    union(set, other.set);
    return { set };
  });
}

/** No text matches both: at some place that both have they ask for different characters. */
function toldApart({ lead: a }: Node, { lead: b }: Node): boolean {
  return a.some((place, i) => {
    const other = b[i];
    if (other === undefined) return false;
    if (place.sign !== undefined && other.sign !== undefined) return place.sign !== other.sign;
    return !overlap(place.set, other.set);
  });
}

function nothing(): Node {
  return { width: 0, minWidth: 0, choices: 1, first: EMPTY, lead: [], fixed: true };
}
