/** One record of every kind with every field filled: what golden bytes and codec tests are made from. */
import type { RecordName } from './definitions.ts';
import type {
  AssessedInteraction,
  Assessment,
  AuditEvent,
  Control,
  EnrichedInteraction,
  Enrichment,
  Interaction,
  Threat,
} from './types.ts';

export const INTERACTION: Interaction = {
  interactionId: '0199f3c0-0000-7000-8000-000000000001',
  gatewayId: 'gw-1',
  gatewaySequence: 42,
  org: 'acme',
  agentId: 'support-bot',
  userId: 'zoë@example.com',
  apiKeyId: 'key_1',
  sessionId: 's-1',
  conversationId: 'c-1',
  subject: 'acme/zoë@example.com',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: 'a1b2c3d4e5f60718',
  wireFormat: 'openai.chat',
  operation: 'chat',
  vendor: 'openai',
  vendorKind: 'openai',
  modelAsked: 'gpt-4o',
  modelUsed: 'gpt-4o-2024-08-06',
  region: 'eu',
  vendorResponseId: 'chatcmpl-1',
  streaming: true,
  parameters: {
    maxTokens: 256,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    seed: 7,
    choices: 1,
    stopCount: 2,
    toolChoice: 'auto',
    responseFormat: 'json_schema',
    reasoningEffort: 'low',
    thinkingBudgetTokens: 1024,
  },
  messageCount: 3,
  toolNames: ['get_weather'],
  toolsCalled: ['get_weather', 'get_weather'],
  requestContent: {
    keyId: 'k1',
    algorithm: 'A256GCM',
    compression: 'none',
    iv: Buffer.alloc(12, 1),
    ciphertext: Buffer.from('0102', 'hex'),
  },
  responseContent: {
    keyId: 'k1',
    algorithm: 'A256GCM',
    compression: 'deflate',
    iv: Buffer.alloc(12, 2),
    ciphertext: Buffer.from('ff00', 'hex'),
  },
  errorContent: null,
  contentTruncated: false,
  requestBytes: 1_234,
  responseBytes: 5_678,
  usage: { inputTokens: 120, outputTokens: 48, cachedInputTokens: 64, cacheWriteTokens: 8, reasoningTokens: 16, source: 'vendor' },
  startedAt: 1_763_700_000_123_456,
  endedAt: 1_763_700_001_623_456,
  latencyMs: 1_500.25,
  vendorMs: 1_490.5,
  timeToFirstTokenMs: 310.125,
  inspectMs: 0.75,
  chunkCount: 50,
  attempts: 1,
  status: 'answered',
  httpStatus: 200,
  errorCode: null,
  errorMessage: null,
  finishReason: 'tool_calls',
  verdicts: [
    {
      layer: 'signature',
      ruleId: 'PI-0001',
      ruleVersion: 1,
      threatType: 'prompt_injection',
      severity: 'high',
      score: 0.9,
      direction: 'request',
      path: 'messages[0].parts[0]',
      action: 'flagged',
    },
  ],
  policyDecisions: [{ policyId: 'builtin.inspect', policyVersion: '1', effect: 'flag', reason: 'risk 90 of 70' }],
  riskScore: 90,
  inspectMode: 'monitor',
  signatureVersion: '2026-11-21',
  clientNetwork: '192.0.2.0/24',
  userAgent: 'OpenAI/JS 6',
};

const ENRICHMENT: Enrichment = {
  usage: { inputTokens: 120, outputTokens: 48, cachedInputTokens: 64, cacheWriteTokens: 8, reasoningTokens: 16, source: 'vendor' },
  costUsd: 0.00071,
  priceKey: 'gpt-4o',
  priceVersion: '2026-11-21',
  conversationId: 'c-1',
  turn: 2,
  promptHash: 'ab'.repeat(32),
  responseHash: 'cd'.repeat(32),
  maskedPrompt: 'Write to [EMAIL]',
  maskedResponse: '',
  maskedCounts: { EMAIL: 1 },
  contentAvailable: true,
};

const ASSESSMENT: Assessment = {
  riskScore: 90,
  threatsDetected: 1,
  topThreatType: 'prompt_injection',
  topSeverity: 'high',
  ruleIds: ['PI-0001'],
  signatureVersion: '2026-11-21',
  truncated: false,
};

const THREAT: Threat = {
  threatId: '3f0f7f0e-0000-8000-8000-000000000001',
  interactionId: INTERACTION.interactionId,
  org: 'acme',
  agentId: 'support-bot',
  userId: null,
  subject: 'acme/support-bot',
  conversationId: 'c-1',
  occurredAt: INTERACTION.startedAt,
  layer: 'signature',
  ruleId: 'PI-0001',
  ruleVersion: 1,
  threatType: 'prompt_injection',
  severity: 'high',
  score: 0.9,
  riskScore: 90,
  techniques: ['LLM01', 'AML.T0051.000'],
  direction: 'request',
  path: 'messages[0].parts[0]',
  via: ['base64'],
  maskedExcerpt: 'ignore all previous instructions',
  actionTaken: 'flagged',
  wireFormat: 'openai.chat',
  vendor: 'openai',
  model: 'gpt-4o-2024-08-06',
  falsePositive: null,
};

const AUDIT: AuditEvent = {
  auditId: '0199f3c0-0000-7000-8000-000000000002',
  org: 'acme',
  occurredAt: INTERACTION.startedAt,
  actor: 'gateway/gw-1',
  action: 'gateway.started',
  target: 'gateway/gw-1',
  outcome: 'success',
  details: { inspectMode: 'monitor' },
  interactionId: null,
  traceId: null,
};

const CONTROL: Control = {
  org: 'acme',
  kind: 'erasure',
  key: 'erased:0123456789abcdef',
  issuedAt: INTERACTION.startedAt,
  actor: 'cli',
  value: '{"erasedAt":1764000000000000}',
};

type Samples = {
  Interaction: Interaction;
  EnrichedInteraction: EnrichedInteraction;
  AssessedInteraction: AssessedInteraction;
  Threat: Threat;
  AuditEvent: AuditEvent;
  Control: Control;
};

export const SAMPLES: Samples & Record<RecordName, unknown> = {
  Interaction: INTERACTION,
  EnrichedInteraction: { interaction: INTERACTION, enrichment: ENRICHMENT },
  AssessedInteraction: { interaction: INTERACTION, enrichment: ENRICHMENT, assessment: ASSESSMENT },
  Threat: THREAT,
  AuditEvent: AUDIT,
  Control: CONTROL,
};
