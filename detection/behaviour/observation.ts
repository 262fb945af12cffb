/**
 * One interaction as behaviour sees it: numbers and hashes, nothing that could be read back. Made once for each
 * interaction from what the stream knows; everything later works on this alone. Times are the event's own.
 */
import type { Message, Part, RequestContent, ResponseContent } from '../../schemas/content.ts';
import type { EnrichedInteraction } from '../../schemas/types.ts';
import type { Inspection } from '../types.ts';
import { hashOf } from './hash.ts';
import { shapeOf, type TextShape } from './text.ts';

/** Where on Earth a network is, when somebody can tell. */
export interface Place {
  country: string;
  latitude: number;
  longitude: number;
}

export interface ObservationParts {
  enriched: EnrichedInteraction;
  content: { request: RequestContent | undefined; response: ResponseContent | undefined };
  inspection: Inspection;
  /** Offset of the interaction in its partition: what a state has counted, it does not count again. */
  position: number;
  /** Must be a pure table, or a replay would see another world. */
  locate?: (network: string) => Place | undefined;
  /** Strings that no honest answer or tool call can hold. */
  canaries?: readonly string[];
}

/** What an answer came to, for ratios. */
export type Ending = 'answered' | 'refused' | 'blocked' | 'rejected' | 'failed' | 'abandoned';

/** Hashes are 32-bit and never 0; 0 is "none" or "unknown". Amounts that are not known are NaN. */
export interface Observation {
  position: number;
  /** Milliseconds since 1970, when the request was admitted. */
  at: number;
  hour: number;
  /** 0 is Sunday, UTC. */
  weekday: number;
  user: number;
  conversation: number;
  apiKey: number;
  network: number;
  country: number;
  latitude: number;
  longitude: number;
  /** Of the vendor that processed the call. */
  region: number;
  vendor: number;
  model: number;
  wireFormat: number;
  userAgent: number;
  ending: Ending;
  httpStatus: number;
  cutShort: boolean;
  filtered: boolean;
  attempts: number;
  /** Of the last user message. */
  text: TextShape;
  responseChars: number;
  responseHash: number;
  responseSketch: Uint16Array;
  systemHash: number;
  systemChars: number;
  inputTokens: number;
  outputTokens: number;
  cachedShare: number;
  reasoningTokens: number;
  costUsd: number;
  latencyMs: number;
  firstTokenMs: number;
  requestBytes: number;
  messages: number;
  turn: number;
  temperature: number;
  maxTokens: number;
  toolsOffered: number;
  /** Names and descriptions of all tools offered. */
  toolsHash: number;
  /** Names of the tools called, in order. */
  tools: number[];
  /** Name and arguments of each call. */
  calls: number[];
  /** How the called tools' names sound. */
  toolKinds: ToolKinds;
  unofferedCalls: number;
  toolErrors: number;
  toolResultChars: number;
  /** True when the newest message is a tool's result: no person spoke. */
  afterTool: boolean;
  personalData: number;
  personalKinds: number;
  /** 0–100, of the signatures. */
  signatureRisk: number;
  /** The same, of what stands in tool results and documents alone. */
  indirectRisk: number;
  canaries: number;
}

export interface ToolKinds {
  reads: boolean;
  sends: boolean;
  destroys: boolean;
  executes: boolean;
  pays: boolean;
}

const REFUSAL =
  /^\W*(?:(?:i'?m |i am |we'?re )?(?:very |truly |really )?(?:sorry|unable|not able)|i (?:can(?:no|')t|won'?t|must decline|cannot)|unfortunately,? i|no puedo|lo siento|je ne peux pas|désolé|ich kann (?:ihnen |dir )?(?:dabei |das )?nicht|es tut mir leid|não posso|desculpe|non posso|mi dispiace)/i;
const READS = /read|query|search|get_|list|fetch|lookup|select|export|load|download/i;
const SENDS = /send|mail|post|upload|publish|webhook|http_|request|share|forward|message|slack/i;
const DESTROYS = /delete|remove|drop|truncate|destroy|wipe|purge|revoke/i;
const EXECUTES = /exec|shell|bash|python|eval|command|terminal|run_code|interpreter/i;
const PAYS = /pay|transfer|refund|invoice|purchase|order_|checkout|withdraw/i;
/** Of long tool definitions and call arguments so much is hashed. */
const HASHED = 4_000;
/** Of an answer so much is compared with others. */
const SKETCHED = 500;
const NOTHING = '';

export function observe({ enriched, content, inspection, position, locate, canaries }: ObservationParts): Observation {
  const { interaction, enrichment } = enriched;
  const { request, response } = content;
  const at = Math.floor(interaction.startedAt / 1_000);
  const date = new Date(at);
  const place = interaction.clientNetwork === null ? undefined : locate?.(interaction.clientNetwork);
  const said = request ? lastUserText(request.messages) : enrichment.maskedPrompt;
  const answer = response?.choices[0]?.message;
  const answerText = answer ? textOf(answer.parts) : enrichment.maskedResponse;
  const answerShape = shapeOf(answerText.slice(0, SKETCHED));
  const system = request ? systemText(request.messages) : NOTHING;
  const calls = callsOf(answer?.parts ?? []);
  const { usage } = enrichment;
  const tools = interaction.toolsCalled.map(hashOf);
  const offered = new Set(interaction.toolNames);
  const results = resultsOf(request?.messages ?? []);
  let personalData = 0;
  for (const count of Object.values(enrichment.maskedCounts)) personalData += count;
  return {
    position,
    at,
    hour: date.getUTCHours(),
    weekday: date.getUTCDay(),
    user: named(interaction.userId),
    conversation: hashOf(enrichment.conversationId),
    apiKey: named(interaction.apiKeyId),
    network: named(interaction.clientNetwork),
    country: named(place?.country),
    latitude: place?.latitude ?? Number.NaN,
    longitude: place?.longitude ?? Number.NaN,
    region: named(interaction.region),
    vendor: named(interaction.vendor),
    model: named(interaction.modelUsed ?? interaction.modelAsked),
    wireFormat: hashOf(interaction.wireFormat),
    userAgent: named(interaction.userAgent),
    ending: endingOf(interaction.status, interaction.finishReason, answer?.parts, answerText),
    httpStatus: interaction.httpStatus,
    cutShort: interaction.finishReason === 'length',
    filtered: interaction.finishReason === 'content_filter',
    attempts: interaction.attempts,
    text: shapeOf(said),
    responseChars: answerText.length,
    responseHash: answerShape.chars === 0 ? 0 : answerShape.hash,
    responseSketch: answerShape.sketch,
    systemHash: system === NOTHING ? 0 : hashOf(system.slice(0, HASHED)),
    systemChars: system.length,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedShare: usage.inputTokens === 0 ? 0 : usage.cachedInputTokens / usage.inputTokens,
    reasoningTokens: usage.reasoningTokens,
    costUsd: enrichment.costUsd ?? Number.NaN,
    latencyMs: interaction.latencyMs,
    firstTokenMs: interaction.timeToFirstTokenMs ?? Number.NaN,
    requestBytes: interaction.requestBytes,
    messages: interaction.messageCount,
    turn: enrichment.turn,
    temperature: interaction.parameters.temperature ?? Number.NaN,
    maxTokens: interaction.parameters.maxTokens ?? Number.NaN,
    toolsOffered: interaction.toolNames.length,
    toolsHash: request ? definitionsHash(request) : 0,
    tools,
    calls: calls.length > 0 ? calls : tools,
    toolKinds: kindsOf(interaction.toolsCalled),
    unofferedCalls: offered.size === 0 ? 0 : interaction.toolsCalled.filter((name) => !offered.has(name)).length,
    toolErrors: results.errors,
    toolResultChars: results.chars,
    afterTool: results.last,
    personalData,
    personalKinds: Object.keys(enrichment.maskedCounts).length,
    signatureRisk: Math.max(inspection.riskScore, interaction.riskScore),
    indirectRisk: indirectRisk(inspection),
    canaries: canaries === undefined ? 0 : canariesIn(canaries, answerText, answer?.parts ?? []),
  };
}

const named = (name: string | null | undefined): number => (name ? hashOf(name) : 0);

function endingOf(status: string, finishReason: string | null, parts: Part[] | undefined, text: string): Ending {
  if (status === 'blocked' || status === 'rejected' || status === 'failed' || status === 'abandoned') return status;
  if (status === 'orphaned') return 'failed';
  if (finishReason === 'refusal' || finishReason === 'content_filter') return 'refused';
  if (parts?.some(({ type }) => type === 'refusal')) return 'refused';
  return REFUSAL.test(text.slice(0, 80)) ? 'refused' : 'answered';
}

function lastUserText(messages: readonly Message[]): string {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as Message;
    if (message.role !== 'user') continue;
    const text = textOf(message.parts);
    if (text !== NOTHING) return text;
  }
  return NOTHING;
}

function systemText(messages: readonly Message[]): string {
  let text = NOTHING;
  for (const { role, parts } of messages) if (role === 'system' || role === 'developer') text += textOf(parts);
  return text;
}

function textOf(parts: readonly Part[]): string {
  let text = NOTHING;
  for (const part of parts)
    if (part.type === 'text' || part.type === 'refusal') text = text === NOTHING ? part.text : `${text}\n${part.text}`;
  return text;
}

function callsOf(parts: readonly Part[]): number[] {
  const calls: number[] = [];
  for (const part of parts) if (part.type === 'tool_call') calls.push(hashOf(`${part.name} ${part.arguments.slice(0, HASHED)}`));
  return calls;
}

/** Tool results since the model last spoke. */
function resultsOf(messages: readonly Message[]): { chars: number; errors: number; last: boolean } {
  let chars = 0;
  let errors = 0;
  let last = false;
  for (let i = messages.length - 1; i >= 0; i--) {
    const { role, parts } = messages[i] as Message;
    if (role === 'assistant') break;
    for (const part of parts) {
      if (part.type !== 'tool_result') continue;
      if (i === messages.length - 1) last = true;
      if (part.isError) errors++;
      chars += textOf(part.parts).length;
    }
  }
  return { chars, errors, last };
}

function definitionsHash({ tools }: RequestContent): number {
  if (tools.length === 0) return 0;
  let all = NOTHING;
  for (const { name, description } of tools) all += `${name}\n${description ?? ''}\n`;
  return hashOf(all.slice(0, HASHED));
}

function kindsOf(names: readonly string[]): ToolKinds {
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name));
  return names.length === 0
    ? NO_KINDS
    : { reads: some(READS), sends: some(SENDS), destroys: some(DESTROYS), executes: some(EXECUTES), pays: some(PAYS) };
}

export const NO_KINDS: ToolKinds = { reads: false, sends: false, destroys: false, executes: false, pays: false };

/** The surest signature on what no person wrote. */
function indirectRisk({ findings }: Inspection): number {
  let most = 0;
  for (const { role, direction, score } of findings) if (role === 'tool' && direction === 'request') most = Math.max(most, score * 100);
  return most;
}

function canariesIn(canaries: readonly string[], text: string, parts: readonly Part[]): number {
  return canaries.filter(
    (canary) => text.includes(canary) || parts.some((part) => part.type === 'tool_call' && part.arguments.includes(canary)),
  ).length;
}
