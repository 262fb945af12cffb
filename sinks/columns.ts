/**
 * The analyst's columns: each topic's record flattened into snake_case columns. One list per record, shared by every
 * columnar store, so that a question reads the same in ClickHouse and over the lake's Parquet files.
 * Sealed content never becomes a column, as the types say; text is there only with personal data masked.
 */
import type { AnalystVerdict, AuditEvent, Incident, Threat } from '../schemas/types.ts';
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
  /** Where the record says it: field names with dots, and `[]` behind a list of records. */
  path: string;
  from: (record: T) => Cell;
}

/** The paths that a record has. */
type Path<T> = {
  [Name in keyof T & string]: NonNullable<T[Name]> extends readonly (infer Item)[]
    ? Item extends object
      ? `${Name}[].${keyof Item & string}`
      : Name
    : NonNullable<T[Name]> extends object
      ? string extends keyof NonNullable<T[Name]>
        ? Name
        : `${Name}.${Path<NonNullable<T[Name]>>}`
      : Name;
}[keyof T & string];

function column<T>(kind: ColumnKind, name: string, path: Path<T>): Column<T> {
  return { name, kind, nullable: false, ...reading(path) };
}

function optional<T>(kind: ColumnKind, name: string, path: Path<T>): Column<T> {
  return { name, kind, nullable: true, ...reading(path) };
}

/** Compiled, as reading a field by a name that is only known when it runs costs several times as much. */
function reading<T>(path: string): Pick<Column<T>, 'path' | 'from'> {
  if (!/^\w+(\.\w+)*(\[\]\.\w+)?$/.test(path)) throw new Error(`"${path}" is not a path.`);
  const [field, item] = path.split('[].') as [string, string | undefined];
  const value = `record.${field.replaceAll('.', '?.')}`;
  const expression = item === undefined ? `${value} ?? null` : `${value}.map((item) => item.${item})`;
  return { path, from: new Function('record', `return ${expression};`) as (record: T) => Cell };
}

/** What the gateway itself recorded. */
export const INTERACTION_COLUMNS: readonly Column<UnsealedInteraction>[] = [
  // Who and where.
  column('string', 'interaction_id', 'interactionId'),
  column('label', 'gateway_id', 'gatewayId'),
  column('long', 'gateway_sequence', 'gatewaySequence'),
  column('label', 'org', 'org'),
  column('label', 'agent_id', 'agentId'),
  optional('string', 'user_id', 'userId'),
  optional('label', 'api_key_id', 'apiKeyId'),
  optional('string', 'session_id', 'sessionId'),
  optional('string', 'conversation_id', 'conversationId'),
  column('string', 'subject', 'subject'),
  optional('string', 'trace_id', 'traceId'),
  optional('string', 'span_id', 'spanId'),
  optional('string', 'parent_span_id', 'parentSpanId'),
  optional('string', 'client_network', 'clientNetwork'),
  optional('label', 'user_agent', 'userAgent'),
  // What was called, and how.
  column('label', 'wire_format', 'wireFormat'),
  column('label', 'operation', 'operation'),
  optional('label', 'vendor', 'vendor'),
  optional('label', 'vendor_kind', 'vendorKind'),
  column('label', 'model_asked', 'modelAsked'),
  optional('label', 'model_used', 'modelUsed'),
  optional('label', 'region', 'region'),
  optional('string', 'vendor_response_id', 'vendorResponseId'),
  column('bool', 'streaming', 'streaming'),
  optional('long', 'max_tokens', 'parameters.maxTokens'),
  optional('double', 'temperature', 'parameters.temperature'),
  optional('double', 'top_p', 'parameters.topP'),
  optional('long', 'top_k', 'parameters.topK'),
  optional('long', 'seed', 'parameters.seed'),
  optional('long', 'choices', 'parameters.choices'),
  column('int', 'stop_count', 'parameters.stopCount'),
  optional('label', 'tool_choice', 'parameters.toolChoice'),
  optional('label', 'response_format', 'parameters.responseFormat'),
  optional('label', 'reasoning_effort', 'parameters.reasoningEffort'),
  optional('long', 'thinking_budget_tokens', 'parameters.thinkingBudgetTokens'),
  column('int', 'message_count', 'messageCount'),
  column('labels', 'tool_names', 'toolNames'),
  column('labels', 'tools_called', 'toolsCalled'),
  column('bool', 'content_truncated', 'contentTruncated'),
  column('long', 'request_bytes', 'requestBytes'),
  column('long', 'response_bytes', 'responseBytes'),
  // What it used.
  optional('long', 'input_tokens', 'usage.inputTokens'),
  optional('long', 'output_tokens', 'usage.outputTokens'),
  optional('long', 'cached_input_tokens', 'usage.cachedInputTokens'),
  optional('long', 'cache_write_tokens', 'usage.cacheWriteTokens'),
  optional('long', 'reasoning_tokens', 'usage.reasoningTokens'),
  optional('label', 'usage_source', 'usage.source'),
  // When, and how long.
  column('time', 'started_at', 'startedAt'),
  column('time', 'ended_at', 'endedAt'),
  column('double', 'latency_ms', 'latencyMs'),
  optional('double', 'vendor_ms', 'vendorMs'),
  optional('double', 'time_to_first_token_ms', 'timeToFirstTokenMs'),
  column('double', 'inspect_ms', 'inspectMs'),
  column('int', 'chunk_count', 'chunkCount'),
  column('int', 'attempts', 'attempts'),
  // How it ended.
  column('label', 'status', 'status'),
  column('int', 'http_status', 'httpStatus'),
  optional('label', 'error_code', 'errorCode'),
  optional('string', 'error_message', 'errorMessage'),
  optional('label', 'finish_reason', 'finishReason'),
  // What the guards in line said: arrays of equal length, one element per verdict.
  column('labels', 'verdict_rules', 'verdicts[].ruleId'),
  column('labels', 'verdict_layers', 'verdicts[].layer'),
  column('labels', 'verdict_types', 'verdicts[].threatType'),
  column('labels', 'verdict_severities', 'verdicts[].severity'),
  column('doubles', 'verdict_scores', 'verdicts[].score'),
  column('labels', 'verdict_actions', 'verdicts[].action'),
  column('labels', 'policy_ids', 'policyDecisions[].policyId'),
  column('labels', 'policy_effects', 'policyDecisions[].effect'),
  column('int', 'inline_risk_score', 'riskScore'),
  column('label', 'inspect_mode', 'inspectMode'),
  column('label', 'inline_signature_version', 'signatureVersion'),
];

/** What the processors know better than the gateway: these take the place of the gateway's column of the same name. */
const DERIVED_COLUMNS: readonly Column<UnsealedAssessedInteraction>[] = [
  column('string', 'conversation_id', 'enrichment.conversationId'),
  column('long', 'input_tokens', 'enrichment.usage.inputTokens'),
  column('long', 'output_tokens', 'enrichment.usage.outputTokens'),
  column('long', 'cached_input_tokens', 'enrichment.usage.cachedInputTokens'),
  column('long', 'cache_write_tokens', 'enrichment.usage.cacheWriteTokens'),
  column('long', 'reasoning_tokens', 'enrichment.usage.reasoningTokens'),
  column('label', 'usage_source', 'enrichment.usage.source'),
  column('int', 'turn', 'enrichment.turn'),
  optional('money', 'cost_usd', 'enrichment.costUsd'),
  optional('label', 'price_key', 'enrichment.priceKey'),
  column('label', 'price_version', 'enrichment.priceVersion'),
  optional('string', 'prompt_hash', 'enrichment.promptHash'),
  optional('string', 'response_hash', 'enrichment.responseHash'),
  column('string', 'masked_prompt', 'enrichment.maskedPrompt'),
  column('string', 'masked_response', 'enrichment.maskedResponse'),
  column('counts', 'masked_counts', 'enrichment.maskedCounts'),
  column('bool', 'content_available', 'enrichment.contentAvailable'),
  column('string', 'event_hash', 'enrichment.eventHash'),
  column('int', 'risk_score', 'assessment.riskScore'),
  column('int', 'threats_detected', 'assessment.threatsDetected'),
  optional('label', 'top_threat_type', 'assessment.topThreatType'),
  optional('label', 'top_severity', 'assessment.topSeverity'),
  column('labels', 'rule_ids', 'assessment.ruleIds'),
  column('label', 'signature_version', 'assessment.signatureVersion'),
  column('bool', 'assessment_truncated', 'assessment.truncated'),
];

/** An interaction with what enrichment and detection added. */
export const ASSESSED_COLUMNS: readonly Column<UnsealedAssessedInteraction>[] = [
  ...INTERACTION_COLUMNS.map(({ kind, name, nullable, path }): Column<UnsealedAssessedInteraction> => {
    const derived = DERIVED_COLUMNS.find((other) => other.name === name);
    return derived ?? { kind, name, nullable, ...reading(`interaction.${path}`) };
  }),
  ...DERIVED_COLUMNS.filter((derived) => INTERACTION_COLUMNS.every((other) => other.name !== derived.name)),
];

export const THREAT_COLUMNS: readonly Column<Threat>[] = [
  column('string', 'threat_id', 'threatId'),
  column('string', 'interaction_id', 'interactionId'),
  column('label', 'org', 'org'),
  column('label', 'agent_id', 'agentId'),
  optional('string', 'user_id', 'userId'),
  column('string', 'subject', 'subject'),
  column('string', 'conversation_id', 'conversationId'),
  column('time', 'occurred_at', 'occurredAt'),
  column('label', 'layer', 'layer'),
  column('label', 'rule_id', 'ruleId'),
  column('int', 'rule_version', 'ruleVersion'),
  column('label', 'threat_type', 'threatType'),
  column('label', 'severity', 'severity'),
  column('double', 'score', 'score'),
  column('int', 'risk_score', 'riskScore'),
  column('labels', 'techniques', 'techniques'),
  column('label', 'direction', 'direction'),
  column('string', 'path', 'path'),
  column('labels', 'via', 'via'),
  column('string', 'masked_excerpt', 'maskedExcerpt'),
  column('label', 'action_taken', 'actionTaken'),
  column('label', 'wire_format', 'wireFormat'),
  optional('label', 'vendor', 'vendor'),
  column('label', 'model', 'model'),
  optional('bool', 'false_positive', 'falsePositive'),
];

export const AUDIT_COLUMNS: readonly Column<AuditEvent>[] = [
  column('string', 'audit_id', 'auditId'),
  column('label', 'org', 'org'),
  column('time', 'occurred_at', 'occurredAt'),
  column('label', 'actor', 'actor'),
  column('label', 'action', 'action'),
  column('string', 'target', 'target'),
  column('label', 'outcome', 'outcome'),
  column('texts', 'details', 'details'),
  optional('string', 'interaction_id', 'interactionId'),
  optional('string', 'trace_id', 'traceId'),
];

/** Every word that was said, also those that a newer one took the place of. */
export const VERDICT_COLUMNS: readonly Column<AnalystVerdict>[] = [
  column('string', 'verdict_id', 'verdictId'),
  column('label', 'org', 'org'),
  column('time', 'occurred_at', 'occurredAt'),
  column('label', 'actor', 'actor'),
  column('label', 'verdict', 'verdict'),
  optional('string', 'threat_id', 'threatId'),
  column('string', 'interaction_id', 'interactionId'),
  column('string', 'subject', 'subject'),
  column('label', 'layer', 'layer'),
  column('label', 'rule_id', 'ruleId'),
  column('label', 'threat_type', 'threatType'),
  column('label', 'direction', 'direction'),
  column('string', 'path', 'path'),
  column('string', 'note', 'note'),
];

/** An incident as it stood after each of its records, of which the newest holds. */
export const INCIDENT_COLUMNS: readonly Column<Incident>[] = [
  column('string', 'incident_id', 'incidentId'),
  column('label', 'org', 'org'),
  column('label', 'agent_id', 'agentId'),
  column('label', 'threat_type', 'threatType'),
  column('labels', 'techniques', 'techniques'),
  column('string', 'title', 'title'),
  column('label', 'severity', 'severity'),
  column('label', 'status', 'status'),
  column('int', 'threats', 'threats'),
  column('int', 'blocked', 'blocked'),
  column('int', 'interactions', 'interactions'),
  column('int', 'risk_score', 'riskScore'),
  column('int', 'trust_score', 'trustScore'),
  column('string', 'opened_by', 'openedBy'),
  column('string', 'newest_threat_id', 'newestThreatId'),
  column('string', 'newest_interaction_id', 'newestInteractionId'),
  column('time', 'first_seen_at', 'firstSeenAt'),
  column('time', 'last_seen_at', 'lastSeenAt'),
  optional('string', 'containment', 'containment'),
];
