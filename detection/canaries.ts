/**
 * Canaries: strings that an operator plants where nobody should read them aloud (a system prompt, a record that no one asks for), so
 * that only a leak can bring them out. As rules they are found in every answer and tool call, whole or streamed, and in every encoding
 * that the detector reads.
 */
import { type Signature, signaturesOf } from './signature.ts';

/** One rule for each, in the order in which they are given: letters, digits, hyphens and underscores, so that they need no escaping. */
export function canaryRules(canaries: readonly string[]): Signature[] {
  return signaturesOf({
    prefix: 'CN',
    threatType: 'system_prompt_extraction',
    techniques: ['LLM07', 'LLM02', 'AML.T0056'],
    languages: ['any'],
    applies: { direction: 'response' },
    on: 'plain',
    rules: canaries.map((canary, i) => ({
      n: i + 1,
      pattern: canary,
      description: 'A canary that the operator planted is in the answer.',
      severity: 'critical',
      score: 0.98,
      anchors: [canary.toLowerCase()],
      positive: [canary],
      negative: [],
    })),
  });
}
