/** An event as Parapet's own JSON: what webhooks carry and Splunk indexes when nothing else is asked for. */
import type { AuditEvent, Threat } from '../../schemas/types.ts';
import { type SiemEvent, timestampOf } from './event.ts';

export function toJson(event: SiemEvent): Record<string, unknown> {
  return {
    event_type: event.topic === 'threats' ? 'threat.detected' : 'audit.recorded',
    event_id: event.id,
    severity: event.severity,
    timestamp: timestampOf(event),
    org: event.record.org,
    details: event.topic === 'threats' ? threatDetails(event.record) : auditDetails(event.record),
  };
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
