/**
 * The Anthropic Messages format, as clients speak it: `POST /v1/messages`. The reference is the type definitions of
 * the official `@anthropic-ai/sdk` package.
 */
import type { WireFormat } from '../types.ts';
import { parseRequest } from './request.ts';
import { renderError, renderResponse } from './response.ts';
import { createStreamRenderer } from './stream.ts';

export function createAnthropicMessages(): WireFormat {
  return { id: 'anthropic.messages', parseRequest, renderResponse, createStreamRenderer, renderError };
}
