/**
 * The vendor adapters by kind. A configured vendor names one of these kinds and its own base URL; adapters hold no
 * state, so one of each serves all.
 */
import { createAnthropicVendor } from './anthropic/index.ts';
import { createOpenAiVendor } from './openai/index.ts';
import type { VendorAdapter } from './types.ts';

export type VendorKind = 'openai' | 'anthropic';

/** `nowMs` reads the clock (Unix milliseconds), for retry delays that vendors give as a date. */
export function createVendors({ nowMs = Date.now }: { nowMs?: () => number } = {}): Record<VendorKind, VendorAdapter> {
  return { openai: createOpenAiVendor({ nowMs }), anthropic: createAnthropicVendor({ nowMs }) };
}
