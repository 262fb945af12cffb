/**
 * What may be a name, for whoever must not miss one: places and firms by what is said of them, people by how they are
 * spoken to or because their full name stands elsewhere. Never sure enough to hide a text. The subtle point is that one
 * guess rests on the whole text (a name said in full once is short ever after), so a stream must not ask for guesses.
 */
import type { Found } from '../find.ts';
import { endingWith } from './ending.ts';
import { CITIES, COUNTRIES, FAMILY, FIRM, GIVEN, PEOPLES, STOP, TITLES } from './gazetteer.ts';
import { FIRMS, GIVEN_MORE, LONG_FIRMS, THINGS } from './lists.ts';
import type { Word } from './rows.ts';

/** How sure a guess is. Below `SURE`. */
export const GUESS = 0.3;
/** Where two guesses of the same length disagree, what is said of a name outweighs its looks. */
const BETTER = 0.32;
const BEST = 0.34;
const BEFORE = 64;
const AFTER = 80;

/** What stands before a firm, and what is said of one. */
const AT_A_FIRM =
  /\b(?:year at|years at|job (?:at|with)|career (?:at|with)|position (?:at|with)|work(?:s|ed|ing)? (?:for|at)|employed (?:by|at)|joined|later became|to support|recorded (?:for|by)|according to the|(?:CEO|CTO|CFO|founder|president|director|head|employee|chairman) of|subsidiary of|acquired by) (?:the )?$/i;
const IS_A_FIRM =
  /^(?:'s|’s)? (?:invested|office|headquarters|announced|acquired|shares|shareholders|website|employees|customers|is the brainchild|(?:is|was) an? (?:[\p{L}-]+ ){0,4}(?:agency|bank|company|firm|start-?up|non-?profit|charity|provider|organi[sz]ation|maker|manufacturer|retailer|501\(c\)))/u;
/** A person is introduced by the firm: `Ann Lee from Contoso said`. */
const SENT = /\p{Lu}[\p{L}'’.-]+ from $/u;
const SENT_TO = /^,? (?:is the|is our|is a|joined|said|called|wrote|presented|will (?:speak|present|join))\b/;
const COINED =
  /^(?:\p{Lu}\p{Ll}{2,}(?:soft|ware|data|metrics|lytics|labs|tech|corp|scape|cloud|health|media|scan|sight|systems|pharma|logic|stack|bytes|pay|web)|(?!Mac|Mc|De|Le|La|Van|Di)\p{Lu}\p{Ll}+\p{Lu}\p{Ll}+)$/u;
const NUMBERED_LINE = /^[ \t]*\n[\s>]*(?:\d|(?:PSC|CMR|Unit|Suite|Apt\.) \d)/;
const OWN_LINE = /(?:^|\n)[> \t]*$/;
const NAME_ABOVE = /(?:^|\n)[> \t]*\p{Lu}[\p{L}'’.-]+(?: \p{Lu}[\p{L}'’.-]*){1,3}[ \t]*\n[> \t]*$/u;
const COUNTRY_BELOW = /^[ \t]*\n[> \t]*(\p{Lu}[\p{L} ]{2,24}?)[ \t]*(?:\n|$)/u;

/** What stands before a place. */
const IN_A_PLACE =
  /(?:\b(?:university|city|town|village|mayor|capital|outskirts|streets|citizens|county|province|region|island|bishop|port|suburbs?) of|\b(?:home ?town|city|where:)|\b(?:com(?:e|es|ing)|going|road|train|bus|flight|ticket|moving|driv(?:e|ing)|return(?:ed|ing)?|around the world) to|\b(?:arriv(?:ed|es|ing)|stop(?:ped|s)?) (?:at|in)|\b(?:in|near)) $/i;
const TOWN =
  /(?:bury|borough|burgh|burg|ville|mouth|town|stadt|dorf|heim|hausen|stad|sund|fjord|grad|abad|minster|chester|shire|haven|ton)$/;
const TO = /(?:^|[\s(])(?:to|at|of|through|via|by) $/;
const PLACE_LEADS: ReadonlySet<string> = new Set(
  'New North South East West San Santa Saint St St. Port Porto Mount Fort El La Los Las Le Les Mill Great Little Upper Lower Old High Lake Villa Monte'.split(
    ' ',
  ),
);
const PLACE_GOES_ON =
  /^(?: (?:(?:de la|de los|de las|de|del|do|da|dos|an der|am|im|upon|sur|en|nad|pod|van|v|u) )\p{Lu}[\p{L}'’-]+| \(\p{Lu}\p{L}{2,14}\))/u;
const CODE_AFTER = /^ (?!(?:19|20)\d\d(?!\d))(\d{5}(?:-\d{3,4})?|\d{4}(?:-\d{3})?|\d{3} \d{2})(?![\w-]|[.,:]\d)/;

/** What stands before a person, and what is done by one. */
const TO_SOMEBODY =
  /(?:\b(?:kid|son|daughter|wife|husband|brother|sister|mother|father|mum|mom|dad|aunt|cousin|nephew|niece|friend|colleague|neighbou?r|boyfriend|girlfriend|fiancée?|named (?:him|her)|call(?:s|ed)? me|call (?:him|her)|starring|between (?:him|her|you) and|said \p{Lu}\p{Ll}+ to|gender of|(?:sung|directed|written|influenced|composed|painted|played) by|(?:maiden|middle|given|nick) ?name is)|\b(?:mr|mrs|ms|miss|dr|prof)\.?) $/iu;
const ASKED_ABOUT = /\b(?:why|where|how|who) (?:is|was|did|does|has) $/i;
const SPOKEN_TO = /^, (?:can|could|please|would|will|have you|did you|do you|what|why|how|where|are you|I |you|let|thank|come|look)/;
const CALLED = /, $/;
const CALLED_OUT = /^[!?]/;
const SPEAKS_A_LINE = /^: ?["“]?(?:\p{Lu}[\p{Ll}']*[ ,!?.]|\p{Lu}[\p{Ll}']+$)/u;
const DOES =
  /^(?:(?:'s|’s) (?:kid|son|daughter|wife|husband|brother|sister|mother|father|friend|boss|song|address|novel|birthday|house)| (?:novel|said|says|(?:had|has) (?:given|told|been|gone|said)|began|begins|spent|just|used to|is (?:very|so|happy|sad|late|here|married|from|not|always|my|his|her)|was (?:a (?:huge|great|big|good)|born|happy|late|here|influenced|married)|and \p{Lu}[\p{L}'’-]+ (?:were|are|have|had)|were|went|came|loves?|likes?|hates?|thinks?|wants?|needs?|knows?|lives|works|told|asked|gave|got|doesn't|didn't|can't)(?![\p{L}]))/u;
const NO_NAME = /(?:tion|tions|ment|ments|ness|ity|ities|ship|ware|ics|ism|ists|ings|ures|ies|ology|graphy)$/;
const PERSON_GOES_ON =
  /^ (?:van der|van den|van de|van|von der|von|de la|de los|de|del|della|da|di|dos|bin|ibn|al|ter|ten) \p{Lu}[\p{L}'’-]+/u;
const LIST_ANNOUNCED = /\b(?:founders|members|authors|brothers|sisters|children|kids|friends|names|had \d{1,2}|people): $/i;

const isAtAFirm = endingWith(AT_A_FIRM);
const isInAPlace = endingWith(IN_A_PLACE);
const isToSomebody = endingWith(TO_SOMEBODY);
const isAskedAbout = endingWith(ASKED_ABOUT);
const isAnnounced = endingWith(LIST_ANNOUNCED);

interface Guess {
  start: number;
  end: number;
  confidence: number;
}

type Push = (type: string, start: number, end: number, confidence: number) => void;

/** Adds guesses to what is sure already. */
export function guessNames(text: string, rows: readonly Word[][], sure: readonly Found[], push: Push): void {
  const named = namesIn(text, sure);
  rows.forEach((row, i) => {
    const first = row[0] as Word;
    const last = row.at(-1) as Word;
    const before = text.slice(Math.max(0, first.start - BEFORE), first.start);
    const after = text.slice(last.end, last.end + AFTER);
    const firm = firmIn(text, rows, i, before);
    if (firm !== undefined) push('ORGANIZATION', firm.start, firm.end, firm.confidence);
    else if (!guessPlace(text, row, before, push)) guessPerson(text, rows, i, before, after, named, push);
  });
  for (const { type, start, end } of sure) {
    if (type === 'LOCATION') goOn(text, 'LOCATION', start, end, PLACE_GOES_ON, push);
    else if (type === 'PERSON') goOn(text, 'PERSON', start, end, PERSON_GOES_ON, push);
  }
}

/** A name that small words lead on: `Castellón de la Plana`, `Anna van der Meer`. */
function goOn(text: string, type: string, start: number, end: number, more: RegExp, push: Push): number {
  const rest = more.exec(text.slice(end, end + AFTER));
  if (rest === null) return end;
  push(type, start, end + rest[0].length, BETTER);
  return end + rest[0].length;
}

/** The parts of full names that are sure: what may stand alone for one of them. */
function namesIn(text: string, sure: readonly Found[]): Set<string> {
  const named = new Set<string>();
  for (const { type, start, end } of sure) {
    if (type !== 'PERSON') continue;
    const parts = text.slice(start, end).split(' ');
    for (const part of [parts[0], parts.at(-1)]) if (part !== undefined && part.length > 2) named.add(part);
  }
  return named;
}

const isPlace = (name: string): boolean => COUNTRIES.has(name) || CITIES.has(name) || PEOPLES.has(name);
const isStop = (word: Word): boolean => STOP.has(word.text.toLowerCase());
const isGiven = ({ text }: Word): boolean => {
  const lower = text.toLowerCase();
  return GIVEN.has(lower) || GIVEN_MORE.has(lower);
};

/** Where the row is a firm, alone or as the first of a list of partners. */
function firmIn(text: string, rows: readonly Word[][], i: number, before: string): Guess | undefined {
  const row = rows[i] as Word[];
  const from = row.findIndex((word) => !isStop(word) || FIRMS.has(word.text));
  if (from < 0 || TITLES.has((row[0] as Word).text)) return undefined;
  const { start, text: firstWord } = row[from] as Word;
  const last = row.at(-1) as Word;
  const whole = text.slice(start, last.end);
  if (isPlace(whole)) return undefined;
  if (FIRMS.has(whole) || LONG_FIRMS.has(whole)) return { start, end: last.end, confidence: BETTER };
  const partners = partnersFrom(text, rows, i);
  const end = partners?.end ?? last.end;
  const then = text.slice(end, end + AFTER);
  // What begins the sentence is no part of the name; a stop word inside a longer one may make it something else.
  const begins = from === 0 || from === row.length - 1 || /^(?:The|At|In|During|For|With)$/.test((row[from - 1] as Word).text);
  const isSaid = isAtAFirm(before) || IS_A_FIRM.test(then) || (SENT.test(before) && SENT_TO.test(then));
  if (begins && (isSaid || headsAnAddress(row, before, then))) return { start, end, confidence: BEST };
  if (partners?.isFirm === true) return { start, end, confidence: BETTER };
  const isCoined = row.length === 1 && firstWord.length > 6 && !isGiven(row[0] as Word) && COINED.test(firstWord);
  return isCoined ? { start, end: last.end, confidence: GUESS } : undefined;
}

/** A line of its own above the street, below the name of a person or without one. */
function headsAnAddress(row: readonly Word[], before: string, then: string): boolean {
  if (!OWN_LINE.test(before) || !NUMBERED_LINE.test(then)) return false;
  if (NAME_ABOVE.test(before)) return true;
  return !row.some(isGiven) && (row.length === 1 || THINGS.has((row.at(-1) as Word).text.toLowerCase()));
}

/** `Moss, Lane and Hill` or `Moss and Sons` from row `i` on: where it ends, and whether it is a firm whatever is said of it. */
function partnersFrom(text: string, rows: readonly Word[][], i: number): { end: number; isFirm: boolean } | undefined {
  const [first, second, third] = [rows[i], rows[i + 1], rows[i + 2]];
  if (first === undefined || second === undefined || first.length > 2) return undefined;
  const between = text.slice((first.at(-1) as Word).end, (second[0] as Word).start);
  if (between === ' and ' && /^(?:Sons|Daughters|Brothers|Partners|Associates|Co\.?|Company)$/.test((second[0] as Word).text))
    return { end: (second[0] as Word).end, isFirm: true };
  if (between !== ', ' || third === undefined || second.length > 1) return undefined;
  if (!/^,? and $/.test(text.slice((second[0] as Word).end, (third[0] as Word).start))) return undefined;
  const end = (third[0] as Word).end;
  const line = text.slice(Math.max(0, (first[0] as Word).start - BEFORE), (first[0] as Word).start);
  return { end, isFirm: OWN_LINE.test(line) && /^[ \t]*(?:\n|$)/.test(text.slice(end, end + 4)) };
}

/** True when the row is taken for a place. */
function guessPlace(text: string, row: readonly Word[], before: string, push: Push): boolean {
  const first = row[0] as Word;
  const last = row.at(-1) as Word;
  const leads = row.length > 1 && PLACE_LEADS.has(first.text);
  if ((isStop(first) && !leads) || /^\p{Lu}{2,4}$/u.test(first.text)) return false;
  const cut = row.findIndex((word, i) => i > 0 && isStop(word));
  const end = cut > 0 ? (row[cut - 1] as Word).end : last.end;
  const country = COUNTRY_BELOW.exec(text.slice(goesOnTo(text, end), end + AFTER))?.[1];
  const stands =
    (isInAPlace(before) && !(row.length > 1 && (isGiven(first) || FAMILY.test(last.text)))) ||
    (row.length === 1 && first.text.length > 6 && TOWN.test(first.text) && TO.test(before)) ||
    (OWN_LINE.test(before) && country !== undefined && COUNTRIES.has(country));
  if (!stands || (row.length === 1 && isGiven(first)) || FIRM.has(last.text)) return false;
  push('LOCATION', first.start, end, BETTER);
  const whole = goOn(text, 'LOCATION', first.start, end, PLACE_GOES_ON, push);
  const further = whole > end ? goOn(text, 'LOCATION', first.start, whole, PLACE_GOES_ON, push) : whole;
  const code = / in $/.test(before) ? CODE_AFTER.exec(text.slice(further, further + 16)) : null;
  if (code !== null) push('ZIP_CODE', further + 1, further + code[0].length, GUESS);
  return true;
}

function goesOnTo(text: string, end: number): number {
  return end + (PLACE_GOES_ON.exec(text.slice(end, end + AFTER))?.[0].length ?? 0);
}

function guessPerson(
  text: string,
  rows: readonly Word[][],
  i: number,
  before: string,
  after: string,
  named: ReadonlySet<string>,
  push: Push,
): void {
  const row = rows[i] as Word[];
  const lead = row.findIndex((word) => !isStop(word) && !TITLES.has(word.text));
  if (lead < 0) return;
  const isWhole = row.slice(lead).every((word, at) => !isStop(word) || (at > 0 && word.text.length === 1));
  const first = row[lead] as Word;
  const last = row.at(-1) as Word;
  if (isPlace(text.slice(first.start, last.end)) || isPlace(first.text) || !isWhole || row.length - lead > 4) return;
  const alone = lead === row.length - 1;
  const known = isGiven(first) || (alone && named.has(first.text));
  const thing = THINGS.has(last.text.toLowerCase()) || NO_NAME.test(last.text) || FIRM.has(last.text) || /^\p{Lu}{3,}$/u.test(first.text);
  const said =
    (lead === 0 && (isToSomebody(before) || isAskedAbout(before))) ||
    (isLineStart(before) && SPEAKS_A_LINE.test(after)) ||
    (isLineStart(before) && SPOKEN_TO.test(after)) ||
    (CALLED.test(before) && CALLED_OUT.test(after)) ||
    DOES.test(after) ||
    isListed(text, rows, i);
  if (known || (!thing && said) || (!thing && !alone && row.length - lead <= 3 && row.slice(lead).every(isNamely))) {
    push('PERSON', first.start, last.end, known || said ? BETTER : GUESS);
    goOn(text, 'PERSON', first.start, last.end, PERSON_GOES_ON, push);
  }
}

/** A capital and small letters, or an initial. */
function isNamely({ text }: Word): boolean {
  return /^\p{Lu}[\p{Ll}'’-]{2,}$|^\p{Lu}\.?$/u.test(text) && !isPlace(text);
}

function isLineStart(before: string): boolean {
  return /(?:^|[.!?\n"“])[\s>]{0,3}$/.test(before);
}

/** Whether the row stands in a list of single words that names people. */
function isListed(text: string, rows: readonly Word[][], i: number): boolean {
  let from = i;
  let to = i;
  while (from > 0 && i - from < 8 && areNeighbours(text, rows[from - 1] as Word[], rows[from] as Word[])) from--;
  while (to < rows.length - 1 && to - i < 8 && areNeighbours(text, rows[to] as Word[], rows[to + 1] as Word[])) to++;
  if (from === to) return false;
  const start = ((rows[from] as Word[])[0] as Word).start;
  const end = ((rows[to] as Word[]).at(-1) as Word).end;
  if (isAnnounced(text.slice(Math.max(0, start - BEFORE), start)) || /^ (?:were|are|have|had) /.test(text.slice(end, end + 8))) return true;
  return rows.slice(from, to + 1).some((row) => isGiven(row[0] as Word) || (to - from > 1 && FAMILY.test((row[0] as Word).text)));
}

function areNeighbours(text: string, left: readonly Word[], right: readonly Word[]): boolean {
  if (left.length > 2 || right.length > 2) return false;
  return /^(?:, |,? and | & )$/.test(text.slice((left.at(-1) as Word).end, (right[0] as Word).start));
}
