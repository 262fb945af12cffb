/**
 * The formats that clients speak, by id. Formats hold no state, so one of each serves all requests.
 */
import { createAnthropicMessages } from './anthropic-messages/index.ts';
import { createOpenAiChat } from './openai-chat/index.ts';
import { createParapetCompletions } from './parapet-completions/index.ts';
import type { WireFormat, WireFormatId } from './types.ts';

/** `nowMs` reads the clock (Unix milliseconds), for answers whose vendor gives no date. */
export function createWireFormats({ nowMs = Date.now }: { nowMs?: () => number } = {}): Record<WireFormatId, WireFormat> {
  return {
    'openai.chat': createOpenAiChat({ nowMs }),
    'anthropic.messages': createAnthropicMessages(),
    'parapet.completions': createParapetCompletions({ nowMs }),
  };
}
