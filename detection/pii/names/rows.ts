/**
 * The words of a text that begin with a capital, in rows. One pass over the text, by what kind of sign each unit is.
 */
import { FIRM, TITLES } from './gazetteer.ts';

export interface Word {
  start: number;
  end: number;
  text: string;
}

const MAX_ROW = 8;
const MAX_WORD = 40;

const LETTER = 1;
const CAPITAL = 2;
const NUMBER = 4;
const KIND = new Uint8Array(65536);
for (let unit = 0; unit < 0x2200; unit++) {
  const sign = String.fromCharCode(unit);
  if (/\p{L}|\p{M}/u.test(sign)) KIND[unit] = /\p{Lu}/u.test(sign) ? LETTER | CAPITAL : LETTER;
}
for (let unit = 48; unit < 58; unit++) KIND[unit] = NUMBER;

/** Words that begin with a capital, in rows: between two of a row stands one space, or a full stop after an initial. */
export function rowsOf(text: string): { rows: Word[][]; digits: boolean } {
  const rows: Word[][] = [];
  let row: Word[] = [];
  let digits = false;
  for (let i = 0; i < text.length; i++) {
    const kind = KIND[text.charCodeAt(i)] as number;
    if (kind & NUMBER) digits = true;
    if ((kind & LETTER) === 0) continue;
    const start = i;
    for (i++; i < text.length && inWord(text, i); i++);
    if ((kind & CAPITAL) === 0 || i - start > MAX_WORD || (start > 0 && KIND[text.charCodeAt(start - 1)] === NUMBER)) continue;
    // An initial and an abbreviated title keep their full stop.
    let word = text.slice(start, i);
    if (text[i] === '.' && (word.length === 1 || TITLES.has(`${word}.`) || FIRM.has(`${word}.`))) {
      word += '.';
      i++;
    }
    const previous = row.at(-1);
    if (previous === undefined || previous.end + 1 !== start || text[previous.end] !== ' ' || row.length >= MAX_ROW) {
      if (row.length > 0) rows.push(row);
      row = [];
    }
    row.push({ start, end: start + word.length, text: word });
    i--;
  }
  if (row.length > 0) rows.push(row);
  return { rows, digits };
}

function inWord(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  if ((KIND[unit] as number) & LETTER) return true;
  if (unit !== 39 && unit !== 45 && unit !== 0x2019) return false;
  // Apostrophes and hyphens hold a word together, but a possessive is no part of a name.
  const next = text.charCodeAt(i + 1);
  if (((KIND[next] as number) & LETTER) === 0) return false;
  return unit === 45 || next !== 115 || ((KIND[text.charCodeAt(i + 2)] as number) & LETTER) !== 0;
}
