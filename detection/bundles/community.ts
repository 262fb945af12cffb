/** What the converters of community rules share: how sure such a rule makes one, how a text becomes a pattern, how one is refused. */
import { ParapetError } from '../../core/errors.ts';
import type { Signature } from '../signature.ts';

/** Ids count on from here. */
export interface CommunityIds {
  family: string;
  first: number;
}

/** Somebody has to look at the rule anyhow; until then it must at least be quiet here. */
export const HARMLESS = 'Thank you for your message, we will come back to you on Monday.';

const SEVERITIES: Record<string, Signature['severity']> = {
  informational: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
};
const SCORES: Record<Signature['severity'], number> = { low: 0.3, medium: 0.5, high: 0.75, critical: 0.9 };

/** As the rule's author says, or medium. */
export function severityOf(said: string | undefined): Pick<Signature, 'severity' | 'score'> {
  const severity = SEVERITIES[said?.toLowerCase() ?? ''] ?? 'medium';
  return { severity, score: SCORES[severity] };
}

export function idOf({ family, first }: CommunityIds, i: number): string {
  return `${family}-${String(first + i).padStart(4, '0')}`;
}

/** The pattern that matches this text and nothing else. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The longest word is the rarest, more often than not; empty where there is none. */
export function rarestWord(folded: string): string {
  return folded.split(' ').sort((a, b) => b.length - a.length)[0] ?? '';
}

export function refused(name: string, why: string, hint: string): ParapetError {
  return new ParapetError('PARAPET_BUNDLE_INVALID', { message: `${name}: ${why}.`, hint });
}
