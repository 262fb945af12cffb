/** An event as Parapet's own JSON: what webhooks carry and Splunk indexes when nothing else is asked for. */
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import { type SiemEvent, timestampOf } from './event.ts';

const TYPES = { threats: 'threat.detected', audit: 'audit.recorded', verdicts: 'verdict.given' } as const;

export function toJson(event: SiemEvent): Record<string, unknown> {
  return {
    event_type: TYPES[event.topic],
    event_id: event.id,
    severity: event.severity,
    timestamp: timestampOf(event),
    org: event.record.org,
    details: detailsOf(event),
  };
}

function detailsOf(event: SiemEvent): Record<string, unknown> {
  switch (event.topic) {
    case 'threats':
      return threatDetails(event.record);
    case 'audit':
      return auditDetails(event.record);
    case 'verdicts':
      return verdictDetails(event.record);
  }
}

function threatDetails(threat: Threat): Record<string, unknown> {
  return {
    threat_type: threat.threatType,
    user: threat.userId,
    agent_id: threat.agentId,
    action_taken: threat.actionTaken,
    interaction_id: threat.interactionId,
    conversation_id: threat.conversationId,
    rule_id: threat.ruleId,
    rule_version: threat.ruleVersion,
    layer: threat.layer,
    score: threat.score,
    risk_score: threat.riskScore,
    techniques: threat.techniques,
    direction: threat.direction,
    path: threat.path,
    via: threat.via,
    vendor: threat.vendor,
    model: threat.model,
    wire_format: threat.wireFormat,
    masked_excerpt: threat.maskedExcerpt,
    false_positive: threat.falsePositive,
  };
}

function auditDetails(audit: AuditEvent): Record<string, unknown> {
  return {
    user: audit.actor,
    action_taken: audit.action,
    target: audit.target,
    outcome: audit.outcome,
    interaction_id: audit.interactionId,
    trace_id: audit.traceId,
    facts: audit.details,
  };
}

/** `false_positive` as it holds from now on: null when the verdict was withdrawn, or is of no threat. */
function verdictDetails(said: AnalystVerdict): Record<string, unknown> {
  const positive = said.verdict === 'false_positive' || said.verdict === 'true_positive';
  return {
    verdict: said.verdict,
    judged_by: said.actor,
    threat_id: said.threatId,
    interaction_id: said.interactionId,
    threat_type: said.threatType,
    rule_id: said.ruleId,
    layer: said.layer,
    direction: said.direction,
    path: said.path,
    false_positive: positive ? said.verdict === 'false_positive' : null,
    note: said.note,
  };
}
