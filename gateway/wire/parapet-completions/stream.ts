/**
 * A streamed answer in the unified form: OpenAI's chunks, closed by one that carries usage and the security report.
 * Subtle: the report is read when the last chunk is made, since findings may come with the last word.
 */
import { createChunkRenderer } from '../openai-chat/stream.ts';
import { renderUsage } from '../openai-chat/usage.ts';
import type { RenderContext, StreamRenderer } from '../types.ts';
import { renderError } from './response.ts';

export function createStreamRenderer(context: RenderContext, nowMs: () => number): StreamRenderer {
  return createChunkRenderer({
    context,
    nowMs,
    idOf: () => context.interactionId,
    lastChunk: (base, usage) => ({ ...base, choices: [], usage: renderUsage(usage ?? {}), security: context.security() }),
    renderError: (error) => renderError(error, context.interactionId),
  });
}
