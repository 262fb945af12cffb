/**
 * The exchange as an event. The intent is written when the vendor is about to be called: it is the very event that will
 * be shipped, with status `orphaned`, should this process die. The end takes its place.
 */
import { nowMicros } from '../../core/ids.ts';
import type { Logger } from '../../core/logger.ts';
import type { KeyStore } from '../../keys/port.ts';
import { type SealedField, seal } from '../../keys/seal.ts';
import { auditRecord } from '../../log/audit.ts';
import type { LogRecord } from '../../log/port.ts';
import type { Status } from '../../log/spool/format.ts';
import type { Spool } from '../../log/spool/index.ts';
import { TOPICS } from '../../log/topics.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { Interaction, Parameters, Sealed, Usage } from '../../schemas/types.ts';
import { recordHeaders } from '../../telemetry/context.ts';
import type { Ending, Exchange } from '../exchange.ts';
import type { CanonicalRequest, ToolChoice, Usage as WireUsage } from '../wire/types.ts';
import { boundedJson } from './bounded-json.ts';

const UNPARSED_CHARS = 64 * 1024;
/** A name is a name: what a hostile client puts there instead stands whole in the sealed content. */
const NAME_CHARS = 256;
const MAX_NAMES = 1_000;
/** The largest whole number that Avro's writer takes, a little below Number.MAX_SAFE_INTEGER. */
const MAX_LONG = 9_007_199_254_740_990;

export interface RecorderParts {
  spool: Spool;
  codec: Codec;
  keys: KeyStore;
  logger: Logger;
  gatewayId: string;
  inspectMode: Interaction['inspectMode'];
  /** Bytes of JSON of one content field. */
  contentLimit: number;
  /** Headers of the exchange's records, where traces are recorded; else the caller's context is passed on. */
  traceHeaders?: ((exchange: Exchange) => Record<string, string>) | undefined;
}

export interface Recorder {
  /** Resolves when the intent is on disk. Throws when the event cannot be made, as when its key cannot be read. */
  intent(exchange: Exchange): Promise<void>;
  /** Resolves when the end is on disk. Called once for each admitted exchange; what cannot be made whole is made without content and findings. */
  end(exchange: Exchange, ending: Ending): Promise<void>;
  /** An audit event of the gateway itself. Resolves when it is on disk. */
  audit(action: string, details: Record<string, string>): Promise<void>;
}

export function createRecorder(parts: RecorderParts, org: string): Recorder {
  const { spool, codec, keys, gatewayId, traceHeaders = ({ trace, headers }) => recordHeaders(trace, headers) } = parts;

  function sealed(exchange: Exchange, field: SealedField, value: unknown): Sealed {
    const { text, truncated } = boundedJson(value, parts.contentLimit);
    if (truncated) exchange.contentTruncated = true;
    return seal(keys, exchange.identity.subject, exchange.id, field, text);
  }

  function record(exchange: Exchange, interaction: Interaction): LogRecord {
    return {
      topic: TOPICS.interactions.name,
      key: `${interaction.org}/${interaction.agentId}`,
      timestamp: Math.floor(exchange.startedAt / 1_000),
      headers: traceHeaders(exchange),
      value: codec.encode('interactions', interaction),
    };
  }

  function interactionOf(exchange: Exchange, sequence: number, status: Status, ending: Ending | undefined): Interaction {
    const { identity, request, target, answer, trace } = exchange;
    const error = ending && 'error' in ending ? ending.error : undefined;
    // Strangers' content is not kept: without a caller there is no subject to keep it for.
    if (request && exchange.caller && exchange.sealedRequest === undefined)
      exchange.sealedRequest = sealed(exchange, 'requestContent', request.content);
    const responseContent = answer && answer.content.choices.length > 0 ? sealed(exchange, 'responseContent', answer.content) : null;
    const { unparsed } = exchange;
    const errorContent =
      unparsed !== undefined && exchange.caller
        ? seal(keys, identity.subject, exchange.id, 'errorContent', unparsed.slice(0, UNPARSED_CHARS))
        : null;
    if (unparsed !== undefined && unparsed.length > UNPARSED_CHARS) exchange.contentTruncated = true;
    return {
      interactionId: exchange.id,
      gatewayId,
      gatewaySequence: sequence,
      org: identity.org,
      agentId: identity.agentId,
      userId: identity.userId,
      apiKeyId: exchange.caller?.keyId ?? null,
      sessionId: identity.sessionId,
      conversationId: identity.conversationId,
      subject: identity.subject,
      traceId: trace.traceId,
      spanId: trace.spanId,
      parentSpanId: trace.parentSpanId,
      wireFormat: exchange.wire.id,
      operation: 'chat',
      vendor: target?.vendor.config.name ?? null,
      vendorKind: target?.vendor.adapter.id ?? null,
      modelAsked: clip(request?.model ?? ''),
      modelUsed: clip(answer?.model ?? '') || null,
      region: target?.vendor.config.region ?? null,
      vendorResponseId: clip(answer?.id ?? '') || null,
      streaming: request?.stream ?? false,
      parameters: parametersOf(request),
      messageCount: request?.content.messages.length ?? 0,
      toolNames: names(request?.content.tools.map((tool) => tool.name) ?? []),
      toolsCalled: names(
        answer?.content.choices.flatMap(({ message }) => message.parts.flatMap((part) => (part.type === 'tool_call' ? [part.name] : []))) ??
          [],
      ),
      requestContent: exchange.sealedRequest ?? null,
      responseContent,
      errorContent,
      contentTruncated: exchange.contentTruncated,
      requestBytes: exchange.rawBody.length,
      responseBytes: exchange.responseBytes,
      usage: usageOf(answer?.usage),
      startedAt: exchange.startedAt,
      endedAt: ending ? nowMicros() : exchange.startedAt,
      latencyMs: performance.now() - exchange.startedMs,
      vendorMs: exchange.vendorMs,
      timeToFirstTokenMs: exchange.timeToFirstTokenMs,
      inspectMs: exchange.inspectMs,
      chunkCount: exchange.chunkCount,
      attempts: exchange.attempts,
      status,
      httpStatus: ending?.httpStatus ?? 0,
      errorCode: error?.code ?? null,
      errorMessage: error?.message.toWellFormed().slice(0, 1_000) ?? null,
      finishReason: answer?.content.choices[0]?.finishReason ?? null,
      verdicts: exchange.verdicts,
      policyDecisions: exchange.policyDecisions,
      riskScore: exchange.riskScore,
      inspectMode: parts.inspectMode,
      signatureVersion: exchange.detector.version,
      clientNetwork: networkOf(exchange.address),
      userAgent: exchange.headers['user-agent']?.slice(0, 256) ?? null,
    };
  }

  /** Whatever stands in the way of the whole event, an exchange that was admitted gets one. */
  function endOf(exchange: Exchange, sequence: number, ending: Ending): LogRecord {
    try {
      return record(exchange, interactionOf(exchange, sequence, ending.status, ending));
    } catch (thrown) {
      const err = thrown instanceof Error ? thrown.message : String(thrown);
      parts.logger.error({ interaction: exchange.id, err }, 'the event cannot be made whole, it is recorded without content and findings');
      const bare: Exchange = {
        ...exchange,
        request: undefined,
        answer: undefined,
        unparsed: undefined,
        sealedRequest: undefined,
        contentTruncated: true,
        verdicts: [],
        policyDecisions: [],
        riskScore: Math.round(exchange.riskScore) || 0,
      };
      return record(exchange, { ...interactionOf(bare, sequence, ending.status, ending), streaming: exchange.request?.stream ?? false });
    }
  }

  return {
    intent(exchange) {
      let given = 0;
      const durable = spool.intent((sequence) => {
        given = sequence;
        return record(exchange, interactionOf(exchange, sequence, 'orphaned', undefined));
      });
      exchange.gatewaySequence = given;
      return durable;
    },
    end(exchange, ending) {
      return spool.end(exchange.gatewaySequence, (sequence) => endOf(exchange, sequence, ending), ending.status, exchange.startedAt);
    },
    audit(action, details) {
      const actor = `gateway/${gatewayId}`;
      return spool.note(auditRecord(codec, { org, actor, action, target: actor, details }));
    },
  };
}

function parametersOf(request: CanonicalRequest | undefined): Parameters {
  const given = request?.parameters;
  return {
    maxTokens: long(given?.maxTokens),
    temperature: given?.temperature ?? null,
    topP: given?.topP ?? null,
    topK: long(given?.topK),
    seed: long(given?.seed),
    choices: long(given?.choices),
    stopCount: given?.stop?.length ?? 0,
    toolChoice: toolChoiceText(given?.toolChoice),
    responseFormat: given?.responseFormat?.kind ?? null,
    reasoningEffort: given?.reasoningEffort === undefined ? null : clip(given.reasoningEffort),
    thinkingBudgetTokens: long(given?.thinkingBudgetTokens),
  };
}

function toolChoiceText(choice: ToolChoice | undefined): string | null {
  if (choice === undefined) return null;
  return choice.kind === 'tool' ? `tool:${clip(choice.name)}` : choice.kind;
}

function clip(name: string): string {
  return name.length <= NAME_CHARS ? name : `${name.slice(0, NAME_CHARS).toWellFormed()}…`;
}

function names(all: string[]): string[] {
  return all.slice(0, MAX_NAMES).map(clip);
}

function long(value: number | undefined): number | null {
  return value === undefined ? null : Math.min(MAX_LONG, Math.max(-MAX_LONG, value));
}

/** Only what the vendor said whole: half a usage would be wrong, and the enrich processor can estimate. */
function usageOf(usage: WireUsage | undefined): Usage | null {
  if (usage?.inputTokens === undefined || usage.outputTokens === undefined) return null;
  return {
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedInputTokens: usage.cachedInputTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    source: 'vendor',
  };
}

/** /24 of an IPv4 address, /48 of an IPv6 address. */
function networkOf(address: string | undefined): string | null {
  if (address === undefined) return null;
  const v4 = /(\d+\.\d+\.\d+)\.\d+$/.exec(address);
  if (v4) return `${v4[1]}.0/24`;
  return `${address.split(':').slice(0, 3).join(':')}::/48`;
}
