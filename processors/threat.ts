/** The record of a rule that fired on an interaction. Its id is made from both, so that a replay makes the same one. */
import { derivedId } from '../core/ids.ts';
import type { EnrichedInteraction, Verdict } from '../schemas/types.ts';

type Shared = Pick<Verdict, 'layer' | 'ruleId' | 'ruleVersion' | 'severity' | 'score' | 'direction' | 'path'> & { threatType: string };

/** All but what only the finder knows: excerpt, techniques, and what was done about it. */
export function threatBase({ interaction, enrichment }: EnrichedInteraction, found: Shared, riskScore: number) {
  return {
    threatId: derivedId('threat', interaction.interactionId, found.layer, found.ruleId, found.direction),
    interactionId: interaction.interactionId,
    org: interaction.org,
    agentId: interaction.agentId,
    userId: interaction.userId,
    subject: interaction.subject,
    conversationId: enrichment.conversationId,
    occurredAt: interaction.startedAt,
    layer: found.layer,
    ruleId: found.ruleId,
    ruleVersion: found.ruleVersion,
    threatType: found.threatType,
    severity: found.severity,
    score: found.score,
    riskScore,
    direction: found.direction,
    path: found.path,
    wireFormat: interaction.wireFormat,
    vendor: interaction.vendor,
    model: interaction.modelUsed ?? interaction.modelAsked,
    falsePositive: null,
  };
}
