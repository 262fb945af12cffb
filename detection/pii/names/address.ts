/**
 * Postal addresses: a house number and a street in the order of the country, then as much of flat, town, state, country
 * and code as follows. The street must be told by a word for streets, a flat or a box number: digits before capital
 * letters alone are no address. Where guesses are asked for, a number, capitals and another number are one too, as long as
 * a flat, a town or a code follows.
 */
import { buildAutomaton } from '../../automaton.ts';
import type { Found } from '../find.ts';
import { endingWith } from './ending.ts';
import { COUNTRIES } from './gazetteer.ts';

const CAP = String.raw`[\p{Lu}\d][\p{L}\d.'’-]{0,24}`;
const ENGLISH =
  'Street|St|Road|Rd|Avenue|Ave|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Way|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Green|Row|Hill|Gardens|Grove|Mews|Walk|Circle|Cir|Trail|Loop|Alley|Plaza|Pike|Mount|Rise|View|Quay|Wharf|Wynd|Broadway|Str|str';
const BEFORE =
  'Via|Viale|Vicolo|Contrada|Piazza|Corso|Largo|Rua|Rúa|Avenida|Av |Av\\.|Avda\\.|Calle|C/|Carrer|Plaza|Paseo|Camino|Carretera|Plaça|Travessa|Praça|Estrada|Rue|Boulevard|Bd|Place|Allée|Chemin|Impasse|Quai|Avenue|ul\\.|Ul\\.|ulica|Ulica|al\\.|os\\.|str\\.|Str\\.|Strada|Bulevardul|ул\\.|улица|проспект|пр\\.|вул\\.|Οδός|Λεωφόρος|Λεωφ\\.|Λ\\.|Jalan|Jl\\.|Jln|Đường|Postbox|PO Box|P\\.O\\. Box|Postfach';
const ENDING =
  'straße|strasse|str\\.|gasse|weg|platz|allee|ring|damm|ufer|gata|gatan|vägen|vägur|vegur|gade|vej|vænget|veien|vegen|gate|vei|stien|bakken|katu|kuja|kaari|tie|polku|straat|laan|plein|dreef|kade|steeg|utca|ulice|ulica|stræde|stræti|straeti|braut|sokak|caddesi|cadde|puiestee|tänav';
/** The same as words of their own after the street's name: `Lange Straße 5`, `Kossuth utca 12.` */
const ALONE =
  'Straße|Strasse|Str\\.|Weg|Platz|Allee|Ring|Damm|Ufer|utca|út|útja|tér|tere|körút|köz|u\\.|tee|mnt|pst|gate|vei|gata|väg|plads|torv|náměstí|třída';
const SMALL = "(?:de|da|do|dos|das|del|della|di|du|des|la|le|les|los|las|el|l'|d'|of|the|van|von|der|den|am|an|zum|zur|im)";

const STREETS: RegExp[] = [
  // 12 Baker Street; 738 Rue de la Paix 5; 9 Elm St., Apt. 4
  new RegExp(String.raw`(?<![\w.,-]|\p{L})\d{1,6}[A-Za-z]?,? (?:(?:${CAP}|${SMALL}) ){0,5}(?:${ENGLISH})(?![\p{L}\d])\.?(?: ${CAP}(?: ${CAP})?(?=,? (?:Apt|Suite|Unit)))?`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})(?:\d{1,6},? )?(?:${BEFORE}) ?(?:${SMALL} ){0,2}(?:${CAP}|\d{1,6})(?: (?:${SMALL} ){0,2}${CAP}){0,3}(?:,? (?:n[.º°]? ?)?\d{1,5}[A-Za-z]?)?(?![\p{L}\d]|-\d)`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})(?:\d{1,6} )?(?:\p{Lu}[\p{L}.-]{0,20} ){0,2}(?:\p{L}[\p{L}-]{0,20}(?:${ENDING})|\p{Lu}[\p{L}-]{1,20} (?:${ALONE})) \d{1,4} ?[A-Za-z]?(?![\p{L}\d])`, 'gu'),
  new RegExp(String.raw`(?<![\w.,-]|\p{L})\d{1,6} (?:(?:${CAP}|${SMALL}) ){0,5}${CAP}(?=[\s,>]{1,4}(?:Apt\.|Suite|Unit) \d)`, 'gu'),
  /(?<![\w.,-]|\p{L})(?:(?:PSC|Unit|CMR) \d{1,5},? Box \d{1,5}|(?:USS|USNS|USNV|USCGC) \p{Lu}[\p{L}'’-]{1,24}(?=[\s,>]{1,4}[ADF]PO A[AEP] \d{5}))/gu,
]; // biome-ignore format: a pattern is read as one line

const afterSpaces = (list: string): string => ` ${list.replaceAll('|', '| ')}`;
/** Of the words of each of `STREETS` a text holds one, or that one cannot match. Patterns that begin at any word are dear. */
const WORDS = [afterSpaces(ENGLISH), BEFORE, `${ENDING}|${afterSpaces(ALONE)}`, 'Apt.|Suite|Unit', 'PSC|Unit|CMR|USS|USN|USCGC'];
const { classes, shift, next, firstAccepting, outputStart, outputs } = buildAutomaton(
  WORDS.flatMap((list, output) =>
    list
      .replaceAll('\\', '')
      .split('|')
      .map((text) => ({ text, output })),
  ),
);
/** Whose words are followed by a house number. */
const NUMBERED = 2;

/** A number and capitals after words that promise an address need no word for a street. */
const PROMISED = new RegExp(
  String.raw`(?<![\w.,-]|\p{L})\d{1,6} (?:(?:${CAP}|${SMALL}) ){0,4}\p{Lu}[\p{L}'’-]{2,24}\.?(?: \d{1,5})?(?![\p{L}\d])`,
  'gu',
);
const PROMISE =
  /(?:address(?:\? it)?(?: is| of \S{1,30}(?: \S{1,20}){0,3} is)?:?|address(?: linked to \S{1,12}(?: \S{1,12}){0,3}|es)? (?:to|with)|(?:lives?|lived|living|located|resides?|based|meet (?:me|you)|arrived?|stop|restaurant is|office is|off) (?:at|in)|lives? on|(?:sent|ship(?:ped)?|deliver(?:ed)?|return(?:ed)?) to(?:\?)?(?: user:)?)[\s:]{1,4}$/i;
const isPromise = endingWith(PROMISE);
const MONTH_OR_HOUR = /^\d{1,6} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|St\b)/;

/** Asked for guesses: a number at both ends, or two streets that meet. */
const LOOSE = /(?<![\w.,-]|\p{L})\d{1,6} \p{Lu}[\p{L}.'’-]{1,24} (?:[\p{L}\d][\p{L}\d.'’-]{0,24} ){0,5}\d{1,5}\.?(?![\p{L}\d])/gu;
const CORNER =
  /(?<!\p{L})(?:the )?corner of (?:(?!St\b)[\p{L}\d][\p{L}\d.'’-]{0,24} ){1,8}and \p{Lu}[\p{L}'’-]{1,24}(?: \p{Lu}[\p{L}'’-]{1,24}){1,2}(?! St\b)/gu;
/** A flat or a building's number before the street. */
const FLAT_FIRST = /(?:(?<=^|[\s>])(?:Apt\.?|Suite|Unit|Flat) \d{1,5},? )?(?:(?<=^|[\s>])(?!(?:19|20)\d\d )\d{1,6} )?$/;
const FLAT_REACH = 24;
/** Numbers of years are none of houses where the rest of the address would be a single word: `During 1971`. */
const YEAR_ONLY = /^\p{L}+ (?:19|20)\d\d$/u;

/** What may follow a street, piece by piece. `nan` is what tables leave for a state that they do not know. */
const MORE = new RegExp(
  String.raw`[\s,>]{1,8}(?:(?:Apt\.?|Suite|Ste\.?|Unit|Floor|Flat|#|étage|piso) ?\d{1,5}[A-Za-z]?|nan(?!\p{L})|\d{2} \d{5}(?!\d)|(?:[A-Z]{1,2}-)?\d{4,6}(?:-\d{3,4})?(?![\d-])|\d{3} \d{2}(?!\d)|\d{2}-\d{3}(?!\d)|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|(?:APO|DPO|FPO) [A-Z]{2} \d{5}|(?:[A-Z]{2,3}|[B-HJ-Z])(?![\p{L}.'’])|\p{Lu}[\p{L}∆'’.-]{1,24}(?:[ -](?:(?:${SMALL}|v|u|nad|pod) )?\p{Lu}[\p{L}∆'’-]{1,24}){0,3}(?: \(\p{Lu}\p{L}{2,14}\))?)`,
  'uy',
);
/** Words that begin the next sentence, not a town. */
const NOT_A_TOWN =
  /^[\s,>]*(?:It|Its|The|And|Please|Phone|Tel|Mobile|Fax|Desk|Office|E-?mail|Email|Website|Thanks|Thank|Regards|My|Our|We|I|You|He|She|They|This|Can|Could|Is|Are|Best|User|Bot|Personal|Name|Call)(?!\p{L})/u;
const STREET_AGAIN = /^[\s,>]*(?:Street|St\.?)(?! \p{Lu})(?!\p{L})/u;
const CODE = /^[\s,>]*(?:[\p{Lu}-]{1,3}|[ADF]PO \p{Lu}{2} )?\d/u;
const BLANK_LINE = /\n[\s>]*\n/;
const MAX_PIECES = 8;
/** How far before an address its promise may begin. */
const REACH = 64;

export function findAddresses(text: string, into: Found[], guess = 0): void {
  const possible = streetsIn(text);
  for (const [i, street] of STREETS.entries()) {
    if ((possible & (1 << i)) === 0) continue;
    street.lastIndex = 0;
    for (let match = street.exec(text); match !== null; match = street.exec(text)) {
      // From every start, so that what is found depends on the text close by only.
      street.lastIndex = match.index + 1;
      const value = match[0].trimEnd();
      if (i < 4 && (!/\d/.test(value) || YEAR_ONLY.test(value) || (/^(?:19|20)\d\d /.test(value) && !/ \d/.test(value)))) continue;
      const start = match.index - leading(text, match.index);
      const end = extended(text, match.index + value.length);
      into.push({ start, end, type: 'STREET_ADDRESS', label: 'ADDRESS', confidence: 0.6 });
    }
  }
  findPromised(text, into);
  if (guess > 0) guessAddresses(text, into, guess);
}

/** How much before a street belongs to it. */
function leading(text: string, at: number): number {
  return FLAT_FIRST.exec(text.slice(Math.max(0, at - FLAT_REACH), at))?.[0].length ?? 0;
}

function guessAddresses(text: string, into: Found[], confidence: number): void {
  const push = (start: number, end: number): void => {
    into.push({ start, end, type: 'STREET_ADDRESS', label: 'ADDRESS', confidence });
  };
  LOOSE.lastIndex = 0;
  for (let match = LOOSE.exec(text); match !== null; match = LOOSE.exec(text)) {
    LOOSE.lastIndex = match.index + 1;
    const close = match.index + match[0].length;
    const end = extended(text, close);
    if (!MONTH_OR_HOUR.test(match[0]) && end > close) push(match.index - leading(text, match.index), end);
  }
  CORNER.lastIndex = 0;
  for (let match = CORNER.exec(text); match !== null; match = CORNER.exec(text)) push(match.index, match.index + match[0].length);
}

/** Which of `STREETS` have a word of theirs in the text: a bit each. */
function streetsIn(text: string): number {
  let seen = 0;
  let state = 0;
  for (let i = 0; i < text.length; i++) {
    state = next[(state << shift) | (classes[text.charCodeAt(i)] as number)] as number;
    if (state < firstAccepting) continue;
    for (let o = outputStart[state] as number; o < (outputStart[state + 1] as number); o++) {
      const street = outputs[o] as number;
      if (street !== NUMBERED || (text[i + 1] === ' ' && isDigit(text.charCodeAt(i + 2)))) seen |= 1 << street;
    }
  }
  return seen;
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
  let coded = false;
  for (let piece = 0; piece < MAX_PIECES; piece++) {
    MORE.lastIndex = end;
    const more = MORE.exec(text);
    if (more === null || NOT_A_TOWN.test(more[0]) || STREET_AGAIN.test(text.slice(end, end + 16))) break;
    // A form may leave the line of the state empty; what stands below is the country, or no part of the address.
    if (BLANK_LINE.test(more[0]) && !COUNTRIES.has(more[0].replace(/^[\s,>]+/, ''))) break;
    const isCode = CODE.test(more[0]);
    // One code an address: a number on the next line is a phone's.
    if (isCode && coded && more[0].includes('\n')) break;
    coded ||= isCode;
    end += more[0].length;
  }
  return text[end - 1] === '.' ? end - 1 : end;
}
