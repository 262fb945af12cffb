/**
 * Token counts and finish reasons of the OpenAI chat format, both ways. Subtle: `prompt_tokens` already includes the
 * cached tokens, as the canonical `inputTokens` does, so nothing is added or taken away here.
 */
import type { FinishReason } from '../../../schemas/content.ts';
import { isObject, type JsonObject } from '../fields.ts';
import type { Usage } from '../types.ts';

const FINISH_REASONS: Record<string, FinishReason> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** The canonical reason; `other` for one that is not known. */
export function parseFinishReason(value: unknown): FinishReason {
  return (typeof value === 'string' && Object.hasOwn(FINISH_REASONS, value) ? FINISH_REASONS[value] : undefined) ?? 'other';
}

/** The nearest reason of the format: it has no word for a stop sequence, a pause or a vendor's refusal. */
export function renderFinishReason(reason: FinishReason): string {
  switch (reason) {
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return reason;
    case 'refusal':
      return 'content_filter';
    default:
      return 'stop';
  }
}

/** The counts of a `usage` object, or undefined when it holds none. */
export function parseUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = isObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {};
  const output = isObject(value['completion_tokens_details']) ? value['completion_tokens_details'] : {};
  const usage: Usage = {};
  setCount(usage, 'inputTokens', value['prompt_tokens']);
  setCount(usage, 'outputTokens', value['completion_tokens']);
  // DeepSeek counts its cache beside `prompt_tokens`; the meaning is the same.
  setCount(usage, 'cachedInputTokens', input['cached_tokens'] ?? value['prompt_cache_hit_tokens']);
  setCount(usage, 'cacheWriteTokens', input['cache_write_tokens']);
  setCount(usage, 'reasoningTokens', output['reasoning_tokens']);
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** Sets a count when it is one; a vendor's odd value is left out rather than billed. */
export function setCount(usage: Usage, key: keyof Usage, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) usage[key] = value;
}

/** A `usage` object; counts that are not known are 0, as the format demands numbers. */
export function renderUsage(usage: Usage): JsonObject {
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  const rendered: JsonObject = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  if (usage.cachedInputTokens !== undefined || usage.cacheWriteTokens !== undefined) {
    rendered['prompt_tokens_details'] = {
      cached_tokens: usage.cachedInputTokens ?? 0,
      ...(usage.cacheWriteTokens === undefined ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    };
  }
  if (usage.reasoningTokens !== undefined) rendered['completion_tokens_details'] = { reasoning_tokens: usage.reasoningTokens };
  return rendered;
}
