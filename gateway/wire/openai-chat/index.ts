/**
 * The OpenAI chat completions format, as clients speak it: `POST /v1/chat/completions`. The reference is the type
 * definitions of the official `openai` package.
 */
import type { WireFormat } from '../types.ts';
import { parseRequest } from './request.ts';
import { renderError, renderResponse } from './response.ts';
import { createStreamRenderer } from './stream.ts';

export function createOpenAiChat({ nowMs }: { nowMs: () => number }): WireFormat {
  return {
    id: 'openai.chat',
    parseRequest: (body) => parseRequest(body, 'openai.chat'),
    renderResponse: (answer, context) => renderResponse(answer, context, nowMs),
    createStreamRenderer: (context) => createStreamRenderer(context, nowMs),
    renderError,
  };
}
