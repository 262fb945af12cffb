/**
 * Letters written as signs or numbers with gaps between: Morse, binary digits, and character codes in
 * decimal or octal. The subtle
 * point is that dashes, dots and numbers in rows are ordinary (rules, tables, lists), so a row counts only when it is
 * long enough and all of it can be read.
 */

const MORSE: Record<string, string> = {
  '.-': 'a', '-...': 'b', '-.-.': 'c', '-..': 'd', '.': 'e', '..-.': 'f', '--.': 'g', '....': 'h', '..': 'i', '.---': 'j', '-.-': 'k',
  '.-..': 'l', '--': 'm', '-.': 'n', '---': 'o', '.--.': 'p', '--.-': 'q', '.-.': 'r', '...': 's', '-': 't', '..-': 'u', '...-': 'v',
  '.--': 'w', '-..-': 'x', '-.--': 'y', '--..': 'z', '-----': '0', '.----': '1', '..---': '2', '...--': '3', '....-': '4', '.....': '5',
  '-....': '6', '--...': '7', '---..': '8', '----.': '9', '.-.-.-': '.', '--..--': ',', '..--..': '?', '.----.': "'", '-.-.--': '!',
  '-..-.': '/', '-.--.': '(', '-.--.-': ')', '.-...': '&', '---...': ':', '-.-.-.': ';', '-...-': '=', '.-.-.': '+', '-....-': '-',
  '..--.-': '_', '.-..-.': '"', '...-..-': '$', '.--.-.': '@',
}; // biome-ignore format: a table reads better wide
const DOTS = '.·•∙⋅●*';
const DASHES = '-−–—‐‑‒―─_';
const MORSE_ROW = new RegExp(`(?:[${DOTS}${DASHES.replace('-', '')}-]{1,7}[\\s/|]{1,4}){4}`);
/** Rows of fewer letters are rules, bullets or ellipses. */
const SHORTEST = 5;
const MAX_ROWS = 32;

const DOT = 1;
const DASH = 2;
const WORD_GAP = 3;
const LETTER_GAP = 4;
const SIGNS = morseSigns();

/** A glance: a few short words of dots and dashes in a row. */
export function hasMorse(text: string): boolean {
  return MORSE_ROW.test(text);
}

/** All rows of Morse in `text`, one after the other; empty when there is none. */
export function fromMorse(text: string): string {
  const rows: string[] = [];
  let row: string[] = [];
  let letters = 0;
  let sign = '';
  let gap = 0;

  function endLetter(): void {
    if (sign === '') return;
    const letter = MORSE[sign];
    if (letter !== undefined) {
      row.push(letter);
      letters++;
    }
    sign = '';
  }
  function endRow(): void {
    endLetter();
    if (letters >= SHORTEST) rows.push(row.join('').trim());
    if (row.length > 0) row = [];
    letters = 0;
  }

  for (let i = 0; i < text.length; i++) {
    const kind = SIGNS[text.charCodeAt(i)] as number;
    if (kind === DOT || kind === DASH) {
      // What is longer is a rule, and no letter: it stands in no table.
      if (sign.length < 8) sign += kind === DOT ? '.' : '-';
      gap = 0;
    } else if (kind === 0) endRow();
    else {
      endLetter();
      gap++;
      if ((kind === WORD_GAP || gap === 3) && row.length > 0 && row.at(-1) !== ' ') row.push(' ');
    }
  }
  endRow();
  return rows.join(' ');
}

function morseSigns(): Uint8Array {
  const table = new Uint8Array(65536);
  for (const sign of DOTS) table[sign.charCodeAt(0)] = DOT;
  for (const sign of DASHES) table[sign.charCodeAt(0)] = DASH;
  for (const sign of '/|\n\r') table[sign.charCodeAt(0)] = WORD_GAP;
  for (const sign of ' \t\u00a0') table[sign.charCodeAt(0)] = LETTER_GAP;
  return table;
}

/** Rows of eight or seven binary digits at a time. */
export function fromBinary(text: string): string[] {
  const rows = text.match(/(?:[01]{8}[\s,;.|/_-]{0,2}){4,8192}|(?:[01]{7}[\s,;.|/_-]{1,2}){4,8192}[01]{7}/g) ?? [];
  return rows.slice(0, MAX_ROWS).map((row) => {
    const digits = row.replace(/[^01]/g, '');
    const size = /^[01]{7}[^01]/.test(row) ? 7 : 8;
    const bytes: number[] = [];
    for (let i = 0; i + size <= digits.length; i += size) bytes.push(Number.parseInt(digits.slice(i, i + size), 2));
    return Buffer.from(bytes).toString('utf8');
  });
}

/** Rows of numbers that are the codes of letters; each row read as decimal and, where it can be, as octal. */
export function fromCharacterCodes(text: string): string[] {
  const out: string[] = [];
  for (const [row] of text.matchAll(/(?<!\d)(?:0?\d{2,3}[\s,;.|/-]{1,2}){5,8192}0?\d{2,3}(?!\d)/g)) {
    if (out.length >= MAX_ROWS) break;
    const numbers = row.split(/\D+/);
    for (const base of [10, 8]) {
      const codes = numbers.map((number) => (base === 8 && /[89]/.test(number) ? 0 : Number.parseInt(number, base)));
      if (codes.every((code) => (code >= 32 && code < 256) || code === 10 || code === 13)) out.push(String.fromCharCode(...codes));
    }
  }
  return out;
}
