/**
 * Requests for harm: what somebody asks of a model that no model should help with. They are no attack on the application,
 * so they have a probability, bounds and a rule of their own, and no say in the risk.
 */
import type { Segment } from '../../schemas/content.ts';
import { techniquesOf } from '../techniques.ts';
import { type Finding, HARMFUL_REQUEST } from '../types.ts';

/** The weights of a sum of log-odds, and the probabilities from which it is worth a finding, and from which a sure one. */
export interface HarmWeights {
  bias: number;
  linear: number;
  /** Nought where the classifier was not asked. */
  classifier: number;
  alert: number;
  block: number;
}

export interface HarmfulSettings {
  fast: HarmWeights;
  /** Where the classifier was asked; left out when it has no such head, or nobody knows how its odds add up. */
  full?: HarmWeights;
}

/** The classifier's label of the same name. */
export const HARMFUL_LABEL = 'harmful';

export function probabilityOf({ bias, linear, classifier }: HarmWeights, logits: { linear: number; classifier?: number }): number {
  return 1 / (1 + Math.exp(-(bias + linear * logits.linear + classifier * (logits.classifier ?? 0))));
}

/** The linear model's log-odds from which on a text is worth a finding. */
export function neededForHarm({ bias, linear, alert }: HarmWeights): number {
  return linear > 0 ? (Math.log(alert / (1 - alert)) - bias) / linear : Number.POSITIVE_INFINITY;
}

/** Only people ask: what tools return and documents tell may be about harm, and asks for none. */
export function mayAsk({ direction, role, kind }: Segment): boolean {
  return direction === 'request' && role === 'user' && kind === 'text';
}

/** Never so grave that it opens an incident: nothing was done to the application. */
export function harmFinding(
  { block }: HarmWeights,
  probability: number,
  { segment, via, excerpt }: { segment: Segment; via: readonly string[]; excerpt: string },
): Finding {
  return {
    ruleId: 'MD-0004',
    ruleVersion: 1,
    layer: 'model',
    threatType: HARMFUL_REQUEST,
    severity: probability >= block ? 'medium' : 'low',
    score: probability,
    techniques: techniquesOf(HARMFUL_REQUEST),
    direction: segment.direction,
    role: segment.role,
    path: segment.path,
    via: [...via],
    excerpt,
  };
}
