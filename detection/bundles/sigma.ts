/**
 * Community rules in Sigma's form, as far as our patterns can say them: texts, beginnings, ends and patterns of a prompt or a
 * response, any of them. What must be there *together*, or must not be there, may stand anywhere in a message, and a pattern
 * sees some hundred characters: such a rule is refused unless the caller says how near is near enough. Nothing is left out
 * silently, because a rule that is half understood finds something else than its author meant.
 */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ParapetError } from '../../core/errors.ts';
import type { Signature } from '../signature.ts';
import * as community from './community.ts';
import type { Draft } from './format.ts';
import { type Alternative, alternativesOf, type Expression, isAlike, readCondition } from './sigma-condition.ts';
import { type Option, Reason, type Term, termsOf } from './sigma-values.ts';

export interface SigmaOptions extends community.CommunityIds {
  /** Within how many characters of one another stands what a rule asks for together. */
  near?: number | undefined;
}

const texts = z.array(z.string());
const ruleSchema = z.looseObject({
  title: z.string().min(1),
  description: z.string().optional(),
  author: z.string().optional(),
  license: z.string().optional(),
  level: z.string().optional(),
  tags: texts.default([]),
  logsource: z.record(z.string(), z.unknown()).optional(),
  detection: z.record(z.string(), z.unknown()),
  /** Ours: Sigma has no place for them. */
  examples: z.strictObject({ positive: texts.default([]), negative: texts.default([]) }).default({ positive: [], negative: [] }),
});
type Rule = z.infer<typeof ruleSchema>;

/** What makes of a document something else than a rule. */
const OTHER_DOCUMENTS = ['correlation', 'filter', 'action'];
const OUR_SOURCES = /^(?:llm|gen[-_ ]?ai|ai|prompts?|chat|model)\b/i;
const MAX_EXAMPLES = 20;

/** One rule or more for each of the file's. Throws PARAPET_BUNDLE_INVALID naming the one that cannot be said, and why. */
export function fromSigma(source: string, options: SigmaOptions): Draft {
  const signatures: Signature[] = [];
  for (const [i, document] of parseAllDocuments(source).entries()) {
    const value: unknown = document.errors.length === 0 ? document.toJS() : undefined;
    const name = nameOf(value) ?? `rule ${i + 1}`;
    if (document.errors.length > 0) throw refused(name, `it is not YAML: ${document.errors[0]?.message.split('\n')[0]}`);
    try {
      for (const made of signaturesOf(value, options)) signatures.push({ ...made, id: community.idOf(options, signatures.length) });
    } catch (error) {
      if (!(error instanceof Reason)) throw error;
      throw refused(name, error.message);
    }
  }
  if (signatures.length === 0) throw refused('the file', 'there is no rule in it');
  return { signatures, disabled: [] };
}

function nameOf(value: unknown): string | undefined {
  const title = typeof value === 'object' && value !== null && 'title' in value ? value.title : undefined;
  return typeof title === 'string' ? title : undefined;
}

function signaturesOf(value: unknown, { near }: SigmaOptions): Omit<Signature, 'id'>[] {
  const other = OTHER_DOCUMENTS.find((word) => typeof value === 'object' && value !== null && word in value);
  if (other !== undefined) throw new Reason(`it is a ${other}, and only rules that stand alone can be said`);
  const parsed = ruleSchema.safeParse(value);
  if (!parsed.success) {
    const { path = [], message } = parsed.error.issues[0] ?? {};
    throw new Reason(`it is not a rule: ${path.join('.')}: ${message}`);
  }
  const rule = parsed.data;
  const sources = Object.values(rule.logsource ?? {}).filter((each) => typeof each === 'string');
  if (sources.length > 0 && !sources.some((each) => OUR_SOURCES.test(each)))
    throw new Reason(`its log source is ${sources.join(', ')}, which is not what models are asked or answer`);
  const { condition, ...rest } = rule.detection;
  if (typeof condition !== 'string') throw new Reason('it has no condition, or a list of them');
  if ('timeframe' in rest) throw new Reason('it counts over a time frame');
  const selections = new Map(Object.entries(rest).map(([name, selection]) => [name, selectionOf(selection, near)]));
  const alternatives = alternativesOf(readCondition(condition, selections));
  return grouped(alternatives.map((alternative) => conjunctionOf(alternative, near))).map((terms) => signatureOf(rule, terms));
}

/** A map is all of its fields, a list is any of its maps, and a list of texts is keywords. */
function selectionOf(selection: unknown, near: number | undefined): Expression {
  if (Array.isArray(selection) && selection.some((each) => typeof each === 'object' && each !== null))
    return { kind: 'or', of: selection.map((each) => selectionOf(each, near)) };
  const fields =
    typeof selection === 'object' && selection !== null && !Array.isArray(selection) ? Object.entries(selection) : [['', selection]];
  const terms = fields.flatMap(([field, value]) => termsOf(field as string, value, near));
  if (terms.length === 0) throw new Reason('one of its selections is empty');
  return { kind: 'and', of: terms.map((term) => ({ kind: 'term', term })) };
}

/** What is asked for together, as one term: the rarest of it, with the others near where it begins. */
function conjunctionOf(alternative: Alternative, near: number | undefined): Term {
  const shortest = ({ term }: Alternative[number]) =>
    Math.min(...term.options.flatMap(({ anchors }) => anchors.map(({ length }) => length)));
  const wanted = alternative.filter((each) => each.wanted).sort((a, b) => shortest(b) - shortest(a));
  const [head, ...others] = wanted;
  if (head === undefined) throw new Reason('it only says what must not be there');
  const unwanted = alternative.filter((each) => !each.wanted);
  if (others.length + unwanted.length === 0) return head.term;
  if (near === undefined)
    throw new Reason(
      `it asks for ${unwanted.length > 0 ? 'what must not be there' : 'several texts'} anywhere in a message; --near says within how many characters`,
    );
  if (![...others, ...unwanted].every(({ term }) => isAlike(term, head.term)))
    throw new Reason('it asks together for what different patterns would read: prompts and responses, or texts and re');
  const around = ({ term, wanted: want }: Alternative[number]): string => {
    const either = eitherOf(term.options);
    const [ahead, behind] = want ? ['?=', '?<='] : ['?!', '?<!'];
    const [after, before] = [`(${ahead}[^]{0,${near}}${either})`, `(${behind}(?=${either})[^]{0,${near}})`];
    return want ? `(?:${after}|${before})` : after + before;
  };
  const conditions = [...others, ...unwanted].map(around).join('');
  const companions = others.map(({ term }) => term.options[0] as Option);
  return { ...head.term, options: head.term.options.map((option) => together(option, conditions, companions)) };
}

function together(option: Option, conditions: string, companions: readonly Option[]): Option {
  const places: Option['place'][] = ['start', 'whole', 'any', 'end'];
  const all = [option, ...companions].sort((a, b) => places.indexOf(a.place) - places.indexOf(b.place));
  const { example: _, ...rest } = option;
  const known = all.every(({ example }) => example !== undefined);
  return {
    ...rest,
    pattern: `${conditions}${eitherOf([option])}`,
    ...(known ? { example: all.map(({ example }) => example).join(' ') } : {}),
  };
}

function eitherOf(options: readonly Option[]): string {
  return `(?:${options.map(({ pattern }) => pattern).join('|')})`;
}

/** Terms that one pattern can hold, together. */
function grouped(terms: readonly Term[]): Term[] {
  const groups: Term[] = [];
  for (const term of terms) {
    const known = groups.findIndex((each) => isAlike(each, term));
    const group = groups[known];
    if (group === undefined) groups.push(term);
    else groups[known] = { ...group, options: [...group.options, ...term.options] };
  }
  return groups;
}

function signatureOf(rule: Rule, { on, flags, direction, options }: Term): Omit<Signature, 'id'> {
  const made = options.flatMap(({ example }) => (example === undefined ? [] : [example]));
  const positive = on === 'plain' ? rule.examples.positive : made;
  if (positive.length === 0) throw new Reason('nobody can tell what its re finds: give it examples.positive');
  const credit = [rule.author, rule.license].filter((each) => each !== undefined).join(', ');
  const techniques = rule.tags.flatMap(
    (tag) => /^(?:owasp\.|atlas\.|attack\.)?(llm\d\d|asi\d\d|aml\.t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? [],
  );
  return {
    version: 1,
    pattern: options.map(({ pattern }) => pattern).join('|'),
    ...(flags === '' ? {} : { flags }),
    ...(on === 'plain' ? { on } : {}),
    description: `${[rule.title, rule.description?.trim()].filter(Boolean).join(': ')}${credit === '' ? '' : ` (${credit})`}`.slice(0, 400),
    threatType: 'prompt_injection',
    ...community.severityOf(rule.level),
    techniques: techniques.length > 0 ? techniques : ['LLM01'],
    languages: ['any'],
    applies: { direction },
    anchors: [...new Set(options.flatMap(({ anchors }) => anchors))],
    positive: positive.slice(0, MAX_EXAMPLES),
    negative: [community.HARMLESS, ...rule.examples.negative].slice(0, MAX_EXAMPLES),
  };
}

function refused(name: string, why: string): ParapetError {
  return community.refused(name, why, 'Write this rule as docs/signatures.md shows, or change it so that it can be said.');
}
