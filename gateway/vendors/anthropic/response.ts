/**
 * A whole answer of Anthropic in its canonical form. Subtle: an answer may hold no content at all (a refusal, an empty
 * turn), which is an answer and not garbage.
 */

import { parseContent } from '../../wire/anthropic-messages/content.ts';
import { createUsageReader, parseStopReason } from '../../wire/anthropic-messages/usage.ts';
import { readArray, readObject } from '../../wire/fields.ts';
import type { CanonicalAnswer } from '../../wire/types.ts';
import { readingVendor } from '../errors.ts';

/** Throws PARAPET_VENDOR_GARBAGE when the body is not a message. */
export function parseResponse(value: unknown): CanonicalAnswer {
  return readingVendor('anthropic', () => {
    const body = readObject(value, 'body');
    const parts = parseContent(readArray(body['content'], 'content'), 'content');
    const reason = body['stop_reason'];
    const usage = createUsageReader()(body['usage']);
    return {
      id: typeof body['id'] === 'string' ? body['id'] : '',
      model: typeof body['model'] === 'string' ? body['model'] : '',
      content: {
        choices: [
          { index: 0, message: { role: 'assistant', parts }, finishReason: typeof reason === 'string' ? parseStopReason(reason) : null },
        ],
      },
      ...(usage === undefined ? {} : { usage }),
      ...(typeof body['stop_sequence'] === 'string' ? { stopSequence: body['stop_sequence'] } : {}),
    };
  });
}
