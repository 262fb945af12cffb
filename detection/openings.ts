/**
 * Where in a stretch a pattern can begin at all. Most patterns open with one of a few words, so instead of walking the
 * stretch they are tried where a word begins with the same three characters. The subtle point is that this must never
 * lose a match: what the patterns open with is read off them (see `literals.ts`), and the start of a stretch counts as
 * the beginning of a word, as it does for the pattern.
 */
import { openings } from './literals.ts';

/** A set of three-character beginnings, hashed to bits. */
export type Opening = Int32Array;

const BITS = 2048;
/** What an unknown character may add to a key. */
const ANY = Array.from({ length: 32 }, (_, unit) => unit);

/** Undefined when the pattern may begin anywhere. */
export function openingOf(pattern: string, flags: string): Opening | undefined {
  const words = openings(pattern, flags);
  if (words === undefined) return undefined;
  const opening = new Int32Array(BITS / 32);
  for (const word of words) {
    const [first = [], second = ANY, third = ANY] = [...word].map((sign) => [sign.charCodeAt(0)]);
    for (const a of first) for (const b of second) for (const c of third) add(opening, keyOf(a, b, c));
  }
  return opening;
}

function add(opening: Opening, key: number): void {
  opening[key >>> 5] = (opening[key >>> 5] as number) | (1 << (key & 31));
}

export interface WordStarts {
  /** Takes a folded text's code units; call before `first`. */
  read(units: Uint16Array, length: number): void;
  /** The first match of sticky `regex` in the stretch from `from` to `to` of `folded`; its index counts from `from`. */
  first(opening: Opening, regex: RegExp, folded: string, from: number, to: number): RegExpExecArray | undefined;
}

export function createWordStarts(): WordStarts {
  let starts = new Int32Array(1024);
  let keys = new Uint16Array(1024);
  let count = 0;
  let text: Uint16Array = new Uint16Array();
  let size = 0;

  function keyAt(i: number): number {
    return keyOf(text[i] as number, i + 1 < size ? (text[i + 1] as number) : 0, i + 2 < size ? (text[i + 2] as number) : 0);
  }

  /** The first start behind `position`. */
  function behind(position: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    read(units, length) {
      text = units;
      size = length;
      count = 0;
      // Every other character at most begins a word, and one more may be written before it is known not to.
      if (starts.length <= length >> 1) {
        starts = new Int32Array(length);
        keys = new Uint16Array(length);
      }
      let outside = 1;
      for (let i = 0; i < length; i++) {
        const is = WORD[units[i] as number] as number;
        starts[count] = i;
        count += is & outside;
        outside = is ^ 1;
      }
      for (let at = 0; at < count; at++) keys[at] = keyAt(starts[at] as number);
    },
    first(opening, regex, folded, from, to) {
      let stretch: string | undefined;
      let next = behind(from);
      for (let at = from, key = keyAt(from); at < to; at = starts[next] as number, key = keys[next++] as number) {
        if ((opening[key >>> 5] as number) & (1 << (key & 31))) {
          stretch ??= folded.slice(from, to);
          regex.lastIndex = at - from;
          const hit = regex.exec(stretch);
          if (hit !== null) return hit;
        }
        if (next === count) return undefined;
      }
      return undefined;
    },
  };
}

/** What `\w` matches. */
const WORD = Uint8Array.from({ length: 65536 }, (_, unit) => Number(/\w/.test(String.fromCharCode(unit))));

function keyOf(a: number, b: number, c: number): number {
  return ((a & 31) * 1117 + (b & 31) * 37 + (c & 31)) & (BITS - 1);
}
