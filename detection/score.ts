/**
 * One number for many findings: the chance that at least one of them is right, were they independent. Monotone: another
 * finding, or a surer one, never lowers it. Those of rules on trial do not count, nor requests for harm.
 */
import { type Finding, HARMFUL_REQUEST, type Severity } from './types.ts';

/** How much of a rule's certainty counts: a sure finding of a slight thing is still slight. */
const WEIGHT: Record<Severity, number> = { low: 0.6, medium: 0.85, high: 0.95, critical: 1 };

/**
 * At or above it a text deserves a look although it is not blocked. On the development set the lowest score of all keeps
 * false alarms at 1.7 %, below the 5 % that were allowed; 20 leaves out the slightest rules, whose alarms were 43 benign
 * texts for 3 attacks, and comes to 0.8 %.
 */
export const ALERT_SCORE = 20;

/** Whether it has a say in the risk. What has none is recorded all the same. */
export function counts({ threatType, staged }: { threatType: string; staged?: true | undefined }): boolean {
  return !staged && threatType !== HARMFUL_REQUEST;
}

/** 0–100, a whole number. */
export function riskScore(findings: readonly Pick<Finding, 'score' | 'severity' | 'threatType' | 'staged'>[]): number {
  let harmless = 1;
  for (const finding of findings) if (counts(finding)) harmless *= 1 - finding.score * WEIGHT[finding.severity];
  return Math.round((1 - harmless) * 100);
}
