/**
 * Adds what the gateway could not know in time: cost, missing token counts, the conversation, content hashes, masked
 * text. Pure: the same interaction, price table and keys give the same record, so a replay makes the same bytes.
 */
import { createHmac, hash as hashOf } from 'node:crypto';
import { derivedId } from '../../core/ids.ts';
import type { Masker } from '../../detection/types.ts';
import type { KeyStore } from '../../keys/port.ts';
import type { Message, RequestContent, ResponseContent } from '../../schemas/content.ts';
import type { Enrichment, Interaction, Usage } from '../../schemas/types.ts';
import { type OpenedContent, openContent } from '../content.ts';
import type { Processor } from '../step.ts';
import type { PriceTable } from './prices.ts';
import { estimateUsage } from './tokens.ts';

const MASKED_CHARS = 2_000;

export interface EnrichParts {
  keys: KeyStore;
  masker: Masker;
  prices: PriceTable;
}

export function createEnrich(parts: EnrichParts): Processor<'interactions'> {
  return {
    name: 'enrich',
    input: 'interactions',
    step({ value: interaction, bytes, key, timestamp }) {
      const content = openContent(parts.keys, interaction);
      const value = { interaction, enrichment: enrichmentOf(interaction, content, bytes, parts) };
      return { kind: 'emit', records: [{ topic: 'enriched', key, timestamp, value }] };
    },
  };
}

function enrichmentOf(interaction: Interaction, content: OpenedContent, bytes: Buffer, { keys, masker, prices }: EnrichParts): Enrichment {
  const usage = interaction.usage ?? usageWithout(interaction, content);
  const price = prices.cost(interaction.modelUsed ?? interaction.modelAsked, usage, interaction.startedAt);
  const counts: Record<string, number> = {};
  const masked = (text: string): string => {
    const result = masker.mask(cut(text));
    for (const [kind, number] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + number;
    return result.text;
  };
  const hash = (text: string | undefined) =>
    text === undefined ? null : createHmac('sha256', keys.hashKey(interaction.org)).update(text).digest('hex');
  return {
    usage,
    costUsd: price?.costUsd ?? null,
    priceKey: price?.priceKey ?? null,
    priceVersion: prices.version,
    conversationId: interaction.conversationId ?? derivedConversation(interaction, content.request),
    turn: content.request?.messages.filter((message) => message.role === 'user').length ?? 0,
    promptHash: hash(content.requestText),
    responseHash: hash(content.responseText),
    maskedPrompt: content.request ? masked(lastUserText(content.request)) : '',
    maskedResponse: content.response ? masked(answerText(content.response)) : '',
    maskedCounts: counts,
    contentAvailable: content.available,
    eventHash: hashOf('sha256', bytes),
  };
}

/** A vendor that was never called used nothing; one that was, and did not say, gets an estimate. */
function usageWithout(interaction: Interaction, content: OpenedContent): Usage {
  return interaction.vendor === null || interaction.attempts === 0
    ? estimateUsage(undefined, undefined)
    : estimateUsage(content.request, content.response);
}

/**
 * The next turn of a conversation repeats its beginning, so the beginning names it: who speaks, and everything up to
 * the first user message. An interaction without content is a conversation of its own.
 */
function derivedConversation(interaction: Interaction, request: RequestContent | undefined): string {
  const first = request?.messages.findIndex((message) => message.role === 'user') ?? -1;
  if (request === undefined || first < 0) return derivedId('conversation', interaction.interactionId);
  const opening = request.messages.slice(0, first + 1).map((message) => [message.role, message.parts]);
  return derivedId(
    'conversation',
    interaction.org,
    interaction.agentId,
    interaction.userId ?? '',
    interaction.sessionId ?? '',
    JSON.stringify(opening),
  );
}

function lastUserText(request: RequestContent): string {
  for (let i = request.messages.length - 1; i >= 0; i--) {
    const message = request.messages[i] as Message;
    if (message.role === 'user') return textOf(message);
  }
  const last = request.messages.at(-1);
  return last ? textOf(last) : '';
}

const answerText = (response: ResponseContent) => response.choices.map((choice) => textOf(choice.message)).join('\n---\n');

function textOf(message: Message): string {
  const texts: string[] = [];
  for (const part of message.parts) {
    if (part.type === 'text' || part.type === 'refusal') texts.push(part.text);
    else if (part.type === 'tool_call') texts.push(`[tool call ${part.name} ${part.arguments}]`);
    else if (part.type === 'tool_result') texts.push(`[tool result ${textOf({ role: 'tool', parts: part.parts })}]`);
    else if (part.type !== 'reasoning') texts.push(`[${part.type}]`);
  }
  return texts.join('\n');
}

/** Cut before masking, but never inside what may be masked: the cut falls on white space where there is some near. */
function cut(text: string): string {
  if (text.length <= MASKED_CHARS) return text;
  const space = text.lastIndexOf(' ', MASKED_CHARS);
  return `${text.slice(0, space > MASKED_CHARS - 200 ? space : MASKED_CHARS)}…`;
}
