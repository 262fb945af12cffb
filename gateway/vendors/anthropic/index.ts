/**
 * Anthropic's Messages API (`https://api.anthropic.com/v1`). The reference is the type definitions of the official
 * `@anthropic-ai/sdk` package.
 */
import { vendorFailure } from '../errors.ts';
import type { VendorAdapter } from '../types.ts';
import { buildRequest } from './request.ts';
import { parseResponse } from './response.ts';
import { createStreamParser } from './stream.ts';

export function createAnthropicVendor({ nowMs }: { nowMs: () => number }): VendorAdapter {
  return {
    id: 'anthropic',
    wire: 'anthropic.messages',
    buildRequest,
    parseResponse,
    createStreamParser,
    parseError: (status, headers, body) => vendorFailure({ vendor: 'anthropic', status, headers, body, nowMs: nowMs() }),
  };
}
