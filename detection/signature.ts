/**
 * What a signature is: a pattern with everything a person needs to judge it, kept as plain data so that a rule set can
 * be read, diffed and loaded from a file. The subtle point is `on`: most patterns are written against *folded* text
 * (lower case, single spaces, no accents, look-alike letters made Latin), so they hold plain words only; those that
 * care about case or line breaks ask for `plain`, and those for text with its spaces pulled apart ask for `compact`.
 */
import type { Role } from '../schemas/content.ts';
import type { Severity, ThreatType } from './types.ts';

export interface Signature {
  /** Family prefix and number, never reused: `PI-0012`. */
  id: string;
  /** Raised whenever the pattern, the score or the check changes. */
  version: number;
  pattern: string;
  flags?: string;
  on?: 'folded' | 'plain' | 'compact';
  description: string;
  threatType: ThreatType;
  severity: Severity;
  /** 0–1: how sure this rule alone is that the text is an attack. */
  score: number;
  techniques: string[];
  languages: string[];
  applies: Applies;
  /** At least one of these stands inside every match, in folded form; without one the pattern is not tried. */
  anchors: string[];
  /** A test the matched text must pass besides the pattern. */
  check?: CheckName;
  /** On trial: what it finds is recorded and does not count. */
  staged?: true;
  positive: string[];
  negative: string[];
}

export interface Applies {
  direction: 'request' | 'response' | 'both';
  /** Tool results, tool definitions and documents count as `tool` here, whoever carried them. */
  roles?: Role[];
}

export type CheckName = 'entropy' | 'luhn';

/** Anywhere, either way: the usual reach of an attack signature. */
export const EVERYWHERE: Applies = { direction: 'both' };
export const IN_REQUESTS: Applies = { direction: 'request' };
export const IN_RESPONSES: Applies = { direction: 'response' };

/**
 * A family: what its members share, written once. `rules` are tuples in the order a reviewer reads them.
 */
export interface Family extends Pick<Signature, 'threatType' | 'techniques' | 'languages' | 'applies'> {
  prefix: string;
  on?: Signature['on'];
  rules: Rule[];
}

/** One member of a family; whatever it leaves out comes from the family. */
export type Rule = Pick<Signature, 'pattern' | 'description' | 'severity' | 'score' | 'anchors' | 'positive' | 'negative'> &
  Partial<Pick<Signature, 'version' | 'flags' | 'on' | 'threatType' | 'techniques' | 'languages' | 'applies' | 'check'>> & { n: number };

/** The signatures of a family, complete. */
export function signaturesOf(family: Family): Signature[] {
  const { prefix, rules, ...shared } = family;
  return rules.map(({ n, ...rule }) => ({ version: 1, ...shared, ...rule, id: `${prefix}-${String(n).padStart(4, '0')}` }));
}
