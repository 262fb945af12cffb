/**
 * Token counts and stop reasons of the Anthropic format, both ways. Subtle: `input_tokens` leaves out what was read
 * from or written to the prompt cache, while the canonical `inputTokens` is the whole prompt; so the three are added
 * on the way in and taken apart on the way out. The counts of a stream are cumulative and come in two events.
 */
import type { FinishReason } from '../../../schemas/content.ts';
import { isObject, type JsonObject } from '../fields.ts';
import type { Usage } from '../types.ts';

const STOP_REASONS: Record<string, FinishReason> = {
  end_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  stop_sequence: 'stop_sequence',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

/** The canonical reason; `other` for one that is not known. */
export function parseStopReason(value: unknown): FinishReason {
  return (typeof value === 'string' && Object.hasOwn(STOP_REASONS, value) ? STOP_REASONS[value] : undefined) ?? 'other';
}

export function renderStopReason(reason: FinishReason | null): string {
  switch (reason) {
    case 'length':
      return 'max_tokens';
    case 'stop_sequence':
      return 'stop_sequence';
    case 'tool_calls':
      return 'tool_use';
    case 'pause':
      return 'pause_turn';
    case 'refusal':
    case 'content_filter':
      return 'refusal';
    default:
      return 'end_turn';
  }
}

/**
 * Reads one or more `usage` objects of the same answer, each replacing the numbers that it names; returns the totals
 * so far, or undefined while there are none.
 */
export function createUsageReader(): (value: unknown) => Usage | undefined {
  const seen: Record<string, number> = {};
  return (value) => {
    if (!isObject(value)) return undefined;
    const details = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {};
    for (const [key, count] of [...Object.entries(value), ['thinking_tokens', details['thinking_tokens']] as const]) {
      if (typeof count === 'number' && Number.isFinite(count) && count >= 0) seen[key] = count;
    }
    return totals(seen);
  };
}

function totals(seen: Record<string, number>): Usage | undefined {
  const usage: Usage = {};
  const cached = seen['cache_read_input_tokens'];
  const written = seen['cache_creation_input_tokens'];
  const fresh = seen['input_tokens'];
  if (fresh !== undefined || cached !== undefined || written !== undefined)
    usage.inputTokens = (fresh ?? 0) + (cached ?? 0) + (written ?? 0);
  if (seen['output_tokens'] !== undefined) usage.outputTokens = seen['output_tokens'];
  if (cached !== undefined) usage.cachedInputTokens = cached;
  if (written !== undefined) usage.cacheWriteTokens = written;
  if (seen['thinking_tokens'] !== undefined) usage.reasoningTokens = seen['thinking_tokens'];
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** A `usage` object; counts that are not known are 0, as the format demands numbers. */
export function renderUsage(usage: Usage | undefined): JsonObject {
  const cached = usage?.cachedInputTokens ?? 0;
  const written = usage?.cacheWriteTokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.inputTokens ?? 0) - cached - written),
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
    output_tokens: usage?.outputTokens ?? 0,
    ...(usage?.reasoningTokens === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoningTokens } }),
  };
}
