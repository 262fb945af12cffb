/**
 * Hostile text made harmless for formats of one line. What breaks lines anywhere becomes `\n`, what only steers a terminal
 * or turns the reading direction becomes U+FFFD, so that it is seen that something was there; halves of surrogate pairs too.
 */

/** Whatever some reader takes for the end of a line. */
const BREAKS = /\r\n|[\n\v\f\r\u001c-\u001e\u0085\u2028\u2029]/g;
/** C0 and C1 controls, and the marks that make text read in another order than it is written. */
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** The same for text that is JSON already: there all of them can be written as escapes. */
const JSON_UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Well-formed text whose only control character is `\n`. */
export function plain(text: string): string {
  return text.toWellFormed().replace(BREAKS, '\n').replaceAll('\t', ' ').replace(CONTROLS, '\ufffd');
}

/**
 * As much of `text` as fits into `maxBytes` of UTF-8 once its `special` characters are escaped; neither a character nor an
 * escape is ever cut in half.
 */
export function escapeWithin(text: string, maxBytes: number, special: RegExp, escapeOne: (character: string) => string): string {
  const whole = text.replace(special, escapeOne);
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  let out = '';
  let room = maxBytes;
  for (const character of text) {
    const escaped = character.replace(special, escapeOne);
    room -= Buffer.byteLength(escaped);
    if (room < 0) break;
    out += escaped;
  }
  return out;
}

/** JSON in one line of well-formed UTF-8, without anything that a reader of lines could stumble over. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? each.toWellFormed() : each));
  return text.replace(JSON_UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
