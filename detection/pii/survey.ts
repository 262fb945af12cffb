/**
 * One look over a text before any recogniser: which words stand in it, how many digits hang together, whether there is
 * an @ between characters that could make an address. Most texts hold nothing personal and are done with that. Every
 * fact is what some pattern cannot do without; none says that there is a match.
 */
import { buildAutomaton } from '../automaton.ts';

/** An @ with a sign of a name before it and of a host after it. */
export const ADDRESS = 1;
/** Four numbers with single dots between. */
export const DOTTED = 2;
/** Two colons side by side, or seven near one another. */
export const COLONS = 4;
/** A word that begins with two letters and two digits. */
export const COUNTRY = 8;
/** Five colons or five hyphens, each three from the one before. */
export const PAIRS = 16;

export interface Needs {
  /** Lower case; one of them stands in the text, in any case. */
  words?: readonly string[];
  /** All of these facts. */
  facts?: number;
  /** So many digits, no two of them further apart than two of the signs that numbers are grouped by. */
  digits?: number;
}

export interface Survey {
  facts: number;
  /** The most digits that hang together. */
  digits: number;
  /** Where the first address may have its @; the length of the text if nowhere. */
  firstAt: number;
  /** True when the words that entry `index` needs were seen, or it needs none. */
  hasWords(index: number): boolean;
}

const DIGIT = 1 << 8;
const AT = 2 << 8;
const COLON = 4 << 8;
const HYPHEN = 8 << 8;
const MARKS = DIGIT | AT | COLON | HYPHEN;
/** Signs that group digits. */
const GROUPING = new Set([...' .-()/'].map((sign) => sign.charCodeAt(0)));

/** A surveyor for recognisers with these needs. What it gives is valid until the next survey. */
export function createSurvey(needs: readonly Needs[]): (text: string) => Survey {
  const { classes, shift, next, firstAccepting, outputStart, outputs } = buildAutomaton(
    needs.flatMap(({ words = [] }, output) => words.map((text) => ({ text, output }))),
  );
  const about = new Uint16Array(65536);
  for (let unit = 0; unit < 65536; unit++) about[unit] = classes[unit] as number;
  // Scripts with capitals end before 0x600; a capital whose small letter is longer than itself stays as it is.
  for (let unit = 0; unit < 0x600; unit++) about[unit] = classes[String.fromCharCode(unit).toLowerCase().charCodeAt(0)] as number;
  for (let unit = 48; unit < 58; unit++) about[unit] = (about[unit] as number) | DIGIT;
  about[64] = (about[64] as number) | AT;
  about[58] = (about[58] as number) | COLON;
  about[45] = (about[45] as number) | HYPHEN;
  /** The survey that last saw a word of each entry. */
  const seenIn = new Float64Array(needs.length);
  const wordless = needs.map(({ words }) => words === undefined);
  let turn = 0;
  const result: Survey = { facts: 0, digits: 0, firstAt: 0, hasWords: (index) => wordless[index] === true || seenIn[index] === turn };

  return (text) => {
    turn++;
    let facts = 0;
    let digits = 0;
    let together = 0;
    let dots = 0;
    let lastDigit = -4;
    let colons = 0;
    let lastColon = -6;
    let pairs = 0;
    let lastMark = -4;
    let firstAt = text.length;
    let state = 0;
    for (let i = 0; i < text.length; i++) {
      const info = about[text.charCodeAt(i)] as number;
      state = next[(state << shift) | (info & 0xff)] as number;
      if (state >= firstAccepting) {
        const end = outputStart[state + 1] as number;
        for (let o = outputStart[state] as number; o < end; o++) seenIn[outputs[o] as number] = turn;
      }
      if ((info & MARKS) === 0) continue;
      if (info & DIGIT) {
        const gap = i - lastDigit - 1;
        if (gap === 0) {
          if (isCountry(text, i)) facts |= COUNTRY;
        } else if (gap > 2 || !GROUPING.has(text.charCodeAt(i - 1)) || !GROUPING.has(text.charCodeAt(lastDigit + 1))) {
          together = 0;
          dots = 0;
        } else if (gap === 1 && text.charCodeAt(i - 1) === 46) {
          if (++dots >= 3) facts |= DOTTED;
        } else dots = 0;
        lastDigit = i;
        if (++together > digits) digits = together;
      } else if (info & AT) {
        if (facts & ADDRESS || !isName(text.charCodeAt(i - 1)) || !isHost(text.charCodeAt(i + 1))) continue;
        facts |= ADDRESS;
        firstAt = i;
      } else {
        pairs = i - lastMark === 3 && text.charCodeAt(i) === text.charCodeAt(lastMark) ? pairs + 1 : 1;
        if (pairs >= 5) facts |= PAIRS;
        lastMark = i;
        if (info & HYPHEN) continue;
        colons = i - lastColon <= 5 ? colons + 1 : 1;
        if (colons >= 7 || i - lastColon === 1) facts |= COLONS;
        lastColon = i;
      }
    }
    result.facts = facts;
    result.digits = digits;
    result.firstAt = firstAt;
    return result;
  };
}

/** Two digits end at `i`; true when two letters stand before them, at the beginning of a word. */
function isCountry(text: string, i: number): boolean {
  return isLetter(text.charCodeAt(i - 2)) && isLetter(text.charCodeAt(i - 3)) && !isWord(text.charCodeAt(i - 4));
}

// Outside the text the code is NaN, which is none of these.
function isLetter(unit: number): boolean {
  return (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
}
function isHost(unit: number): boolean {
  return isLetter(unit) || (unit >= 48 && unit <= 57) || unit === 45 || unit === 95 || unit >= 0xc0;
}
function isWord(unit: number): boolean {
  return isLetter(unit) || (unit >= 48 && unit <= 57) || unit === 95;
}
function isName(unit: number): boolean {
  return isWord(unit) || unit === 46 || unit === 43 || unit === 45 || unit === 37 || unit >= 0xc0;
}
