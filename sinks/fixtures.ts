/**
 * Synthetic but realistic records for the sinks' tests and benches. Seeded: the same seed gives the same records, so that
 * a process that was killed and its successor cut identical batches. No clock and no `Math.random` in here.
 */
import type { TopicId, TopicRecords } from '../log/topics.ts';
import type {
  AnalystVerdict,
  AssessedInteraction,
  AuditEvent,
  Enrichment,
  Incident,
  Interaction,
  Sealed,
  Threat,
  Usage,
  Verdict,
} from '../schemas/types.ts';
import type { SinkBatch, SinkRecord } from './port.ts';

export interface FixtureOptions {
  seed?: number;
  /** Milliseconds since 1970 of the first record; the default is 2026-03-01 00:00 UTC. */
  startMs?: number;
  /** Milliseconds between two records. */
  stepMs?: number;
}

/** Record `n` of a topic, for any n ≥ 0, independent of the others. */
export interface Fixtures {
  interaction(n: number): Interaction;
  assessed(n: number): AssessedInteraction;
  threat(n: number): Threat;
  audit(n: number): AuditEvent;
  /** On threat `n`. */
  verdict(n: number): AnalystVerdict;
  /** Opened by threat `n`. */
  incident(n: number): Incident;
  /** Offsets `first`…`last` of partition `partition` as a batch; `encode` makes the raw bytes (JSON without it). */
  batch<Id extends FixtureTopic>(topic: Id, cut: BatchCut<Id>): SinkBatch<TopicRecords[Id]>;
}

export type FixtureTopic = 'interactions' | 'assessed' | 'threats' | 'audit' | 'verdicts' | 'incidents';

export interface BatchCut<Id extends TopicId> {
  first: number;
  last: number;
  partition?: number;
  recovered?: boolean;
  encode?: (value: TopicRecords[Id]) => Buffer;
}

const MODELS = [
  { vendor: 'openai', asked: 'gpt-5-mini', used: 'gpt-5-mini-2025-08-07', region: 'us-east-1', price: 0.25 },
  { vendor: 'openai', asked: 'gpt-5', used: 'gpt-5-2025-08-07', region: 'us-east-1', price: 1.25 },
  { vendor: 'anthropic', asked: 'claude-sonnet-4-5', used: 'claude-sonnet-4-5-20250929', region: 'eu-west-1', price: 3 },
  { vendor: 'anthropic', asked: 'claude-haiku-4-5', used: 'claude-haiku-4-5-20251001', region: 'eu-west-1', price: 1 },
  { vendor: 'sandbox', asked: 'sandbox-small', used: 'sandbox-small', region: null, price: 0 },
] as const;
const STATUSES = ['answered', 'blocked', 'rejected', 'failed', 'abandoned', 'orphaned'] as const;
const WORDS =
  'please summarise the contract for our customer and list every risk with its clause number then draft a short polite reply that asks for the missing invoice before the end of this quarter while keeping names confidential'.split(
    ' ',
  );
const RULES = [
  { rule: 'LLM01-OVERRIDE-001', type: 'prompt_injection', severity: 'high', technique: 'AML.T0051' },
  { rule: 'LLM02-SECRET-004', type: 'secret_leak', severity: 'critical', technique: 'AML.T0057' },
  { rule: 'LLM07-SYSPROMPT-002', type: 'system_prompt_leak', severity: 'medium', technique: 'AML.T0056' },
  { rule: 'LLM10-BURST-001', type: 'unbounded_consumption', severity: 'low', technique: 'AML.T0034' },
] as const;

export function createFixtures(options: FixtureOptions = {}): Fixtures {
  const { seed = 1, startMs = Date.UTC(2026, 2, 1), stepMs = 250 } = options;
  const randomOf = (n: number, salt: number) => mulberry32((seed * 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b) ^ salt);

  function interaction(n: number): Interaction {
    const random = randomOf(n, 1);
    const model = pick(MODELS, random());
    const status = random() < 0.9 ? 'answered' : pick(STATUSES, random());
    const called = status !== 'blocked' && status !== 'rejected';
    const org = `org-${1 + Math.floor(random() * 3)}`;
    const agentId = `agent-${1 + Math.floor(random() * 20)}`;
    const userId = random() < 0.8 ? `user-${1 + Math.floor(random() * 500)}` : null;
    const startedAt = (startMs + n * stepMs) * 1000 + Math.floor(random() * 1000);
    const latencyMs = round(120 + random() * 4000, 3);
    const streaming = random() < 0.6;
    const interactionId = uuidV7(startedAt, random);
    return {
      interactionId,
      gatewayId: `gw-${1 + (n % 2)}`,
      gatewaySequence: n + 1,
      org,
      agentId,
      userId,
      apiKeyId: `key-${1 + Math.floor(random() * 40)}`,
      sessionId: random() < 0.5 ? `session-${Math.floor(n / 8)}` : null,
      conversationId: random() < 0.3 ? `conversation-${Math.floor(n / 6)}` : null,
      subject: `${org}/${userId ?? agentId}`,
      traceId: hex(random, 32),
      spanId: hex(random, 16),
      parentSpanId: null,
      wireFormat: model.vendor === 'anthropic' ? 'anthropic.messages' : 'openai.chat',
      operation: 'chat',
      vendor: called ? model.vendor : null,
      vendorKind: called ? model.vendor : null,
      modelAsked: model.asked,
      modelUsed: called ? model.used : null,
      region: called ? model.region : null,
      vendorResponseId: called ? `chatcmpl-${hex(random, 24)}` : null,
      streaming,
      parameters: {
        maxTokens: random() < 0.7 ? 1024 : null,
        temperature: random() < 0.5 ? round(random() * 2, 2) : null,
        topP: null,
        topK: null,
        seed: random() < 0.05 ? Math.floor(random() * 1e9) : null,
        choices: null,
        stopCount: 0,
        toolChoice: random() < 0.2 ? 'auto' : null,
        responseFormat: random() < 0.1 ? 'json_schema' : null,
        reasoningEffort: random() < 0.2 ? 'low' : null,
        thinkingBudgetTokens: null,
      },
      messageCount: 1 + Math.floor(random() * 12),
      toolNames: random() < 0.2 ? ['search_contracts', 'send_mail'] : [],
      toolsCalled: random() < 0.1 ? ['search_contracts'] : [],
      requestContent: sealed(random, 220),
      responseContent: called ? sealed(random, 300) : null,
      errorContent: null,
      contentTruncated: false,
      requestBytes: 300 + Math.floor(random() * 6000),
      responseBytes: called ? 200 + Math.floor(random() * 8000) : 0,
      usage: called ? usageOf(random) : null,
      startedAt,
      endedAt: startedAt + Math.round(latencyMs * 1000),
      latencyMs,
      vendorMs: called ? round(latencyMs * 0.97, 3) : null,
      timeToFirstTokenMs: called && streaming ? round(80 + random() * 600, 3) : null,
      inspectMs: round(0.2 + random() * 2, 3),
      chunkCount: called && streaming ? 10 + Math.floor(random() * 200) : 0,
      attempts: called ? 1 : 0,
      status,
      httpStatus:
        status === 'answered' || status === 'abandoned'
          ? 200
          : status === 'blocked'
            ? 403
            : status === 'rejected'
              ? 400
              : status === 'failed'
                ? 502
                : 0,
      errorCode:
        status === 'blocked'
          ? 'PARAPET_BLOCKED'
          : status === 'rejected'
            ? 'PARAPET_INVALID_REQUEST'
            : status === 'failed'
              ? 'PARAPET_VENDOR_TIMEOUT'
              : null,
      errorMessage: status === 'failed' ? 'The vendor did not answer in time.' : null,
      finishReason: status === 'answered' ? 'stop' : null,
      verdicts: status === 'blocked' || random() < 0.05 ? [verdict(random, status === 'blocked')] : [],
      policyDecisions:
        random() < 0.1 ? [{ policyId: 'pii-masking', policyVersion: '3', effect: 'redact', reason: 'personal data in the request' }] : [],
      riskScore: status === 'blocked' ? 80 : Math.floor(random() * 20),
      inspectMode: 'block',
      signatureVersion: '2026.03.1',
      clientNetwork: `10.${Math.floor(random() * 4)}.${Math.floor(random() * 255)}.0/24`,
      userAgent: pick(['openai-python/2.8.1', 'anthropic-sdk-typescript/1.11.0', 'langchain/1.0 "héllo"\ttab'], random()),
    };
  }

  function assessed(n: number): AssessedInteraction {
    const source = interaction(n);
    const random = randomOf(n, 2);
    const model = MODELS.find((entry) => entry.asked === source.modelAsked);
    const usage: Usage = source.usage ?? { ...usageOf(random), outputTokens: 0, reasoningTokens: 0, source: 'estimated' };
    const rules = source.verdicts.map((found) => found.ruleId);
    const enrichment: Enrichment = {
      usage,
      costUsd: source.vendor === 'sandbox' ? null : round(((model?.price ?? 0) * (usage.inputTokens + 5 * usage.outputTokens)) / 1e6, 8),
      priceKey: model?.asked ?? null,
      priceVersion: '2026-03-01',
      conversationId: source.conversationId ?? `derived-${Math.floor(n / 5)}`,
      turn: 1 + (n % 5),
      promptHash: hex(random, 64),
      responseHash: source.responseContent === null ? null : hex(random, 64),
      maskedPrompt: sentence(random, 30),
      maskedResponse: source.responseContent === null ? '' : sentence(random, 45),
      maskedCounts: random() < 0.2 ? { email: 1, iban: 2 } : {},
      contentAvailable: true,
      eventHash: hex(random, 64),
    };
    return {
      interaction: source,
      enrichment,
      assessment: {
        riskScore: Math.max(source.riskScore, rules.length > 0 ? 60 : 0),
        threatsDetected: rules.length,
        topThreatType: source.verdicts[0]?.threatType ?? null,
        topSeverity: source.verdicts[0]?.severity ?? null,
        ruleIds: rules,
        signatureVersion: '2026.03.1',
        truncated: false,
      },
    };
  }

  function threat(n: number): Threat {
    const source = interaction(n);
    const random = randomOf(n, 3);
    const found = pick(RULES, random());
    return {
      threatId: hex(random, 32),
      interactionId: source.interactionId,
      org: source.org,
      agentId: source.agentId,
      userId: source.userId,
      subject: source.subject,
      conversationId: source.conversationId ?? `derived-${Math.floor(n / 5)}`,
      occurredAt: source.startedAt,
      layer: 'signature',
      ruleId: found.rule,
      ruleVersion: 2,
      threatType: found.type,
      severity: found.severity,
      score: round(0.4 + random() * 0.6, 3),
      riskScore: 40 + Math.floor(random() * 60),
      techniques: ['LLM01:2025', found.technique],
      direction: random() < 0.8 ? 'request' : 'response',
      path: 'messages[0].content',
      via: random() < 0.2 ? ['base64'] : [],
      maskedExcerpt: sentence(random, 12),
      actionTaken: pick(['none', 'flagged', 'blocked', 'redacted'] as const, random()),
      wireFormat: source.wireFormat,
      vendor: source.vendor,
      model: source.modelUsed ?? source.modelAsked,
      falsePositive: random() < 0.05 ? true : null,
    };
  }

  function audit(n: number): AuditEvent {
    const random = randomOf(n, 4);
    const occurredAt = (startMs + n * stepMs) * 1000;
    return {
      auditId: uuidV7(occurredAt, random),
      org: `org-${1 + (n % 3)}`,
      occurredAt,
      actor: pick(['gateway/gw-1', 'person/ada', 'agent/agent-7'], random()),
      action: pick(['gateway.started', 'content.read', 'policy.published'], random()),
      target: `interaction/${n}`,
      outcome: random() < 0.97 ? 'success' : 'failure',
      details: { version: '0.1.0', reason: sentence(random, 5) },
      interactionId: random() < 0.3 ? uuidV7(occurredAt, random) : null,
      traceId: null,
    };
  }

  function said(n: number): AnalystVerdict {
    const random = randomOf(n, 5);
    const { threatId, interactionId, org, subject, layer, ruleId, threatType, direction, path, occurredAt } = threat(n);
    const saidAt = occurredAt + 60_000_000;
    return {
      ...{ threatId, interactionId, org, subject, layer, ruleId, threatType, direction, path, threatAt: occurredAt },
      verdictId: uuidV7(saidAt, random),
      occurredAt: saidAt,
      actor: pick(['ada', 'grace'], random()),
      verdict: pick(['false_positive', 'true_positive', 'withdrawn'] as const, random()),
      note: random() < 0.3 ? sentence(random, 5) : '',
    };
  }

  function incident(n: number): Incident {
    const random = randomOf(n, 6);
    const { threatId, interactionId, org, agentId, threatType, severity, techniques, riskScore, occurredAt } = threat(n);
    const threats = 1 + Math.floor(random() * 40);
    const status = pick(['open', 'contained', 'closed'] as const, random());
    return {
      ...{ org, agentId, threatType, severity, techniques, riskScore, status, threats },
      incidentId: uuidV7(occurredAt, random),
      title: `${threatType} by ${agentId}`,
      blocked: Math.floor(random() * (threats + 1)),
      interactions: Math.ceil(threats / 2),
      trustScore: Math.floor(random() * 101),
      openedBy: threatId,
      newestThreatId: threatId,
      newestInteractionId: interactionId,
      firstSeenAt: occurredAt,
      lastSeenAt: occurredAt + (threats - 1) * 60_000_000,
      containment: status === 'contained' ? 'quarantine until 2026-03-01T12:00:00.000Z' : null,
    };
  }

  const makers = { interactions: interaction, assessed, threats: threat, audit, verdicts: said, incidents: incident };
  const topicNames = {
    interactions: 'parapet.interactions.v1',
    assessed: 'parapet.interactions.assessed.v1',
    threats: 'parapet.threats.v1',
    audit: 'parapet.audit.v1',
    verdicts: 'parapet.verdicts.v1',
    incidents: 'parapet.incidents.v1',
  };

  return {
    interaction,
    assessed,
    threat,
    audit,
    verdict: said,
    incident,
    batch<Id extends FixtureTopic>(topic: Id, cut: BatchCut<Id>): SinkBatch<TopicRecords[Id]> {
      const make = makers[topic] as (n: number) => TopicRecords[Id];
      const records: SinkRecord<TopicRecords[Id]>[] = [];
      for (let offset = cut.first; offset <= cut.last; offset++) {
        const value = make(offset);
        const raw = cut.encode === undefined ? Buffer.from(JSON.stringify(value)) : cut.encode(value);
        records.push({
          offset,
          timestamp: startMs + offset * stepMs,
          key: `org-1/agent-${offset % 20}`,
          headers: { source: 'fixtures' },
          value,
          raw,
        });
      }
      return {
        topic: topicNames[topic],
        partition: cut.partition ?? 0,
        firstOffset: cut.first,
        lastOffset: cut.last,
        records,
        recovered: cut.recovered ?? false,
      };
    },
  };
}

function verdict(random: () => number, blocked: boolean): Verdict {
  const found = pick(RULES, random());
  return {
    layer: 'signature',
    ruleId: found.rule,
    ruleVersion: 2,
    threatType: found.type,
    severity: found.severity,
    score: round(0.5 + random() / 2, 3),
    direction: 'request',
    path: 'messages[0].content',
    action: blocked ? 'blocked' : 'flagged',
  };
}

function usageOf(random: () => number): Usage {
  const inputTokens = 50 + Math.floor(random() * 3000);
  return {
    inputTokens,
    outputTokens: 20 + Math.floor(random() * 1200),
    cachedInputTokens: random() < 0.4 ? Math.floor(inputTokens * random()) : 0,
    cacheWriteTokens: 0,
    reasoningTokens: random() < 0.2 ? Math.floor(random() * 500) : 0,
    source: 'vendor',
  };
}

function sealed(random: () => number, bytes: number): Sealed {
  const ciphertext = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i++) ciphertext[i] = random() * 256;
  return {
    keyId: `key-${Math.floor(random() * 50)}`,
    algorithm: 'A256GCM',
    compression: 'deflate',
    iv: ciphertext.subarray(0, 12),
    ciphertext,
  };
}

function sentence(random: () => number, words: number): string {
  let text = '';
  for (let i = 0; i < words; i++) text += `${pick(WORDS, random())} `;
  return text.trimEnd();
}

/** Small, fast and good enough for fixtures; 32 bits of state. */
function mulberry32(state: number): () => number {
  let a = state | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function uuidV7(micros: number, random: () => number): string {
  const time = Math.floor(micros / 1000)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`;
}

function hex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random() * 4294967296)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}

function pick<T>(from: readonly T[], at: number): T {
  return from[Math.min(from.length - 1, Math.floor(at * from.length))] as T;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
