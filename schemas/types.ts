// Made by schemas/generate.ts from the .avsc files. Do not edit: run `npm run schemas`.

export interface Parameters {
  maxTokens: number | null;
  temperature: number | null;
  topP: number | null;
  topK: number | null;
  seed: number | null;
  choices: number | null;
  /** Number of stop sequences; their text is content. */
  stopCount: number;
  toolChoice: string | null;
  responseFormat: string | null;
  reasoningEffort: string | null;
  thinkingBudgetTokens: number | null;
}

/** Content encrypted with its subject's data key. AES-256-GCM; the additional data is `<interactionId>/<field name>`. */
export interface Sealed {
  keyId: string;
  algorithm: string;
  compression: 'none' | 'deflate';
  /** 12 bytes. */
  iv: Buffer;
  /** The 16-byte tag is its end. */
  ciphertext: Buffer;
}

export interface Usage {
  /** All input, cached and cache writes included. */
  inputTokens: number;
  /** All output, reasoning included. */
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  source: 'vendor' | 'estimated';
}

/** What one guard found in line. */
export interface Verdict {
  layer: 'signature' | 'behaviour' | 'model';
  ruleId: string;
  ruleVersion: number;
  threatType: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  score: number;
  direction: 'request' | 'response';
  path: string;
  action: 'none' | 'flagged' | 'blocked' | 'redacted';
}

export interface PolicyDecision {
  policyId: string;
  policyVersion: string;
  effect: 'allow' | 'block' | 'redact' | 'flag';
  reason: string;
}

/** One call of a model through the gateway, from admission to its end. The record of truth: written once, kept forever, never changed. */
export interface Interaction {
  /** UUIDv7, made at admission. */
  interactionId: string;
  /** The gateway whose spool admitted it. */
  gatewayId: string;
  /** 1, 2, 3 … per gateway without a gap, in the order in which they were first written: a missing number is a lost interaction. */
  gatewaySequence: number;
  org: string;
  /** The application or agent that called; the API key's agent unless the request names another that the key may speak for. */
  agentId: string;
  /** The end user as the client names it. */
  userId: string | null;
  /** Id of the API key, never the key. */
  apiKeyId: string | null;
  sessionId: string | null;
  /** When the client names one; else the enrich processor derives it. */
  conversationId: string | null;
  /** Whose data key seals the content: org/user, or org/agent when no user is named. */
  subject: string;
  /** W3C trace context, 32 hex digits. */
  traceId: string | null;
  /** The gateway's span, 16 hex digits. */
  spanId: string | null;
  parentSpanId: string | null;
  /** The format the client spoke. */
  wireFormat: 'openai.chat' | 'openai.responses' | 'openai.embeddings' | 'anthropic.messages' | 'parapet.completions' | 'unknown';
  /** OpenTelemetry gen_ai.operation.name. */
  operation: string;
  /** Name of the configured vendor that was called; null when none was. */
  vendor: string | null;
  /** The adapter, e.g. openai, anthropic. */
  vendorKind: string | null;
  /** As the client wrote it; empty when it wrote none. */
  modelAsked: string;
  /** As the vendor answered. */
  modelUsed: string | null;
  /** Where the vendor processed the call, from the vendor's configuration. */
  region: string | null;
  vendorResponseId: string | null;
  streaming: boolean;
  parameters: Parameters;
  messageCount: number;
  /** Names of the tools offered. */
  toolNames: string[];
  /** Names of the tools the answer calls, in order. */
  toolsCalled: string[];
  /** Sealed JSON of RequestContent: messages, tool calls, tool results and tool definitions in order. */
  requestContent: Sealed | null;
  /** Sealed JSON of ResponseContent. */
  responseContent: Sealed | null;
  /** Sealed text of what could not be parsed: a bad request's or a garbage answer's first bytes. */
  errorContent: Sealed | null;
  /** True when content over the limit was cut before sealing; requestBytes and responseBytes still say its full size. */
  contentTruncated: boolean;
  requestBytes: number;
  /** Bytes of the vendor's answer body. */
  responseBytes: number;
  usage: Usage | null;
  /** When the request was admitted. */
  startedAt: number;
  endedAt: number;
  /** From the request's first byte to the answer's last. */
  latencyMs: number;
  /** Of these, spent waiting for the vendor. */
  vendorMs: number | null;
  timeToFirstTokenMs: number | null;
  /** Spent in guards on the request's way. */
  inspectMs: number;
  /** Stream frames that came from the vendor. */
  chunkCount: number;
  /** Calls made to vendors for this interaction. */
  attempts: number;
  /** answered: the client has the whole answer. blocked: a guard stopped it. rejected: refused before a vendor was called. failed: the vendor or the gateway failed. abandoned: the client left. orphaned: the gateway died before the end. */
  status: 'answered' | 'blocked' | 'rejected' | 'failed' | 'abandoned' | 'orphaned';
  /** What the client was sent; 0 when it was sent nothing. */
  httpStatus: number;
  /** PARAPET_… code. */
  errorCode: string | null;
  /** Without content. */
  errorMessage: string | null;
  finishReason: string | null;
  verdicts: Verdict[];
  policyDecisions: PolicyDecision[];
  /** 0–100, from the guards in line. */
  riskScore: number;
  inspectMode: 'off' | 'monitor' | 'block';
  /** Version of the signature set that was used. */
  signatureVersion: string;
  /** The client's network, /24 or /48: enough for geography and rate, not a person's address. */
  clientNetwork: string | null;
  userAgent: string | null;
}

export interface Enrichment {
  /** The vendor's, or an estimate. */
  usage: Usage;
  /** Null when the price of the model is not known. */
  costUsd: number | null;
  /** The entry of the price table that was used. */
  priceKey: string | null;
  priceVersion: string;
  /** The client's, or derived from how the conversation opens. */
  conversationId: string;
  /** Number of user messages, 1 for the first. */
  turn: number;
  /** Keyed SHA-256 (HMAC) of the request content, hex. */
  promptHash: string | null;
  responseHash: string | null;
  /** The last user message with personal data masked, cut to a bound. */
  maskedPrompt: string;
  maskedResponse: string;
  /** Personal data that was masked, by type. */
  maskedCounts: Record<string, number>;
  /** False when the content's data key is gone (erased). */
  contentAvailable: boolean;
  /** SHA-256 of the interaction's record as it stands in the log and the lake, hex: what evidence proves. Empty in records older than this field. */
  eventHash: string;
}

/** An interaction and what the gateway could not know in time. Derived: the same interaction and the same price table give the same bytes. */
export interface EnrichedInteraction {
  interaction: Interaction;
  enrichment: Enrichment;
}

export interface Assessment {
  /** 0–100. */
  riskScore: number;
  threatsDetected: number;
  topThreatType: string | null;
  topSeverity: string | null;
  ruleIds: string[];
  signatureVersion: string;
  truncated: boolean;
}

/** An enriched interaction and what detection in the stream says of it. The views of interactions are made from this, so the interaction comes without its sealed content. */
export interface AssessedInteraction {
  interaction: Interaction;
  enrichment: Enrichment;
  assessment: Assessment;
}

/** One rule that fired on one interaction. Its id is made from the interaction, the layer and the rule, so a replay makes the same one. */
export interface Threat {
  threatId: string;
  interactionId: string;
  org: string;
  agentId: string;
  userId: string | null;
  subject: string;
  conversationId: string;
  /** When the interaction was admitted. */
  occurredAt: number;
  layer: 'signature' | 'behaviour' | 'model';
  ruleId: string;
  ruleVersion: number;
  threatType: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  score: number;
  /** Of the whole interaction. */
  riskScore: number;
  /** OWASP LLM and Agentic, MITRE ATLAS ids. */
  techniques: string[];
  direction: 'request' | 'response';
  path: string;
  /** Decodings that made the text readable. */
  via: string[];
  maskedExcerpt: string;
  actionTaken: 'none' | 'flagged' | 'blocked' | 'redacted';
  wireFormat: string;
  vendor: string | null;
  model: string;
  /** An analyst's verdict, when there is one. */
  falsePositive: boolean | null;
}

/** Something that a person or a part of Parapet did to the system, or read from it. */
export interface AuditEvent {
  /** UUIDv7. */
  auditId: string;
  org: string;
  occurredAt: number;
  /** Who: a person, an agent or a part of Parapet, e.g. gateway/gw-1. */
  actor: string;
  /** What, as noun.verb, e.g. gateway.started. */
  action: string;
  target: string;
  outcome: 'success' | 'failure';
  details: Record<string, string>;
  interactionId: string | null;
  traceId: string | null;
}

/** Something that every process obeys from now on. The last one of an org, kind and key is what holds. */
export interface Control {
  org: string;
  /** What it is about, e.g. erasure. Kinds that a process does not know are none of its business. */
  kind: string;
  /** What it holds for, within org and kind. No personal data. */
  key: string;
  issuedAt: number;
  /** Who: a person or a part of Parapet. */
  actor: string;
  /** JSON, as the kind says. Null takes the control back. */
  value: string | null;
}

/** What a person says of a threat, or of an interaction in which an attack was missed. The newest verdict on one of them holds. */
export interface AnalystVerdict {
  /** UUIDv7. */
  verdictId: string;
  org: string;
  /** When it was said. */
  occurredAt: number;
  /** The person. */
  actor: string;
  verdict: 'false_positive' | 'true_positive' | 'missed' | 'withdrawn';
  /** Null for an attack that no rule saw. */
  threatId: string | null;
  interactionId: string;
  /** Whose interaction it was, so that erasing them reaches the note too. */
  subject: string;
  /** Of the threat, as are the next four. */
  layer: string;
  ruleId: string;
  threatType: string;
  direction: 'request' | 'response';
  /** The part of the interaction that is meant; empty for all of it. */
  path: string;
  /** When the interaction was admitted. */
  threatAt: number | null;
  note: string;
}

/** Threats of one type from one agent that belong together, as they stand after the newest of them. The last record of an id holds. */
export interface Incident {
  /** Made from the threat that opened it, so a replay makes the same one. */
  incidentId: string;
  org: string;
  agentId: string;
  threatType: string;
  /** OWASP LLM and Agentic, MITRE ATLAS ids. */
  techniques: string[];
  title: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  status: 'open' | 'contained' | 'closed';
  /** How many so far. */
  threats: number;
  /** How many of them were blocked in line. */
  blocked: number;
  /** How many interactions they are of. */
  interactions: number;
  /** The highest of any of its interactions. */
  riskScore: number;
  /** Of the agent, 0 to 100, after the newest threat. */
  trustScore: number;
  /** The threat that opened it. */
  openedBy: string;
  newestThreatId: string;
  newestInteractionId: string;
  firstSeenAt: number;
  lastSeenAt: number;
  /** What was done about the agent, e.g. quarantine until 2026-11-22T10:00:00Z. */
  containment: string | null;
}
