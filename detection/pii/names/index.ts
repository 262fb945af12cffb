/**
 * Names of people, firms and places by rule: words with capitals in a row, what stands before them (`Dr.`, `my name
 * is`, `lives in`) and what they are made of. One pass collects the rows; most texts have few, so judging them is cheap.
 * The subtle point is restraint: a row of capitals alone is a heading as often as a name, so something must speak for it.
 */

import { labelOf } from '../entities.ts';
import type { Found } from '../find.ts';
import { findAddresses } from './address.ts';
import { endingWith } from './ending.ts';
import { CITIES, COUNTRIES, FAMILY, FIRM, GIVEN, GIVEN_OR_WORD, PEOPLES, STOP, TITLES } from './gazetteer.ts';
import { GUESS, guessNames } from './guesses.ts';
import { rowsOf, type Word } from './rows.ts';

/** Below it a name is a guess: worth counting where none may be missed, not worth making a text unreadable. */
export const SURE = 0.35;
/** How far before a row its introduction may begin. */
const BEFORE = 40;

const INTRODUCED =
  /(?:\b(?:my|his|her|the|your|maiden|full|last|first|account|user) ?name(?:'s| is| was)?[:?]?(?: user:)?|\bname:|\bnamed|\bsays|\bsaid|\bcalled me|\bi am|\bi'm|\bthis is|\bhi|\bhello|\bhey|\bdear|\bregards,|\bsincerely,|\bcheers,|\bthanks,|\bsigned(?: by)?:?|\bdirected by:?|\bwritten by:?|\bfrom:|\bto:|\bcontact:?|\battn:?|\bcc:|\bpatient:?|\bcustomer:?|\bemployee:?|ich heiße|mein name ist|ich bin|name ist|liebe|lieber|sehr geehrter? (?:herr|frau)|je m'appelle|je suis|cher|chère|bonjour|me llamo|mi nombre es|soy|estimad[oa]|querid[oa]|mi chiamo|sono|caro|cara|gentile|meu nome é|me chamo|sou o|sou a|prezad[oa]|ik heet|mijn naam is|beste|jag heter|jeg heter|jeg hedder|hej|nimeni on|nazywam się|mam na imię|jmenuji se|a nevem|mă numesc|adım|benim adım|меня зовут|мене звати|με λένε|tôi tên là|tên tôi là|nama saya)[,:]?\s{1,2}$/iu;
const STAYS =
  /\b(?:fl(?:y|ies|ew)|returned|moved?|moving|liv(?:e|es|ed|ing)|born|trips?|travel(?:s|led|ed|ling)?|went|based|located|am|is|was|are|arriv(?:e|ed|ing)|stay(?:s|ed|ing)?|stuck|meet|weather|people|office|branch|resid(?:e|es|ing)) (?:back )?(?:in|to|from|at|near|of) $/i;
/** Less sure: a language or a product may follow too, but places are hidden only when asked for. */
const WITHIN = /(?:^|[\s(])(?:grew up in|originally from|in|from|near) $/;
const EMPLOYED =
  /\b(?:works? (?:for|at)|worked (?:for|at)|working (?:for|at)|employed (?:by|at)|job at|employer is|company is|address of|acquired by|invoice from|account with|arbeite bei|travaille chez|trabajo en|lavoro (?:per|in|presso)|trabalho na) (?:the )?$/i;
const VISITED = /\b(?:visit(?:ed|ing)?|leaving|left|love|to) $/i;
const SPEAKS =
  /^(?:'s|’s)? (?:said|says|told|asked|wrote|lives|flew|works|worked|began|was born|called|replied|is married|died|retired|plays|sang|directed|has been|joined|started|gave|signed)\b/;
/** What only people do. */
const ACTS = /^(?:'s|’s)? (?:shouted|lives (?:at|in|on)|told me|whispered|was born|died in|got married)\b/;
const STRUCTURED =
  /^(?:'s|’s)? (?:invested|office|headquarters|announced|acquired|shares|employees|customers|offers|provides|is the brainchild|CEO|stock)\b/;

const isIntroduction = endingWith(INTRODUCED);
const isStay = endingWith(STAYS);
const isWithin = endingWith(WITHIN);
const isEmployment = endingWith(EMPLOYED);
const isVisit = endingWith(VISITED);
/** The first words of places that have several. */
const PLACES_BEGIN = new Set(
  [...COUNTRIES, ...CITIES].filter((name) => name.includes(' ')).map((name) => name.slice(0, name.indexOf(' '))),
);

/** Most rows: the single word that begins a sentence (`The`) or a heading (`NOTE`), and is nothing else. */
const OPENERS = new Set(
  [...STOP]
    .flatMap((word) => [`${word.slice(0, 1).toUpperCase()}${word.slice(1)}`, word.toUpperCase()])
    .filter((word) => !COUNTRIES.has(word) && !CITIES.has(word) && !PEOPLES.has(word)),
);

/** Given names and stop words share spellings (`Will`); a set each keeps the rules below readable. */
const isStop = (word: string): boolean => {
  const lower = word.toLowerCase();
  // `I'm`, `It’s`, `We'll` are stop words with something hung on them.
  if (STOP.has(lower)) return true;
  const straight = lower.indexOf("'");
  const hung = straight >= 0 ? straight : lower.indexOf('’');
  return hung > 0 && STOP.has(lower.slice(0, hung));
};
const isGiven = (word: string): boolean => {
  const lower = word.toLowerCase();
  return GIVEN.has(lower) || (lower.includes('-') && GIVEN.has(lower.slice(0, lower.indexOf('-'))));
};

/** Adds names and addresses to `into`, of the types that are wanted. */
export function createNameFinder(wants: (type: string) => boolean): (text: string, into: Found[], atLeast?: number) => void {
  const names = ['PERSON', 'ORGANIZATION', 'LOCATION', 'NRP'].some(wants);
  const addresses = wants('STREET_ADDRESS');
  if (!names && !addresses) return () => {};
  return (text, into, atLeast = SURE) => {
    const { rows, digits } = rowsOf(text);
    if (names && rows.length > 0) {
      const push = (type: string, start: number, end: number, confidence: number): void => {
        if (wants(type) && confidence >= atLeast) into.push({ start, end, type, label: labelOf(type), confidence });
      };
      for (let i = 0; i < rows.length; i++) judge(text, rows, i, push);
      if (atLeast <= GUESS) guessNames(text, rows, [...into], push);
    }
    if (addresses && digits) findAddresses(text, into, atLeast <= GUESS ? GUESS : 0);
  };
}

type Push = (type: string, start: number, end: number, confidence: number) => void;

/** A row as a whole, then the parts of it that speak for themselves. */
function judge(text: string, rows: readonly Word[][], at: number, push: Push): void {
  let words = rows[at] as Word[];
  if (words.length === 1 && OPENERS.has((words[0] as Word).text)) return;
  const before = text.slice(Math.max(0, (words[0] as Word).start - BEFORE), (words[0] as Word).start);
  let titled = false;
  while (words.length > 0 && TITLES.has((words[0] as Word).text)) {
    titled = true;
    words = words.slice(1);
  }
  const firm = words.findLastIndex((word) => FIRM.has(word.text));
  if (firm > 0 && !titled) {
    const from = words.findIndex((word) => !isStop(word.text));
    if (from >= 0 && from < firm) push('ORGANIZATION', (words[from] as Word).start, (words[firm] as Word).end, 0.7);
    words = words.slice(firm + 1);
  }
  places(words, push);
  // `Hello Anna`, `Then Peter Smith`: what begins a sentence is no part of the name.
  const lead = words.findIndex((word) => !isStop(word.text));
  if (lead < 0) return;
  const introduced =
    titled ||
    (lead === 0 && isIntroduction(before)) ||
    (lead > 0 &&
      /^(?:Hi|Hello|Hey|Dear|Hola|Hallo|Bonjour|Ciao|Liebe|Lieber|Olá|Regards|Thanks|Name|From|To|Contact)$/.test(
        (words[lead - 1] as Word).text,
      ));
  let body = words.slice(lead);
  const stopAt = body.findIndex((word, i) => i > 0 && isStop(word.text) && !GIVEN_OR_WORD.has(word.text.toLowerCase()));
  if (stopAt > 0) body = body.slice(0, stopAt);
  const first = body[0] as Word;
  const last = body.at(-1) as Word;
  const whole = text.slice(first.start, last.end);
  if (COUNTRIES.has(whole) || CITIES.has(whole) || PEOPLES.has(whole)) return;
  const after = text.slice(last.end, last.end + 24);
  if (!titled && lead === 0 && isEmployment(before)) return push('ORGANIZATION', first.start, last.end, 0.6);
  if (!titled && lead === 0 && isStay(before) && !isGiven(first.text)) return push('LOCATION', first.start, last.end, 0.5);
  if (
    !titled &&
    lead === 0 &&
    body.length <= 3 &&
    isWithin(before) &&
    !/^\p{Lu}{2,4}$/u.test(first.text) &&
    !isPerson(body) &&
    !looksLikeName(body)
  )
    return push('LOCATION', first.start, last.end, 0.4);
  if (!titled && body.length === 1 && isVisit(before) && !isGiven(first.text)) return;
  if (STRUCTURED.test(after) && !isGiven(first.text) && !titled) return push('ORGANIZATION', first.start, last.end, 0.5);
  if (
    body.length <= 4 &&
    (introduced ||
      isPerson(body) ||
      (lead === 0 && body.length <= 2 && inCompany(text, rows[at - 1], rows[at] as Word[], rows[at + 1])) ||
      ((body.length >= 2 || !isSentenceStart(before)) && SPEAKS.test(after)) ||
      ACTS.test(after))
  )
    push('PERSON', first.start, last.end, 0.6);
}

/** `Eklund, Michael and Hodge`: true when the row before or after, in the same list, begins with a given name. */
function inCompany(text: string, previous: Word[] | undefined, row: Word[], next: Word[] | undefined): boolean {
  return (
    (previous !== undefined && isGiven((previous[0] as Word).text) && areListed(text, previous, row)) ||
    (next !== undefined && isGiven((next[0] as Word).text) && areListed(text, row, next))
  );
}

function areListed(text: string, left: Word[], right: Word[]): boolean {
  const from = (left.at(-1) as Word).end;
  const to = (right[0] as Word).start;
  return to - from <= 6 && /^,? (?:(?:and|or|und|et|y|e|og|och|en|i|&) )?$/.test(text.slice(from, to));
}

function isSentenceStart(before: string): boolean {
  return /(?:^|[.!?:\n"'“]\s{0,2})$/.test(before);
}

/** Whether the words alone are somebody's name. */
function isPerson(body: readonly Word[]): boolean {
  const [first, second] = body as [Word, Word | undefined];
  if (PEOPLES.has(first.text) || COUNTRIES.has(first.text)) return false;
  if (isGiven(first.text)) return true;
  if (second === undefined) return false;
  const last = (body.at(-1) as Word).text;
  const initial = body.some((word, i) => i > 0 && /^\p{Lu}\.?$/u.test(word.text));
  return GIVEN_OR_WORD.has(first.text.toLowerCase()) || isGiven(last) || (initial && body.length === 3) || FAMILY.test(last);
}

/** Two or three capitalised words: a name, but as often a book, a film or an age. */
function looksLikeName(body: readonly Word[]): boolean {
  const fits = ({ text }: Word) => /^\p{Lu}[\p{Ll}'’-]{2,}$|^\p{Lu}\.?$/u.test(text) && !COUNTRIES.has(text) && !CITIES.has(text);
  return body.length >= 2 && body.length <= 3 && !PEOPLES.has((body[0] as Word).text) && body.every(fits);
}

/** Countries, cities and peoples, one or several words long. */
function places(words: readonly Word[], push: Push): void {
  for (let i = 0; i < words.length; i++) {
    const first = words[i] as Word;
    const length = PLACES_BEGIN.has(first.text) ? longPlace(words, i) : 1;
    const last = words[i + length - 1] as Word;
    if (length > 1 || COUNTRIES.has(first.text) || CITIES.has(first.text)) push('LOCATION', first.start, last.end, 0.55);
    else if (PEOPLES.has(first.text)) push('NRP', first.start, last.end, 0.55);
    i += length - 1;
  }
}

/** How many words from the `i`th on make a place; 1 when no two or three do. */
function longPlace(words: readonly Word[], i: number): number {
  for (let length = Math.min(3, words.length - i); length > 1; length--) {
    const name = words
      .slice(i, i + length)
      .map(({ text }) => text)
      .join(' ');
    if (COUNTRIES.has(name) || CITIES.has(name)) return length;
  }
  return 1;
}
