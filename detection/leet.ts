/**
 * Digits and signs read as the letters that they look like: `1gn0r3` is `ignore`. The subtle point is numbers, which
 * are mostly numbers: words of digits alone (`70` for `to`) are respelled only where enough other words are leet.
 */

const LETTERS: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '2': 'z',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
};

/** Letters drawn with several signs, the longer first: `|<` before `|`. Words hold them; bare signs are code or tables. */
const DRAWN: readonly [signs: string, letter: string][] = [
  ['|\\/|', 'm'],
  ['|\\|', 'n'],
  ['\\/\\/', 'w'],
  ['|-|', 'h'],
  ['|_|', 'u'],
  ['|)', 'd'],
  ['|<', 'k'],
  ['|>', 'p'],
  ['|=', 'f'],
  ['|_', 'l'],
  ['/\\', 'a'],
  ['\\/', 'v'],
  ['()', 'o'],
  ['><', 'x'],
];
const DRAWN_LETTERS = new Map(DRAWN);
const DRAWINGS = new RegExp(DRAWN.map(([signs]) => signs.replace(/[|\\/()]/g, '\\$&')).join('|'), 'g');
/** A word long enough to be one, with a drawn letter next to a plain one. */
const DRAWN_WORD = /(?<!\S)[a-z0-9@$!+|\\/()<>=_-]{3,48}/g;
const HAS_DRAWING = /[a-z0-9](?:\|[)<>=_|\\-]|\\\/|\/\\|\(\)|><)|(?:\|[)<>=_-]|\\\/|\/\\|\(\)|><|[-_<]\|)[a-z0-9]/;

/** Fewer words in leet may be names and versions, and the numbers between them numbers. */
const FEWEST = 3;
const LONG = 4096;
/** How far a rule may look from a changed letter. */
const AROUND = 640;

/** The readings of folded text in which something was respelled, at most three. */
export function respelled(folded: string): string[] {
  const out: string[] = [];
  const { text, words } = respellWords(folded);
  if (text !== folded) out.push(text);
  if (words >= FEWEST) {
    const all = text.replace(/(?<![a-z0-9.,])[0-9]{1,6}(?![a-z0-9])/g, (number) =>
      number.replace(/[0-9]/g, (sign) => LETTERS[sign] ?? sign),
    );
    if (all !== text) out.push(all);
  }
  if (/\||\/\\|\\\//.test(folded)) {
    const drawn = folded.replace(DRAWN_WORD, (word) =>
      HAS_DRAWING.test(word) ? word.replace(DRAWINGS, (signs) => DRAWN_LETTERS.get(signs) ?? signs) : word,
    );
    if (drawn !== folded) out.push(respellWords(drawn).text);
  }
  return out;
}

/**
 * The parts of `after` near what was respelled or left out: of a long text with a leet word here and there, the rest is
 * known already. All of it where it is short, or longer than before.
 */
export function changedParts(before: string, after: string, { leftOut = false } = {}): string[] {
  if ((after.length !== before.length && !leftOut) || after.length < LONG) return [after];
  const parts: string[] = [];
  let from = -1;
  let to = -1;
  for (let i = 0, old = 0; i < after.length; i++, old++) {
    if (after.charCodeAt(i) === before.charCodeAt(old)) continue;
    if (leftOut) while (old < before.length && after.charCodeAt(i) !== before.charCodeAt(old)) old++;
    if (from < 0 || i - AROUND > to) {
      if (from >= 0) parts.push(after.slice(from, to));
      from = Math.max(0, i - AROUND);
    }
    to = i + AROUND;
  }
  if (from >= 0) parts.push(after.slice(from, to));
  return parts;
}

/** Words that hold letters as well as digits or signs; `words` says how many there were. */
function respellWords(folded: string): { text: string; words: number } {
  let words = 0;
  const text = folded.replace(/(?<![a-z0-9@$!|])(?=[a-z]{0,23}[0-9@$!|])(?=[0-9@$!|]{0,12}[a-z])[a-z0-9@$!|]{2,24}/g, (word) => {
    if (!/[0-9@$|]|!(?=[a-z])/.test(word)) return word;
    const ending = /!+$/.exec(word)?.[0] ?? '';
    words++;
    return word.slice(0, word.length - ending.length).replace(/[0-9@$!|]/g, (sign) => LETTERS[sign] ?? sign) + ending;
  });
  return { text, words };
}
