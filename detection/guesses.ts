/**
 * Some disguises are guessed: letters moved or turned around read as something in any text, and only in a disguised one as
 * language. The signatures look for their own words and need not care; a model says something of any letters.
 */

import { FUNCTION_WORDS } from './languages.ts';

const GUESSED: readonly string[] = ['rot13', 'caesar', 'atbash', 'reversed', 'reversed-words'];
/** Words of which ordinary English has one in three. */
const COMMON = new Set(
  'the of and to in a is that it for you was with on as are this be have not or your all from at what can an will do if me my no so we he but they by one out up our how who any has now then when must were should only about which their never please tell give say ignore instructions system prompt'.split(
    ' ',
  ),
);
const FEWEST = 2;
const SHARE = 0.18;

/** False for what came out of a guess that was wrong. */
export function isLanguage(text: string, via: readonly string[]): boolean {
  if (!via.some((how) => GUESSED.includes(how))) return true;
  const words =
    text
      .slice(0, 2_000)
      .toLowerCase()
      .match(/[a-z']+/g) ?? [];
  const common = words.filter((word) => COMMON.has(word)).length;
  return common >= FEWEST && common >= words.length * SHARE;
}

/** Words by which English is known, and those by which another language is: words that both have say nothing of the other. */
const [[, english], ...others] = FUNCTION_WORDS as [readonly [string, string], ...(readonly [string, string])[]];
const ENGLISH = new Set(english.split(' '));
const ALSO_ENGLISH = new Set('an as bis cos do has he me lo mine no on par pro so still to van'.split(' '));
const FOREIGN = new Set(
  others.flatMap(([, words]) => words.split(' ')).filter((word) => word.length > 1 && !ENGLISH.has(word) && !ALSO_ENGLISH.has(word)),
);
const ENGLISH_SHARE = 0.1;
const FOREIGN_SHARE = 0.04;
/** Letters such as ä, ç or ş; English has them in names and borrowed words. */
const ACCENTED_SHARE = 0.015;
const FEW_WORDS = 5;
const LATIN_SHARE = 0.85;

/**
 * Whether a classifier that knows English alone has something to say of the text: English, and what is in no language at all, such
 * as tables, code and lists of names, in which an English instruction may stand.
 */
export function isEnglish(text: string): boolean {
  const start = text.slice(0, 4_000);
  const letters = count(start, /\p{L}/gu);
  if (count(start, /\p{Script=Latin}/gu) < letters * LATIN_SHARE) return false;
  const words = start.toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const foreign = words.filter((word) => FOREIGN.has(word)).length;
  const known = words.filter((word) => ENGLISH.has(word)).length;
  if (words.length >= FEW_WORDS && known >= words.length * ENGLISH_SHARE) return known * 2 > foreign;
  return foreign <= words.length * FOREIGN_SHARE && count(start, /[\u00c0-\u024f\u1e00-\u1eff]/gu) <= letters * ACCENTED_SHARE;
}

const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0;
