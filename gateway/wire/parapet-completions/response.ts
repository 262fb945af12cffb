/**
 * An answer and an error in the unified form. Subtle: `id` is the interaction's own id, not the vendor's, so that a
 * caller can ask the audit trail about exactly this answer.
 */
import type { ParapetError } from '../../../core/errors.ts';
import { errorText } from '../error-text.ts';
import type { JsonObject } from '../fields.ts';
import { renderChoices } from '../openai-chat/response.ts';
import { renderUsage } from '../openai-chat/usage.ts';
import type { CanonicalAnswer, RenderContext } from '../types.ts';

export function renderResponse(answer: CanonicalAnswer, context: RenderContext): JsonObject {
  return {
    id: context.interactionId,
    model: answer.model,
    choices: renderChoices(answer, context.request),
    usage: renderUsage(answer.usage ?? {}),
    security: context.security(),
  };
}

/** `{ error: { code, message, hint, param, interaction_id } }`. */
export function renderError(error: ParapetError, interactionId: string): JsonObject {
  return {
    error: {
      code: error.code,
      message: errorText(error, interactionId),
      hint: error.hint,
      param: error.param ?? null,
      interaction_id: interactionId,
    },
  };
}
