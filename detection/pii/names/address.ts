/**
 * Postal addresses: a house number and a street in the order of the country, then as much of flat, town, state, country
 * and code as follows. The street must be told by a word for streets, a flat or a box number: digits before capital
 * letters alone are no address.
 */
import { buildAutomaton } from '../../automaton.ts';
import type { Found } from '../find.ts';
import { endingWith } from './ending.ts';

const CAP = String.raw`[\p{Lu}\d][\p{L}\d.'’-]{0,24}`;
const ENGLISH =
  'Street|St|Road|Rd|Avenue|Ave|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Way|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Green|Row|Hill|Gardens|Grove|Mews|Walk|Circle|Cir|Trail|Loop|Alley|Plaza|Pike|Mount|Rise|View|Quay|Wharf|Wynd|Broadway';
const BEFORE =
  'Via|Viale|Piazza|Corso|Largo|Rua|Avenida|Av\\.|Avda\\.|Calle|C/|Carrer|Plaza|Paseo|Travessa|Praça|Estrada|Rue|Boulevard|Bd|Place|Allée|Chemin|Impasse|Quai|Avenue|ul\\.|Ul\\.|ulica|Ulica|al\\.|os\\.|str\\.|Str\\.|Strada|Bulevardul|ул\\.|улица|проспект|пр\\.|вул\\.|Jalan|Jl\\.|Jln|Đường|Postbox|PO Box|P\\.O\\. Box|Postfach';
const ENDING =
  'straße|strasse|str\\.|gasse|weg|platz|allee|ring|damm|ufer|gata|gatan|vägen|vägur|vegur|gade|vej|vænget|veien|gate|vei|katu|kuja|tie|polku|straat|laan|plein|dreef|kade|steeg|utca|ulice|ulica|stræde|sokak|caddesi|cadde';
const SMALL = "(?:de|da|do|dos|das|del|della|di|du|des|la|le|les|los|las|el|l'|d'|of|the|van|von|der|den|am|an|zum|zur|im)";

const STREETS: RegExp[] = [
  // 12 Baker Street; 738 Rue de la Paix 5; 9 Elm St., Apt. 4
  new RegExp(String.raw`(?<![\w.,-]|\p{L})\d{1,6}[A-Za-z]?,? (?:(?:${CAP}|${SMALL}) ){0,5}(?:${ENGLISH})(?![\p{L}\d])\.?(?: ${CAP}(?: ${CAP})?(?=,? (?:Apt|Suite|Unit)))?`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})(?:\d{1,6},? )?(?:${BEFORE}) ?(?:${SMALL} ){0,2}(?:${CAP}|\d{1,6})(?: (?:${SMALL} ){0,2}${CAP}){0,3}(?:,? (?:n[.º°]? ?)?\d{1,5}[A-Za-z]?)?(?![\p{L}\d]|-\d)`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})(?:\d{1,6} )?(?:\p{Lu}[\p{L}.-]{0,20} ){0,2}\p{L}[\p{L}-]{0,20}(?:${ENDING}) \d{1,4} ?[A-Za-z]?(?![\p{L}\d])`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})\d{1,6} (?:(?:${CAP}|${SMALL}) ){1,6}(?=(?:\n ?|, ?)?(?:Apt\.|Suite|Unit) \d)`, 'gu'),
  /(?<![\w.,-]|\p{L})(?:PSC|Unit|CMR) \d{1,5},? Box \d{1,5}/gu,
]; // biome-ignore format: a pattern is read as one line

/** Without their words the second and third cannot match; they begin at any word, and are dear. */
const WORDS = [BEFORE, ENDING].map((list) => list.replaceAll('\\', '').split('|'));
const { classes, shift, next, firstAccepting, outputStart, outputs } = buildAutomaton(
  WORDS.flatMap((words, output) => words.map((text) => ({ text, output }))),
);

/** A number and capitals after words that promise an address need no word for a street. */
const PROMISED = new RegExp(
  String.raw`(?<![\w.,-]|\p{L})\d{1,6} (?:(?:${CAP}|${SMALL}) ){0,4}\p{Lu}[\p{L}'’-]{2,24}\.?(?: \d{1,5})?(?![\p{L}\d])`,
  'gu',
);
const PROMISE =
  /(?:address(?: is| of \S{1,30}(?: \S{1,20}){0,3} is)?:?|(?:lives?|living|located|resides?|based|meet (?:me|you)|restaurant is|office is|off) (?:at|in)|(?:sent|shipped?|delivered?) to(?:\?)?(?: user:)?)[\s:]{1,4}$/i;
const isPromise = endingWith(PROMISE);
const MONTH_OR_HOUR = /^\d{1,6} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|St\b)/;

/** What may follow a street, piece by piece. */
const MORE = new RegExp(
  String.raw`[\s,>]{1,8}(?:(?:Apt\.?|Suite|Ste\.?|Unit|Floor|Flat|#|étage|piso) ?\d{1,5}[A-Za-z]?|(?:[A-Z]{1,2}-)?\d{4,6}(?:-\d{3,4})?(?![\d-])|\d{3} \d{2}(?!\d)|\d{2}-\d{3}(?!\d)|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|(?:APO|DPO|FPO) [A-Z]{2} \d{5}|[A-Z]{2}(?!\p{L})|\p{Lu}[\p{L}'’.-]{1,24}(?:[ -](?:${SMALL} )?\p{Lu}[\p{L}'’-]{0,24}){0,3})`,
  'uy',
);
/** Words that begin the next sentence, not a town. */
const NOT_A_TOWN =
  /^[\s,>]*(?:It|Its|The|And|Please|Phone|Tel|Mobile|Fax|Desk|Office|E-?mail|Email|Website|Thanks|Thank|Regards|My|Our|We|I|You|He|She|They|This|Can|Could|Is|Are|Best|User|Bot|Personal|Name|Call)(?!\p{L})/u;
const MAX_PIECES = 7;
/** How far before an address its promise may begin. */
const REACH = 64;

export function findAddresses(text: string, into: Found[]): void {
  const { before, ended } = streetWords(text);
  for (const [i, street] of STREETS.entries()) {
    if ((i === 1 && !before) || (i === 2 && !ended)) continue;
    street.lastIndex = 0;
    for (let match = street.exec(text); match !== null; match = street.exec(text)) {
      // From every start, so that what is found depends on the text close by only.
      street.lastIndex = match.index + 1;
      const value = match[0].trimEnd();
      if (!/\d/.test(value) || (/^(?:19|20)\d\d /.test(value) && !/ \d/.test(value))) continue;
      const end = extended(text, match.index + value.length);
      into.push({ start: match.index, end, type: 'STREET_ADDRESS', label: 'ADDRESS', confidence: 0.6 });
    }
  }
  findPromised(text, into);
}

/** Whether a word that may begin a street stands in the text, and one that may end it with a number after. */
function streetWords(text: string): { before: boolean; ended: boolean } {
  let before = false;
  let ended = false;
  let state = 0;
  for (let i = 0; i < text.length; i++) {
    state = next[(state << shift) | (classes[text.charCodeAt(i)] as number)] as number;
    if (state < firstAccepting) continue;
    for (let o = outputStart[state] as number; o < (outputStart[state + 1] as number); o++) {
      if (outputs[o] === 0) before = true;
      else if (text[i + 1] === ' ' && isDigit(text.charCodeAt(i + 2))) ended = true;
    }
  }
  return { before, ended };
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

function findPromised(text: string, into: Found[]): void {
  PROMISED.lastIndex = 0;
  for (let match = PROMISED.exec(text); match !== null; match = PROMISED.exec(text)) {
    PROMISED.lastIndex = match.index + 1;
    if (MONTH_OR_HOUR.test(match[0]) || !isPromise(text.slice(Math.max(0, match.index - REACH), match.index))) continue;
    into.push({
      start: match.index,
      end: extended(text, match.index + match[0].length),
      type: 'STREET_ADDRESS',
      label: 'ADDRESS',
      confidence: 0.55,
    });
  }
}

/** Where the address ends when what follows still belongs to it. */
function extended(text: string, from: number): number {
  let end = from;
  for (let piece = 0; piece < MAX_PIECES; piece++) {
    MORE.lastIndex = end;
    const more = MORE.exec(text);
    if (more === null || NOT_A_TOWN.test(more[0]) || /\n\s*\n/.test(more[0])) break;
    end += more[0].length;
  }
  return text[end - 1] === '.' ? end - 1 : end;
}
