/**
 * Texts made to be slow: one character over and over, and each signature's own words over and over, which is where a
 * backtracking pattern would show. Used by the tests and the bench.
 */
import type { Signature } from './signature.ts';

const REPEATED = [
  'a',
  ' ',
  '\n',
  '\t',
  '0',
  '1',
  'A',
  '.',
  '-',
  '_',
  '/',
  '\\',
  '"',
  "'",
  '<',
  '>',
  '(',
  '[',
  '{',
  '%',
  '&',
  '#',
  '@',
  '=',
  '+',
  '!',
  '|',
  '*',
  ':',
  ';',
  '`',
  '$',
  'é',
  'я',
  'α',
  '你',
  '\u200b',
  '\ufe0f',
  '\ud800',
  '\u0000',
  'a ',
  'ab ',
  'a.',
  'a-',
  'aA0',
  'AAAA',
  '%41',
  '&#65;',
  '\\u0041',
  '1gn0re ',
  'i g n o r e  ',
  '41 ',
  'Zm9v',
  '<|',
  '![',
  '{{',
  '../',
  '😀',
  '\u{e0041}',
];

/** Each about `size` code units long. */
export function hostileTexts(size: number, signatures: readonly Signature[]): { name: string; text: string }[] {
  const fill = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
  const texts = REPEATED.map((piece) => ({ name: `repeated ${JSON.stringify(piece)}`, text: fill(piece) }));
  for (const { id, anchors, positive } of signatures) {
    texts.push({ name: `anchors of ${id}`, text: fill(`${anchors.join(' ')} `) });
    const words = (positive[0] ?? '').split(/\s+/);
    // Everything but the end, again and again: each start goes far and fails.
    texts.push({ name: `beginnings of ${id}`, text: fill(`${words.slice(0, Math.max(1, words.length - 1)).join(' ')} `) });
  }
  const everything = signatures.flatMap(({ anchors }) => anchors).join(' ');
  texts.push({ name: 'all anchors', text: fill(`${everything} `) });
  return texts;
}
