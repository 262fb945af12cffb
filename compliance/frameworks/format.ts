/**
 * What a framework's file must be, and every mistake in one that is not. The shape is strict, because a misspelt `attestation`
 * would otherwise be a duty that nobody is asked to sign.
 */
import { z } from 'zod';
import { ParapetError } from '../../core/errors.ts';
import { type Framework, LANGUAGES } from '../types.ts';

/** What the references in a file are held against. */
export interface Known {
  /** Ids of checks. */
  checks: { has(id: string): boolean };
  /** Requirements that others may be related to, as `SOC2/CC7.2`. */
  requirements: { has(reference: string): boolean };
}

const MAX_SHOWN = 100;
const text = z.string().trim().min(1).max(4_000);
const languages = { en: text, de: text, fr: text, es: text };
/** A plain text is the text in every language: who adds a framework for one house need not translate it. */
const localized = z.preprocess(
  (value) => (typeof value === 'string' ? Object.fromEntries(LANGUAGES.map((language) => [language, value])) : value),
  z.strictObject(languages),
);
const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^\S(?:.*\S)?$/, 'must not begin or end with a space');

const requirementSchema = z.strictObject({
  id,
  section: id,
  title: localized,
  text: localized,
  effectiveFrom: z.iso.date().optional(),
  effectiveUntil: z.iso.date().optional(),
  checks: z.array(id),
  attestation: z.strictObject({ statement: localized, role: id, validDays: z.int().min(1).max(3_650) }).optional(),
  needs: z.array(z.enum(['policies', 'identities', 'assets'])).optional(),
  notCovered: localized.optional(),
  related: z.array(id.max(130)).optional(),
});
const frameworkSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots, dashes and underscores, 64 at most'),
  version: text,
  revision: z.int().min(1),
  title: localized,
  publisher: text,
  source: text,
  sections: z.array(z.strictObject({ id, title: localized })).min(1),
  requirements: z.array(requirementSchema).min(1),
});

/** The same file read with goodwill, so that wrong references are named together with wrong fields. */
const texts = z.array(z.string()).catch([]);
const draftSchema = z
  .object({
    id: z.string().catch(''),
    sections: z.array(z.object({ id: z.string().catch('') }).catch({ id: '' })).catch([]),
    requirements: z
      .array(
        z
          .object({
            id: z.string().catch(''),
            section: z.string().catch(''),
            checks: texts,
            needs: texts,
            related: texts,
            attestation: z.unknown().optional(),
            notCovered: z.unknown().optional(),
            effectiveFrom: z.string().optional().catch(undefined),
            effectiveUntil: z.string().optional().catch(undefined),
          })
          .nullable()
          .catch(null),
      )
      .catch([]),
  })
  .catch({ id: '', sections: [], requirements: [] });
type Draft = z.infer<typeof draftSchema>;
type RequirementDraft = NonNullable<Draft['requirements'][number]>;

/** `name` is what the error calls the file. Throws PARAPET_FRAMEWORK_INVALID with every mistake. */
export function parseFramework(source: string, name: string, known: Known): Framework {
  const value = jsonOf(source, name);
  const parsed = frameworkSchema.safeParse(value);
  const fields = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${placeOf(value, path)}: ${message}`);
  const mistakes = [...fields, ...mistakesOf(draftSchema.parse(value), known)];
  if (!parsed.success || mistakes.length > 0) throw invalidFramework(name, mistakes);
  return parsed.data;
}

export function invalidFramework(name: string, mistakes: readonly string[], cause?: unknown): ParapetError {
  const more = mistakes.length > MAX_SHOWN ? [`and ${mistakes.length - MAX_SHOWN} more`] : [];
  return new ParapetError('PARAPET_FRAMEWORK_INVALID', {
    message: `The framework ${name} cannot be used:\n  ${[...mistakes.slice(0, MAX_SHOWN), ...more].join('\n  ')}`,
    cause,
  });
}

function jsonOf(source: string, name: string): unknown {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw invalidFramework(name, ['it is not JSON'], cause);
  }
}

function mistakesOf({ id: framework, sections, requirements }: Draft, known: Known): string[] {
  const drafts = requirements.filter((requirement) => requirement !== null);
  const ids = sections.map((section) => section.id);
  const own = new Set(drafts.map((requirement) => `${framework}/${requirement.id}`));
  return [
    ...repeated(ids).map((twice) => `section ${twice} stands twice`),
    ...repeated(drafts.map((requirement) => requirement.id)).map((twice) => `requirement ${twice} stands twice`),
    ...drafts.flatMap((requirement) => {
      const mistakes = [
        ...(requirement.section === '' || ids.includes(requirement.section) ? [] : [`there is no section ${requirement.section}`]),
        ...requirement.checks.filter((check) => !known.checks.has(check)).map((check) => `there is no check ${check}`),
        ...repeated(requirement.checks).map((check) => `check ${check} stands twice`),
        ...relationMistakes(requirement, framework, own, known),
        ...answerMistakes(requirement),
        ...dateMistakes(requirement),
      ];
      return mistakes.map((mistake) => `${requirement.id === '' ? 'a requirement without an id' : requirement.id}: ${mistake}`);
    }),
  ];
}

function relationMistakes({ id, related }: RequirementDraft, framework: string, own: ReadonlySet<string>, known: Known): string[] {
  const itself = `${framework}/${id}`;
  return related
    .filter((reference) => reference === itself || !(own.has(reference) || known.requirements.has(reference)))
    .map((reference) => (reference === itself ? 'it is related to itself' : `there is no requirement ${reference}`));
}

/** A requirement that says nothing about how it is answered would pass unseen; one that says two things at once would be doubtful. */
function answerMistakes({ checks, needs, attestation, notCovered }: RequirementDraft): string[] {
  const answered = checks.length > 0 || attestation !== undefined;
  if (answered && notCovered !== undefined) return ['it is answered and says that it is not covered'];
  if (answered || needs.length > 0 || notCovered !== undefined) return [];
  return ['it has no checks, attestation, needs or notCovered'];
}

function dateMistakes({ effectiveFrom, effectiveUntil }: RequirementDraft): string[] {
  if (effectiveFrom === undefined || effectiveUntil === undefined || effectiveFrom < effectiveUntil) return [];
  return [`it ends (${effectiveUntil}) before it begins (${effectiveFrom})`];
}

function repeated(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((each, index) => each !== '' && ids.indexOf(each) !== index))];
}

/** By its id where a requirement has one: nobody counts to the 37th. */
function placeOf(value: unknown, path: readonly PropertyKey[]): string {
  const list = path[0] === 'requirements' || path[0] === 'sections' ? (value as Record<string, unknown>)[path[0]] : null;
  const entry = Array.isArray(list) && typeof path[1] === 'number' ? (list[path[1]] as { id?: unknown } | null) : null;
  if (typeof entry?.id === 'string') return [entry.id.slice(0, 64), ...path.slice(2)].join('.');
  return path.length === 0 ? 'the file' : path.join('.');
}
