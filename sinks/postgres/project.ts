/**
 * From one record to what it says of agents, models, users, violations and incidents. Pure, and of one record alone: what it
 * comes to does not depend on the records around it, so batches may be cut anywhere. Descriptions are made from names and
 * numbers; nothing that was said, and no policy's own words about it, becomes one.
 */
import { derivedId } from '../../core/ids.ts';
import { opensIncident, type Suspect } from '../../detection/incidents.ts';
import type { Threat } from '../../schemas/types.ts';
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import { countOf, microsOf, nameOf, nanosOf, timestampOf } from './values.ts';
import { violationOf } from './verdicts.ts';

export interface Projection {
  org: string;
  agentId: string;
  /** Microseconds since 1970. */
  at: number;
  interactions: 0 | 1;
  threats: 0 | 1;
  userId: string | null;
  /** The model that answered, when a vendor said which. */
  answeredBy: AnsweredBy | null;
  violations: Violation[];
  /** A threat that belongs to an incident. */
  suspect: Suspect | null;
}

export interface AnsweredBy {
  vendor: string;
  model: string;
  eventId: string;
  inputTokens: bigint;
  outputTokens: bigint;
  costNanos: bigint;
}

/** A row of `violations`, with its columns' names. */
export interface Violation {
  id: string;
  org: string;
  agent_id: string;
  user_id: string | null;
  source: 'policy' | 'threat';
  rule: string;
  effect: string;
  severity: string;
  description: string;
  interaction_id: string;
  occurred_at: string;
}

const SEVERITY_OF_EFFECT: Record<string, string> = { block: 'high', redact: 'medium', flag: 'low' };

/** Throws Unfit when the record cannot be counted. */
export function projectInteraction({ interaction, enrichment }: UnsealedAssessedInteraction): Projection {
  const at = microsOf(interaction.startedAt, 'startedAt');
  const org = nameOf(interaction.org);
  const agentId = nameOf(interaction.agentId);
  const userId = interaction.userId === null ? null : nameOf(interaction.userId);
  const { vendor, modelUsed, interactionId } = interaction;
  const inputTokens = countOf(enrichment.usage.inputTokens, 'usage.inputTokens');
  const outputTokens = countOf(enrichment.usage.outputTokens, 'usage.outputTokens');
  const costNanos = nanosOf(enrichment.costUsd ?? 0, 'costUsd');
  return {
    org,
    agentId,
    at,
    interactions: 1,
    threats: 0,
    userId,
    answeredBy:
      vendor === null || modelUsed === null
        ? null
        : { vendor: nameOf(vendor), model: nameOf(modelUsed), eventId: nameOf(interactionId), inputTokens, outputTokens, costNanos },
    violations: interaction.policyDecisions.flatMap(({ policyId, policyVersion, effect }, index): Violation[] => {
      if (effect === 'allow') return [];
      const version = policyVersion === '' ? '' : ` (version ${nameOf(policyVersion)})`;
      return [
        {
          id: derivedId('violation', 'policy', interactionId, String(index)),
          org,
          agent_id: agentId,
          user_id: userId,
          source: 'policy',
          rule: nameOf(policyId),
          effect: nameOf(effect),
          severity: SEVERITY_OF_EFFECT[effect] ?? 'medium',
          description: `Policy ${nameOf(policyId)}${version}: ${nameOf(effect)}`,
          interaction_id: nameOf(interactionId),
          occurred_at: timestampOf(at),
        },
      ];
    }),
    suspect: null,
  };
}

/** Throws Unfit when the record cannot be counted. */
export function projectThreat(threat: Threat): Projection {
  const at = microsOf(threat.occurredAt, 'occurredAt');
  const org = nameOf(threat.org);
  const agentId = nameOf(threat.agentId);
  const userId = threat.userId === null ? null : nameOf(threat.userId);
  const threatType = nameOf(threat.threatType);
  const severity = nameOf(threat.severity);
  const blocked: Violation = {
    id: violationOf(threat.threatId),
    org,
    agent_id: agentId,
    user_id: userId,
    source: 'threat',
    rule: nameOf(threat.ruleId),
    effect: 'block',
    severity,
    description: `Rule ${nameOf(threat.ruleId)} (${threatType}) blocked a ${nameOf(threat.direction)}`,
    interaction_id: nameOf(threat.interactionId),
    occurred_at: timestampOf(at),
  };
  return {
    org,
    agentId,
    at,
    interactions: 0,
    threats: 1,
    userId: null,
    answeredBy: null,
    violations: threat.actionTaken === 'blocked' ? [blocked] : [],
    suspect: opensIncident(severity) ? { threatId: threat.threatId, org, agentId, threatType, severity, at } : null,
  };
}
