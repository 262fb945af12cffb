/**
 * The seeds: texts we wrote by hand, one folder a language, one JSON object a line. Read and checked here, once: what a file
 * holds beyond these shapes is refused with its file and line, so that whoever composes rows from them can trust every one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ATTACK_KINDS = [
  'instruction_override',
  'prompt_extraction',
  'jailbreak_roleplay',
  'data_exfiltration',
  'delimiter_forgery',
  'tool_injection',
  'code_injection',
] as const;
export const BENIGN_KINDS = [
  'benign_instruction',
  'benign_email',
  'benign_document',
  'benign_code',
  'benign_roleplay',
  'benign_security_question',
  'benign_trigger_words',
  'benign_conversation',
  'benign_fiction',
  'benign_tool_result',
] as const;
export const PAYLOAD_KINDS = ['indirect_injection', 'data_exfiltration', 'tool_injection', 'harmless'] as const;
export const FORMS = [
  'email',
  'web_page',
  'code',
  'tool_result',
  'document',
  'table',
  'chat',
  'ticket',
  'calendar',
  'log',
  'review',
  'readme',
  'resume',
  'transcript',
] as const;
/** What a carrier or a payload may leave open besides the payload itself. The first four are filled from `fills.json`. */
export const FILLS = ['person', 'company', 'product', 'city', 'email', 'url', 'date', 'amount', 'id'] as const;
export const PAYLOAD_SLOT = '{{payload}}';
export const LONGEST_TEXT = 4000;

export type AttackKind = (typeof ATTACK_KINDS)[number];
export type BenignKind = (typeof BENIGN_KINDS)[number];
export type Form = (typeof FORMS)[number];
export type Fill = (typeof FILLS)[number];
export type Words = Record<'person' | 'company' | 'product' | 'city', string[]>;

export interface Text<Kind extends string> {
  kind: Kind;
  text: string;
}
export interface Pair {
  kind: AttackKind;
  attack: string;
  benign: string;
}
export interface Carrier {
  form: Form;
  text: string;
}
export interface Conversation {
  label: 'attack' | 'benign';
  kind: AttackKind | BenignKind;
  turns: string[];
}
export interface Seeds {
  lang: string;
  attacks: Text<AttackKind>[];
  benign: Text<BenignKind>[];
  pairs: Pair[];
  payloads: Text<(typeof PAYLOAD_KINDS)[number]>[];
  carriers: Carrier[];
  conversations: Conversation[];
  fills: Words | undefined;
}

const SEEDS = new URL('./seeds/', import.meta.url).pathname;
/** Curly slots of ours; other double braces (a template language in a code sample) are text. */
const SLOT = new RegExp(`\\{\\{(payload|${FILLS.join('|')})\\}\\}`, 'g');

/** The seeds of the languages asked for, or of every folder there is, in the order of their names. A missing file is an empty one. */
export function readSeeds({ languages, from = SEEDS }: { languages?: string[] | undefined; from?: string } = {}): Seeds[] {
  return readdirSync(from, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (languages === undefined || languages.includes(entry.name)))
    .map((entry) => entry.name)
    .sort()
    .map((lang) => readLanguage(from, lang));
}

/** The same text for comparing: without case, punctuation and spacing. */
export function normalised(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
}

export function slotsOf(text: string): string[] {
  return [...text.matchAll(SLOT)].map(([slot]) => slot);
}

function readLanguage(from: string, lang: string): Seeds {
  const lines = <T>(name: string, parse: (line: Line) => T): T[] => linesOf(join(from, lang, name)).map(parse);
  return {
    lang,
    attacks: lines('attacks.jsonl', (line) => ({ kind: line.oneOf('kind', ATTACK_KINDS), text: line.text('text', 0) })),
    benign: lines('benign.jsonl', (line) => ({ kind: line.oneOf('kind', BENIGN_KINDS), text: line.text('text', 0) })),
    pairs: lines('pairs.jsonl', (line) => ({
      kind: line.oneOf('kind', ATTACK_KINDS),
      attack: line.text('attack', 0),
      benign: line.text('benign', 0),
    })),
    payloads: lines('payloads.jsonl', (line) => ({ kind: line.oneOf('kind', PAYLOAD_KINDS), text: line.text('text', 0) })),
    carriers: lines('carriers.jsonl', (line) => ({ form: line.oneOf('form', FORMS), text: line.text('text', 1) })),
    conversations: lines('conversations.jsonl', (line) => {
      const label = line.oneOf('label', ['attack', 'benign'] as const);
      return { label, kind: line.oneOf('kind', label === 'attack' ? ATTACK_KINDS : BENIGN_KINDS), turns: line.texts('turns') };
    }),
    fills: fillsOf(join(from, lang, 'fills.json')),
  };
}

function linesOf(path: string): Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [new Line(`${path}:${index + 1}`, line)]));
}

function fillsOf(path: string): Words | undefined {
  if (!existsSync(path)) return undefined;
  const line = new Line(path, readFileSync(path, 'utf8'));
  return { person: line.texts('person'), company: line.texts('company'), product: line.texts('product'), city: line.texts('city') };
}

/** One line of a seed file; whatever is read from it is checked as it is read. */
class Line {
  readonly #where: string;
  readonly #fields: Record<string, unknown>;

  constructor(where: string, json: string) {
    this.#where = where;
    try {
      this.#fields = JSON.parse(json);
    } catch (cause) {
      throw new Error(`${where} is not JSON.`, { cause });
    }
  }

  oneOf<T extends string>(field: string, known: readonly T[]): T {
    const value = known.find((candidate) => candidate === this.#fields[field]);
    if (value === undefined) throw new Error(`${this.#where}: ${field} must be one of ${known.join(', ')}.`);
    return value;
  }

  /** A text with exactly so many payload slots. */
  text(field: string, payloads: 0 | 1): string {
    const value = this.#fields[field];
    if (typeof value !== 'string' || value.trim() === '') throw new Error(`${this.#where}: ${field} must be a text.`);
    if (value.length > LONGEST_TEXT) throw new Error(`${this.#where}: ${field} is longer than ${LONGEST_TEXT} characters.`);
    const found = slotsOf(value).filter((slot) => slot === PAYLOAD_SLOT).length;
    if (found !== payloads) throw new Error(`${this.#where}: ${field} has ${found} payload slots, not ${payloads}.`);
    return value;
  }

  texts(field: string): string[] {
    const value = this.#fields[field];
    if (!Array.isArray(value) || value.length === 0 || !value.every((one) => typeof one === 'string' && one.trim() !== ''))
      throw new Error(`${this.#where}: ${field} must be a list of texts.`);
    return value;
  }
}
