/**
 * Attacks in disguise: the ways in which a text is commonly hidden from a guard and still read by a model. Written
 * without a look at `decode.ts` and `normalise.ts`, since an encoder made from the decoder would prove nothing.
 */

export interface Encoding {
  name: string;
  encode(text: string): string;
}

const MORSE: Record<string, string> = {
  a: '.-',
  b: '-...',
  c: '-.-.',
  d: '-..',
  e: '.',
  f: '..-.',
  g: '--.',
  h: '....',
  i: '..',
  j: '.---',
  k: '-.-',
  l: '.-..',
  m: '--',
  n: '-.',
  o: '---',
  p: '.--.',
  q: '--.-',
  r: '.-.',
  s: '...',
  t: '-',
  u: '..-',
  v: '...-',
  w: '.--',
  x: '-..-',
  y: '-.--',
  z: '--..',
  0: '-----',
  1: '.----',
  2: '..---',
  3: '...--',
  4: '....-',
  5: '.....',
  6: '-....',
  7: '--...',
  8: '---..',
  9: '----.',
  '.': '.-.-.-',
  ',': '--..--',
  '?': '..--..',
  "'": '.----.',
  '/': '-..-.',
  ':': '---...',
};

const LEET: Record<string, string> = { a: '4', e: '3', i: '1', o: '0', s: '5', t: '7' };

/** Latin letters and the Cyrillic ones that look the same. */
const LOOK_ALIKE: Record<string, string> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  j: 'ј',
  o: 'о',
  p: 'р',
  s: 'ѕ',
  x: 'х',
  y: 'у',
  A: 'А',
  B: 'В',
  C: 'С',
  E: 'Е',
  H: 'Н',
  I: 'І',
  K: 'К',
  M: 'М',
  O: 'О',
  P: 'Р',
  T: 'Т',
  X: 'Х',
};

export const ENCODINGS: readonly Encoding[] = [
  { name: 'base64', encode: (text) => Buffer.from(text).toString('base64') },
  { name: 'base64url', encode: (text) => Buffer.from(text).toString('base64url') },
  { name: 'hex', encode: (text) => Buffer.from(text).toString('hex') },
  { name: 'binary', encode: (text) => bytesOf(text, (byte) => byte.toString(2).padStart(8, '0')).join(' ') },
  { name: 'url', encode: (text) => bytesOf(text, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('') },
  { name: 'html-entities', encode: (text) => [...text].map((sign) => `&#${sign.codePointAt(0)};`).join('') },
  { name: 'rot13', encode: (text) => text.replace(/[a-z]/gi, thirteenOn) },
  { name: 'morse', encode: morse },
  { name: 'reversed', encode: (text) => [...text].reverse().join('') },
  { name: 'leet', encode: (text) => text.replace(/[aeiost]/gi, (letter) => LEET[letter.toLowerCase()] ?? letter) },
  { name: 'zero-width', encode: (text) => text.replace(/\p{L}(?=\p{L})/gu, '$&\u200b') },
  { name: 'homoglyphs', encode: (text) => text.replace(/[a-z]/gi, (letter) => LOOK_ALIKE[letter] ?? letter) },
  { name: 'full-width', encode: (text) => text.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)) },
];

function bytesOf(text: string, write: (byte: number) => string): string[] {
  return Array.from(Buffer.from(text), write);
}

function thirteenOn(letter: string): string {
  const first = letter <= 'Z' ? 65 : 97;
  return String.fromCharCode(first + ((letter.charCodeAt(0) - first + 13) % 26));
}

/** Letters apart by a space, words by a slash. What Morse has no sign for is left out. */
function morse(text: string): string {
  const words = text.toLowerCase().split(/\s+/);
  const signs = words.map((word) => [...word].flatMap((letter) => (Object.hasOwn(MORSE, letter) ? [MORSE[letter]] : [])).join(' '));
  return signs.filter((word) => word !== '').join(' / ');
}
