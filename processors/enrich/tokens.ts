/**
 * Token counts where the vendor gave none (a cut stream, a vendor without usage): an estimate, and marked as one.
 * The tokenizer is quadratic on long runs without a break, so text goes through it in pieces, and only the first part
 * of a long text is counted and scaled up: an attacker's text must not cost the pipeline seconds.
 */
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { RequestContent, ResponseContent, Segment } from '../../schemas/content.ts';
import { requestSegments, responseSegments } from '../../schemas/content.ts';
import type { Usage } from '../../schemas/types.ts';

const PIECE_CHARS = 400;
const COUNTED_CHARS = 16_000;
/** What a chat format adds around a message. */
const TOKENS_PER_MESSAGE = 4;
const NO_SPECIAL_TOKENS = { disallowedSpecial: new Set<string>() };

export function estimateUsage(request: RequestContent | undefined, response: ResponseContent | undefined): Usage {
  return {
    inputTokens: request ? countSegments(requestSegments(request)) + request.messages.length * TOKENS_PER_MESSAGE : 0,
    outputTokens: response ? countSegments(responseSegments(response)) : 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    source: 'estimated',
  };
}

function countSegments(segments: Segment[]): number {
  let total = 0;
  for (const segment of segments) total += estimateTokens(segment.text);
  return total;
}

export function estimateTokens(text: string): number {
  const counted = Math.min(text.length, COUNTED_CHARS);
  let tokens = 0;
  for (let at = 0; at < counted; ) {
    let end = Math.min(counted, at + PIECE_CHARS);
    const space = end < counted ? text.lastIndexOf(' ', end) : -1;
    if (space > at + PIECE_CHARS / 2) end = space;
    tokens += countTokens(text.slice(at, end), NO_SPECIAL_TOKENS);
    at = end;
  }
  return counted === text.length ? tokens : Math.round((tokens * text.length) / counted);
}
