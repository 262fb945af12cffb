/** Enriched interactions of a few agents and their users, some of whom behave badly; the same numbers give the same events. */
import type { LogRecord } from '../../../log/port.ts';
import { TOPICS } from '../../../log/topics.ts';
import type { Codec } from '../../../schemas/codec.ts';
import { SAMPLES } from '../../../schemas/samples.ts';
import type { EnrichedInteraction } from '../../../schemas/types.ts';

const AGENTS = 5;
const USERS = 12;
const BEGIN = Date.UTC(2026, 8, 1, 9);
/** From here on one user in three sends a burst. */
const BURST = 0.7;

export function eventOf(n: number, total: number): EnrichedInteraction {
  const agentId = `agent-${n % AGENTS}`;
  const wild = n > total * BURST && n % 3 === 0;
  const userId = wild ? 'mallory' : `user-${(n * 7) % USERS}`;
  const sample = SAMPLES.EnrichedInteraction as EnrichedInteraction;
  const at = BEGIN + (wild ? total * BURST * 40_000 + n * 100 : n * 40_000);
  const words = Array.from({ length: 12 + (n % 9) }, (_, i) => `word${(n * 13 + i * 5) % 97}`);
  return {
    interaction: {
      ...sample.interaction,
      interactionId: `i-${n}`,
      agentId,
      userId: n % 11 === 0 ? null : userId,
      subject: `acme/${n % 11 === 0 ? agentId : userId}`,
      requestContent: null,
      responseContent: null,
      toolsCalled: n % 4 === 0 ? [`tool-${n % 6}`] : [],
      startedAt: at * 1_000,
      endedAt: at * 1_000 + 1_000,
      clientNetwork: wild ? `198.51.${n % 200}.0/24` : '192.0.2.0/24',
      verdicts: wild ? sample.interaction.verdicts : [],
      riskScore: wild ? 60 : 0,
    },
    enrichment: {
      ...sample.enrichment,
      conversationId: `c-${wild ? n : Math.floor(n / 600)}-${userId}`,
      maskedPrompt: words.join(' '),
      maskedResponse: wild ? "I'm sorry, I cannot help with that." : words.slice(3).join(' '),
      costUsd: wild ? 3 : 0.001,
    },
  };
}

export function eventsOf(codec: Codec, from: number, to: number, total: number): LogRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const value = eventOf(from + i, total);
    const { org, agentId, startedAt } = value.interaction;
    const key = `${org}/${agentId}`;
    return { topic: TOPICS.enriched.name, key, timestamp: startedAt / 1_000, headers: {}, value: codec.encode('enriched', value) };
  });
}
