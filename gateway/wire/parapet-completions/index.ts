/**
 * Parapet's unified form, the same for every vendor: `POST /v1/ai/completions`. It answers with what the gateway found
 * (`security`), which the vendors' own formats have no place for.
 */
import type { WireFormat } from '../types.ts';
import { parseRequest } from './request.ts';
import { renderError, renderResponse } from './response.ts';
import { createStreamRenderer } from './stream.ts';

export function createParapetCompletions({ nowMs }: { nowMs: () => number }): WireFormat {
  return {
    id: 'parapet.completions',
    parseRequest,
    renderResponse,
    createStreamRenderer: (context) => createStreamRenderer(context, nowMs),
    renderError,
  };
}
