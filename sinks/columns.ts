/**
 * The analyst's columns: each topic's record flattened into snake_case columns. One list per record, shared by every
 * columnar store, so that a question reads the same in ClickHouse and over the lake's Parquet files.
 * Sealed content never becomes a column, as the types say; text is there only with personal data masked.
 */
import type { AuditEvent, Threat } from '../schemas/types.ts';
import type { UnsealedAssessedInteraction, UnsealedInteraction } from '../schemas/unsealed.ts';

/**
 * string, label (a string with few distinct values), int (32 bits), long (64 bits), double, bool,
 * money (US dollars; exact to a billionth, so that sums do not depend on their order), time (microseconds since 1970), strings, labels and doubles (arrays), texts (string → string), counts (string → int).
 */
export type ColumnKind =
  | 'string'
  | 'label'
  | 'int'
  | 'long'
  | 'double'
  | 'bool'
  | 'money'
  | 'time'
  | 'strings'
  | 'labels'
  | 'doubles'
  | 'texts'
  | 'counts';

/** Null only where `nullable`; strings are null when the record does not say. */
export type Cell = string | number | boolean | null | string[] | number[] | Record<string, string> | Record<string, number>;

export interface Column<T> {
  name: string;
  kind: ColumnKind;
  nullable: boolean;
  from: (record: T) => Cell;
}

function column<T>(kind: ColumnKind, name: string, from: (record: T) => Cell): Column<T> {
  return { name, kind, nullable: false, from };
}

function optional<T>(kind: ColumnKind, name: string, from: (record: T) => Cell): Column<T> {
  return { name, kind, nullable: true, from };
}

/** What the gateway itself recorded. */
export const INTERACTION_COLUMNS: readonly Column<UnsealedInteraction>[] = [
  // Who and where.
  column('string', 'interaction_id', (i) => i.interactionId),
  column('label', 'gateway_id', (i) => i.gatewayId),
  column('long', 'gateway_sequence', (i) => i.gatewaySequence),
  column('label', 'org', (i) => i.org),
  column('label', 'agent_id', (i) => i.agentId),
  optional('string', 'user_id', (i) => i.userId),
  optional('label', 'api_key_id', (i) => i.apiKeyId),
  optional('string', 'session_id', (i) => i.sessionId),
  optional('string', 'conversation_id', (i) => i.conversationId),
  column('string', 'subject', (i) => i.subject),
  optional('string', 'trace_id', (i) => i.traceId),
  optional('string', 'span_id', (i) => i.spanId),
  optional('string', 'parent_span_id', (i) => i.parentSpanId),
  optional('string', 'client_network', (i) => i.clientNetwork),
  optional('label', 'user_agent', (i) => i.userAgent),
  // What was called, and how.
  column('label', 'wire_format', (i) => i.wireFormat),
  column('label', 'operation', (i) => i.operation),
  optional('label', 'vendor', (i) => i.vendor),
  optional('label', 'vendor_kind', (i) => i.vendorKind),
  column('label', 'model_asked', (i) => i.modelAsked),
  optional('label', 'model_used', (i) => i.modelUsed),
  optional('label', 'region', (i) => i.region),
  optional('string', 'vendor_response_id', (i) => i.vendorResponseId),
  column('bool', 'streaming', (i) => i.streaming),
  optional('long', 'max_tokens', (i) => i.parameters.maxTokens),
  optional('double', 'temperature', (i) => i.parameters.temperature),
  optional('double', 'top_p', (i) => i.parameters.topP),
  optional('long', 'top_k', (i) => i.parameters.topK),
  optional('long', 'seed', (i) => i.parameters.seed),
  optional('long', 'choices', (i) => i.parameters.choices),
  column('int', 'stop_count', (i) => i.parameters.stopCount),
  optional('label', 'tool_choice', (i) => i.parameters.toolChoice),
  optional('label', 'response_format', (i) => i.parameters.responseFormat),
  optional('label', 'reasoning_effort', (i) => i.parameters.reasoningEffort),
  optional('long', 'thinking_budget_tokens', (i) => i.parameters.thinkingBudgetTokens),
  column('int', 'message_count', (i) => i.messageCount),
  column('labels', 'tool_names', (i) => i.toolNames),
  column('labels', 'tools_called', (i) => i.toolsCalled),
  column('bool', 'content_truncated', (i) => i.contentTruncated),
  column('long', 'request_bytes', (i) => i.requestBytes),
  column('long', 'response_bytes', (i) => i.responseBytes),
  // What it used.
  optional('long', 'input_tokens', (i) => i.usage?.inputTokens ?? null),
  optional('long', 'output_tokens', (i) => i.usage?.outputTokens ?? null),
  optional('long', 'cached_input_tokens', (i) => i.usage?.cachedInputTokens ?? null),
  optional('long', 'cache_write_tokens', (i) => i.usage?.cacheWriteTokens ?? null),
  optional('long', 'reasoning_tokens', (i) => i.usage?.reasoningTokens ?? null),
  optional('label', 'usage_source', (i) => i.usage?.source ?? null),
  // When, and how long.
  column('time', 'started_at', (i) => i.startedAt),
  column('time', 'ended_at', (i) => i.endedAt),
  column('double', 'latency_ms', (i) => i.latencyMs),
  optional('double', 'vendor_ms', (i) => i.vendorMs),
  optional('double', 'time_to_first_token_ms', (i) => i.timeToFirstTokenMs),
  column('double', 'inspect_ms', (i) => i.inspectMs),
  column('int', 'chunk_count', (i) => i.chunkCount),
  column('int', 'attempts', (i) => i.attempts),
  // How it ended.
  column('label', 'status', (i) => i.status),
  column('int', 'http_status', (i) => i.httpStatus),
  optional('label', 'error_code', (i) => i.errorCode),
  optional('string', 'error_message', (i) => i.errorMessage),
  optional('label', 'finish_reason', (i) => i.finishReason),
  // What the guards in line said: arrays of equal length, one element per verdict.
  column('labels', 'verdict_rules', (i) => i.verdicts.map((verdict) => verdict.ruleId)),
  column('labels', 'verdict_layers', (i) => i.verdicts.map((verdict) => verdict.layer)),
  column('labels', 'verdict_types', (i) => i.verdicts.map((verdict) => verdict.threatType)),
  column('labels', 'verdict_severities', (i) => i.verdicts.map((verdict) => verdict.severity)),
  column('doubles', 'verdict_scores', (i) => i.verdicts.map((verdict) => verdict.score)),
  column('labels', 'verdict_actions', (i) => i.verdicts.map((verdict) => verdict.action)),
  column('labels', 'policy_ids', (i) => i.policyDecisions.map((decision) => decision.policyId)),
  column('labels', 'policy_effects', (i) => i.policyDecisions.map((decision) => decision.effect)),
  column('int', 'inline_risk_score', (i) => i.riskScore),
  column('label', 'inspect_mode', (i) => i.inspectMode),
  column('label', 'inline_signature_version', (i) => i.signatureVersion),
];

/** What the processors know better than the gateway: these take the place of the gateway's column of the same name. */
const DERIVED_COLUMNS: readonly Column<UnsealedAssessedInteraction>[] = [
  column('string', 'conversation_id', (a) => a.enrichment.conversationId),
  column('long', 'input_tokens', (a) => a.enrichment.usage.inputTokens),
  column('long', 'output_tokens', (a) => a.enrichment.usage.outputTokens),
  column('long', 'cached_input_tokens', (a) => a.enrichment.usage.cachedInputTokens),
  column('long', 'cache_write_tokens', (a) => a.enrichment.usage.cacheWriteTokens),
  column('long', 'reasoning_tokens', (a) => a.enrichment.usage.reasoningTokens),
  column('label', 'usage_source', (a) => a.enrichment.usage.source),
  column('int', 'turn', (a) => a.enrichment.turn),
  optional('money', 'cost_usd', (a) => a.enrichment.costUsd),
  optional('label', 'price_key', (a) => a.enrichment.priceKey),
  column('label', 'price_version', (a) => a.enrichment.priceVersion),
  optional('string', 'prompt_hash', (a) => a.enrichment.promptHash),
  optional('string', 'response_hash', (a) => a.enrichment.responseHash),
  column('string', 'masked_prompt', (a) => a.enrichment.maskedPrompt),
  column('string', 'masked_response', (a) => a.enrichment.maskedResponse),
  column('counts', 'masked_counts', (a) => a.enrichment.maskedCounts),
  column('bool', 'content_available', (a) => a.enrichment.contentAvailable),
  column('int', 'risk_score', (a) => a.assessment.riskScore),
  column('int', 'threats_detected', (a) => a.assessment.threatsDetected),
  optional('label', 'top_threat_type', (a) => a.assessment.topThreatType),
  optional('label', 'top_severity', (a) => a.assessment.topSeverity),
  column('labels', 'rule_ids', (a) => a.assessment.ruleIds),
  column('label', 'signature_version', (a) => a.assessment.signatureVersion),
  column('bool', 'assessment_truncated', (a) => a.assessment.truncated),
];

/** An interaction with what enrichment and detection added. */
export const ASSESSED_COLUMNS: readonly Column<UnsealedAssessedInteraction>[] = [
  ...INTERACTION_COLUMNS.map(({ from, ...rest }): Column<UnsealedAssessedInteraction> => {
    const derived = DERIVED_COLUMNS.find((other) => other.name === rest.name);
    return derived ?? { ...rest, from: (assessed) => from(assessed.interaction) };
  }),
  ...DERIVED_COLUMNS.filter((derived) => INTERACTION_COLUMNS.every((other) => other.name !== derived.name)),
];

export const THREAT_COLUMNS: readonly Column<Threat>[] = [
  column('string', 'threat_id', (t) => t.threatId),
  column('string', 'interaction_id', (t) => t.interactionId),
  column('label', 'org', (t) => t.org),
  column('label', 'agent_id', (t) => t.agentId),
  optional('string', 'user_id', (t) => t.userId),
  column('string', 'subject', (t) => t.subject),
  column('string', 'conversation_id', (t) => t.conversationId),
  column('time', 'occurred_at', (t) => t.occurredAt),
  column('label', 'layer', (t) => t.layer),
  column('label', 'rule_id', (t) => t.ruleId),
  column('int', 'rule_version', (t) => t.ruleVersion),
  column('label', 'threat_type', (t) => t.threatType),
  column('label', 'severity', (t) => t.severity),
  column('double', 'score', (t) => t.score),
  column('int', 'risk_score', (t) => t.riskScore),
  column('labels', 'techniques', (t) => t.techniques),
  column('label', 'direction', (t) => t.direction),
  column('string', 'path', (t) => t.path),
  column('labels', 'via', (t) => t.via),
  column('string', 'masked_excerpt', (t) => t.maskedExcerpt),
  column('label', 'action_taken', (t) => t.actionTaken),
  column('label', 'wire_format', (t) => t.wireFormat),
  optional('label', 'vendor', (t) => t.vendor),
  column('label', 'model', (t) => t.model),
  optional('bool', 'false_positive', (t) => t.falsePositive),
];

export const AUDIT_COLUMNS: readonly Column<AuditEvent>[] = [
  column('string', 'audit_id', (a) => a.auditId),
  column('label', 'org', (a) => a.org),
  column('time', 'occurred_at', (a) => a.occurredAt),
  column('label', 'actor', (a) => a.actor),
  column('label', 'action', (a) => a.action),
  column('string', 'target', (a) => a.target),
  column('label', 'outcome', (a) => a.outcome),
  column('texts', 'details', (a) => a.details),
  optional('string', 'interaction_id', (a) => a.interactionId),
  optional('string', 'trace_id', (a) => a.traceId),
];
