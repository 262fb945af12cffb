/**
 * A bundle: rules that are added to the built-in ones or replace them by id, and ids of rules that are no longer wanted. Its
 * bytes are canonical (members sorted, no white space), so that a bundle has one text, one signature, and one diff.
 */
import { z } from 'zod';
import { ParapetError } from '../../core/errors.ts';
import { type Tuning, tuningSchema } from '../model/tuning.ts';
import type { Signature } from '../signature.ts';
import { problemsOf, signatureSchema } from './rules.ts';

export const BUNDLE_FORMAT = 'parapet-signatures/1';
/** Every process keeps it, and tries every example in it, so it is not a place for everything. */
export const MAX_BUNDLE_CHARS = 1024 * 1024;
const MAX_RULES = 1_000;

/** `monitor`: what the rules find is recorded and does not count; `enforce`: it counts. */
export const BUNDLE_MODES = ['monitor', 'enforce'] as const;
export type BundleMode = (typeof BUNDLE_MODES)[number];

/** What a person writes: the rules of the next bundle. */
export interface Draft {
  signatures: Signature[];
  /** Ids of rules that are not to run. Obeyed by bundles that enforce: a trial takes no protection away. */
  disabled: string[];
}

export interface Bundle extends Draft {
  format: typeof BUNDLE_FORMAT;
  /** Counts up over both modes; an older one is never taken again. */
  version: number;
  /** ISO 8601. */
  createdAt: string;
  mode: BundleMode;
  /** Of a rollback: the version whose rules these are; 0 for the built-in rules alone. */
  restores?: number | undefined;
  /** What verdicts have taught the linear model. Obeyed by bundles that enforce: a model is tried before it is published. */
  model?: Tuning | undefined;
}

const draftShape = {
  signatures: z.array(signatureSchema).max(MAX_RULES),
  disabled: z.array(z.string().min(1).max(64)).max(MAX_RULES).default([]),
};
const draftSchema = z.strictObject(draftShape);
const bundleSchema = z.strictObject({
  ...draftShape,
  format: z.literal(BUNDLE_FORMAT),
  version: z.int().min(1),
  createdAt: z.iso.datetime(),
  mode: z.enum(BUNDLE_MODES),
  restores: z.int().min(0).optional(),
  model: tuningSchema.optional(),
});

/** The text that is signed. */
export function bundleText(bundle: Bundle): string {
  return JSON.stringify(sorted(bundle));
}

/**
 * Throws PARAPET_BUNDLE_INVALID naming each rule and what is wrong with it. One that was taken before is not tried on its
 * examples again: a later Parapet may read texts better than its author foresaw, and must not lose all of its rules by that.
 */
export function parseBundle(text: string, { takenBefore = false } = {}): Bundle {
  if (text.length > MAX_BUNDLE_CHARS) throw invalid([`it has ${text.length} characters, ${MAX_BUNDLE_CHARS} are allowed`]);
  const bundle = checked(bundleSchema, jsonOf(text)) as Bundle;
  if (bundleText(bundle) !== text) throw invalid(['its text is not the canonical one']);
  checkDraft(bundle, { examples: !takenBefore });
  return bundle;
}

/** A file of rules as a person writes it: a draft, or only a list of rules. Throws PARAPET_BUNDLE_INVALID. */
export function parseDraft(text: string): Draft {
  const value = jsonOf(text);
  const draft = checked(draftSchema, Array.isArray(value) ? { signatures: value } : value) as Draft;
  checkDraft(draft);
  return draft;
}

/** Throws PARAPET_BUNDLE_INVALID unless every rule may run. */
export function checkDraft({ signatures, disabled }: Draft, { examples = true } = {}): void {
  const both = signatures.filter(({ id }) => disabled.includes(id)).map(({ id }) => `${id}: is in the bundle and disabled by it`);
  const problems = [...both, ...problemsOf(signatures, { examples })];
  if (problems.length > 0) throw invalid(problems);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ParapetError('PARAPET_BUNDLE_INVALID', { message: 'A bundle of signatures is not JSON.', cause });
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map(({ path, message }) => `${placeOf(value, path)}: ${message}`));
}

/** By its id where a rule has one: nobody counts to the 37th. */
function placeOf(value: unknown, path: readonly PropertyKey[]): string {
  const rules = Array.isArray(value) ? value : (value as { signatures?: unknown } | null)?.signatures;
  const rule =
    path[0] === 'signatures' && typeof path[1] === 'number' && Array.isArray(rules) ? (rules[path[1]] as { id?: unknown }) : null;
  if (typeof rule?.id === 'string') return [rule.id.slice(0, 64), ...path.slice(2)].join('.');
  return path.length === 0 ? 'the bundle' : path.join('.');
}

function invalid(problems: readonly string[]): ParapetError {
  const more = problems.length > 20 ? [`and ${problems.length - 20} more`] : [];
  return new ParapetError('PARAPET_BUNDLE_INVALID', {
    message: `The signatures are refused:\n  ${[...problems.slice(0, 20), ...more].join('\n  ')}`,
  });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
