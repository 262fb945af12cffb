/**
 * OpenAI and every vendor that speaks its chat format; which one is a matter of the base URL alone
 * (`https://api.openai.com/v1`), so this adapter serves them all.
 */
import { vendorFailure } from '../errors.ts';
import type { VendorAdapter } from '../types.ts';
import { buildRequest } from './request.ts';
import { parseResponse } from './response.ts';
import { createStreamParser } from './stream.ts';

export { isUsageOnlyChunk } from './stream.ts';

export function createOpenAiVendor({ nowMs }: { nowMs: () => number }): VendorAdapter {
  return {
    id: 'openai',
    wire: 'openai.chat',
    buildRequest,
    parseResponse: (body) => parseResponse(body, 'openai'),
    createStreamParser: () => createStreamParser('openai'),
    parseError: (status, headers, body) => vendorFailure({ vendor: 'openai', status, headers, body, nowMs: nowMs() }),
  };
}
