/**
 * One field of a Sigma rule, `prompt|contains|all: [...]`, as patterns. Texts become patterns against folded text, which knows no
 * case, as Sigma wants it; `re` becomes one against the text as it was sent. The subtle point is `^` and `$`: a pattern sees
 * a part of a text only, so a text's own ends are asked for by what stands before and behind them.
 */
import { neededWords } from '../literals.ts';
import { fold } from '../normalise.ts';
import type { Signature } from '../signature.ts';
import { escaped, rarestWord } from './community.ts';

/** One way to be true. */
export interface Option {
  pattern: string;
  /** One of these stands in every match. */
  anchors: string[];
  place: 'start' | 'end' | 'whole' | 'any';
  /** A text that it finds; a pattern has none. */
  example?: string;
}

/** True when one of its options is found. */
export interface Term {
  on: 'folded' | 'plain';
  flags: string;
  direction: Signature['applies']['direction'];
  options: Option[];
}

const DIRECTIONS: Record<string, Term['direction']> = { prompt: 'request', response: 'response', '': 'both' };
const PLACES: Record<string, Option['place']> = { contains: 'any', startswith: 'start', endswith: 'end' };
const NO_TEXT_BEFORE = '(?<![^])';
/** Folded text may end with a space. */
const NO_TEXT_BEHIND = ' ?(?![^])';

/** The terms of one field, which must all be true; no field stands for keywords. Throws what cannot be said, as a reason. */
export function termsOf(written: string, value: unknown, near: number | undefined): Term[] {
  const [field = '', ...modifiers] = written.split('|');
  const direction = DIRECTIONS[field];
  if (direction === undefined) throw new Reason(`there is no field ${field} here, only prompt and response`);
  const values = (Array.isArray(value) ? value : [value]).map((each) => {
    if (typeof each === 'string' || typeof each === 'number') return String(each);
    throw new Reason(`${written || 'keywords'} must be a text or a list of texts`);
  });
  if (values.length === 0) throw new Reason(`${written || 'keywords'} is empty`);
  const all = modifiers.includes('all');
  const [kind = field === '' ? 'contains' : 'equals', ...others] = modifiers.filter((each) => each !== 'all');
  const flags = kind === 're' ? others.splice(0).join('') : '';
  if (others.length > 0 || !/^[ims]{0,3}$/.test(flags)) throw new Reason(`${written} has modifiers that cannot be said here`);
  if (kind !== 're' && kind !== 'equals' && PLACES[kind] === undefined)
    throw new Reason(`${written} has a modifier that cannot be said here`);
  const options = values.map((text) => (kind === 're' ? fromPattern(text, flags) : fromText(text, PLACES[kind] ?? 'whole', near)));
  const term = (some: Option[]): Term => ({ on: kind === 're' ? 'plain' : 'folded', flags, direction, options: some });
  return all ? options.map((option) => term([option])) : [term(options)];
}

/** Why a rule cannot be said; whoever reads the file adds which rule it was. */
export class Reason extends Error {}

/** `*` and `?` are wild, with a backslash before they are not. */
function fromText(written: string, asked: Option['place'], near: number | undefined): Option {
  const tokens = written.match(/\\[\\*?]|[\s\S]/g) ?? [];
  const opens = tokens[0] === '*';
  const ends = tokens.length > 1 && tokens.at(-1) === '*';
  const inner = tokens.slice(opens ? 1 : 0, ends ? -1 : undefined);
  const place = placeOf(asked, opens, ends);
  const parts = inner.reduce<string[]>((list, token) => {
    const isWild = token === '*' || token === '?';
    if (isWild || list.length === 0 || /^[*?]$/.test(list.at(-1) as string)) list.push(isWild ? token : plainSign(token));
    else list[list.length - 1] += plainSign(token);
    return list;
  }, []);
  const made = parts.map((part) => {
    if (part === '?') return { pattern: '[^]', word: '', example: 'x' };
    if (part === '*') {
      if (near === undefined) throw new Reason(`"${written}" has a gap of any length; --near says how long it may be`);
      return { pattern: `[^]{0,${near}}`, word: '', example: ' ' };
    }
    const folded = fold(`.${part}.`).slice(1, -1);
    return { pattern: escaped(folded), word: rarestWord(folded), example: part };
  });
  const pattern = made.map((each) => each.pattern).join('');
  const anchor = made.map(({ word }) => word).sort((a, b) => b.length - a.length)[0] ?? '';
  if (anchor.length < (/[^ -~]/.test(anchor) ? 1 : 3)) throw new Reason(`"${written}" has no word of three characters to look for`);
  return {
    pattern: `${place === 'start' || place === 'whole' ? NO_TEXT_BEFORE : ''}${pattern}${place === 'end' || place === 'whole' ? NO_TEXT_BEHIND : ''}`,
    anchors: [anchor.slice(0, 64)],
    place,
    example: made.map(({ example }) => example).join(''),
  };
}

/** A gap at either end is what `contains` means. */
function placeOf(asked: Option['place'], opens: boolean, ends: boolean): Option['place'] {
  const atStart = (asked === 'start' || asked === 'whole') && !opens;
  const atEnd = (asked === 'end' || asked === 'whole') && !ends;
  if (atStart) return atEnd ? 'whole' : 'start';
  return atEnd ? 'end' : 'any';
}

function plainSign(token: string): string {
  return token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
}

function fromPattern(source: string, flags: string): Option {
  if (/(?<!\\)(?:\\\\)*(?:\$|\^(?!\]))/.test(source.replace(/\[\^/g, '[')))
    throw new Reason(`re "${source}" asks for a beginning or an end; say startswith or endswith`);
  // Only the first set of words: each promises that every match holds one of it.
  const anchors = neededWords(source, { flags, plain: true }).find((words) => words.every((word) => word.trim().length >= 3));
  if (anchors === undefined) throw new Reason(`re "${source}" has no word of three letters that every match holds`);
  return { pattern: `(?:${source})`, anchors, place: 'any' };
}
