/**
 * One number for many findings: the chance that at least one of them is right, were they independent. Monotone: another
 * finding, or a surer one, never lowers it.
 */
import type { Finding, Severity } from './types.ts';

/** How much of a rule's certainty counts: a sure finding of a slight thing is still slight. */
const WEIGHT: Record<Severity, number> = { low: 0.6, medium: 0.85, high: 0.95, critical: 1 };

/** 0–100, a whole number. */
export function riskScore(findings: readonly Pick<Finding, 'score' | 'severity'>[]): number {
  let harmless = 1;
  for (const { score, severity } of findings) harmless *= 1 - score * WEIGHT[severity];
  return Math.round((1 - harmless) * 100);
}
