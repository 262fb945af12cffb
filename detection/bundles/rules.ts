/**
 * What a rule must be before it may run on the hot path of somebody else's machine: whole, linear, worth looking for, and
 * right about its own examples. Every reason names the rule, because whoever wrote it reads this.
 */
import { z } from 'zod';
import type { Segment } from '../../schemas/content.ts';
import { createDetector } from '../detector.ts';
import { fold } from '../normalise.ts';
import { patternCost } from '../redos.ts';
import type { Signature } from '../signature.ts';

const MAX_PATTERN = 4_000;
/** What the proof of cost reads as something else than the engine does: modifiers, control letters, code points without `u`. */
const UNREADABLE = /\(\?[^:=!<]|\\c[A-Za-z]|\\[ux]\{/;
const MAX_EXAMPLE = 4_000;
/** Examples are tried in every process that takes a bundle, while it serves. */
const MAX_EXAMPLES = 20;

const text = (max: number) => z.string().min(1).max(max);
const words = (max: number) => z.array(text(64)).min(1).max(max);
const examples = z.array(text(MAX_EXAMPLE)).min(1).max(MAX_EXAMPLES);

export const signatureSchema = z.strictObject({
  id: z.string().regex(/^[A-Z][A-Z0-9]{1,11}-\d{4}$/, 'a family in capitals, a dash and four digits, e.g. AC-0001'),
  version: z.int().min(1).max(1_000_000),
  pattern: text(MAX_PATTERN),
  flags: z
    .string()
    .regex(/^[imsu]{0,4}$/, 'only i, m, s and u')
    .optional(),
  on: z.enum(['folded', 'plain', 'compact']).optional(),
  description: text(400),
  threatType: z.enum([
    'prompt_injection',
    'jailbreak',
    'system_prompt_extraction',
    'data_exfiltration',
    'tool_abuse',
    'command_injection',
    'sql_injection',
    'code_injection',
    'secret_leak',
    'obfuscation',
    'resource_abuse',
    'account_misuse',
  ]),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  score: z.number().gt(0).max(1),
  techniques: words(16),
  languages: words(32),
  applies: z.strictObject({
    direction: z.enum(['request', 'response', 'both']),
    roles: z
      .array(z.enum(['system', 'developer', 'user', 'assistant', 'tool']))
      .min(1)
      .optional(),
  }),
  anchors: words(64),
  check: z.enum(['entropy', 'luhn']).optional(),
  positive: examples,
  negative: examples,
});

/** Why these rules may not run, one line each; empty when they may. */
export function problemsOf(rules: readonly Signature[], { examples = true } = {}): string[] {
  const problems = [...twice(rules), ...rules.flatMap(costly)];
  // A rule that may not run is not tried on its examples either.
  return problems.length > 0 || !examples ? problems : wrongAboutExamples(rules);
}

function twice(rules: readonly Signature[]): string[] {
  const seen = new Set<string>();
  const doubled = rules.filter(({ id }) => seen.size === seen.add(id).size);
  return doubled.map(({ id }) => `${id}: there are two rules of this id`);
}

function costly({ id, pattern, flags = '', anchors, on }: Signature): string[] {
  try {
    new RegExp(pattern, flags);
    const { problems } = patternCost(pattern, flags);
    const strange = UNREADABLE.exec(pattern.replace(/\\[^cux]/g, ''))?.[0];
    const slow = [...problems, ...(strange === undefined ? [] : [`nobody can tell what ${strange} costs`])].map(
      (problem) => `${id}: would be slow: ${problem}`,
    );
    const loose = anchors.flatMap((anchor) => {
      if (fold(`.${anchor}.`) !== `.${anchor}.`) return [`${id}: anchor ${JSON.stringify(anchor)} is not written as folded text is`];
      // Two letters stand in every second text, and the pattern would be tried on all of them.
      if (anchor.trim().length < (/[^ -~]/.test(anchor) ? 1 : 3))
        return [`${id}: would be slow: anchor ${JSON.stringify(anchor)} is too short`];
      return on === 'compact' && anchor.includes(' ') ? [`${id}: compact text has no spaces, anchor ${JSON.stringify(anchor)} has`] : [];
    });
    return [...slow, ...loose];
  } catch (error) {
    return [`${id}: the pattern does not compile: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function wrongAboutExamples(rules: readonly Signature[]): string[] {
  const detector = createDetector({ signatures: rules.map(({ staged: _, ...rule }) => rule) });
  return rules.flatMap((rule) => {
    const { id, positive, negative } = rule;
    const fires = (example: string) => detector.inspect([segmentOf(rule, example)]).findings.some(({ ruleId }) => ruleId === id);
    return [
      ...positive.flatMap((example, i) => (fires(example) ? [] : [`${id}: does not find its positive example ${i + 1}`])),
      ...negative.flatMap((example, i) => (fires(example) ? [`${id}: finds its negative example ${i + 1}`] : [])),
    ];
  });
}

/** A text where the rule looks. */
export function segmentOf({ applies: { direction, roles } }: Pick<Signature, 'applies'>, example: string): Segment {
  const role = roles === undefined || roles.includes('user') ? 'user' : (roles[0] as Segment['role']);
  const kind = role === 'tool' ? 'tool_result' : 'text';
  return { direction: direction === 'both' ? 'request' : direction, role, kind, path: 'example', text: example };
}
