/**
 * A whole answer of an OpenAI-compatible vendor in its canonical form. Subtle: compatible vendors leave out fields
 * that OpenAI always sends (`index`, `created`, `usage`), so only what an answer cannot be without is demanded; some
 * report an error with status 200.
 */
import { isAbsent, isObject, readArray, readObject } from '../../wire/fields.ts';
import { parseAssistantParts } from '../../wire/openai-chat/content.ts';
import { parseFinishReason, parseUsage } from '../../wire/openai-chat/usage.ts';
import type { CanonicalAnswer } from '../../wire/types.ts';
import { readingVendor, vendorStreamFailure } from '../errors.ts';

/** Throws PARAPET_VENDOR_GARBAGE when the body is not a chat completion, PARAPET_VENDOR_ERROR when it is an error. */
export function parseResponse(value: unknown, vendor: string): CanonicalAnswer {
  return readingVendor(vendor, () => {
    const body = readObject(value, 'body');
    if (!isAbsent(body['error']) && isAbsent(body['choices'])) throw vendorStreamFailure(vendor, body['error']);
    const choices = readArray(body['choices'], 'choices').map((item, i) => {
      const choice = readObject(item, `choices[${i}]`);
      const index = typeof choice['index'] === 'number' ? choice['index'] : i;
      const message = readObject(choice['message'], `choices[${i}].message`);
      const parts = parseAssistantParts(message, `choices[${i}].message`, `function_call_${index}`, `call_${index}_`);
      const reason = choice['finish_reason'];
      return {
        index,
        message: { role: 'assistant' as const, parts },
        finishReason: typeof reason === 'string' ? parseFinishReason(reason) : null,
      };
    });
    const usage = isObject(body['usage']) ? parseUsage(body['usage']) : undefined;
    return {
      id: typeof body['id'] === 'string' ? body['id'] : '',
      model: typeof body['model'] === 'string' ? body['model'] : '',
      content: { choices },
      ...(usage === undefined ? {} : { usage }),
      ...(typeof body['created'] === 'number' ? { createdSeconds: body['created'] } : {}),
    };
  });
}
