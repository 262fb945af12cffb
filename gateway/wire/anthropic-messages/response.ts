/**
 * A whole answer and an error in the Anthropic format. Subtle: a model's malformed tool arguments cannot stand as
 * `input`, which is an object; they are given as `{ malformed_arguments: text }` rather than failing a paid answer.
 */
import type { ParapetError } from '../../../core/errors.ts';
import type { Part } from '../../../schemas/content.ts';
import { errorText } from '../error-text.ts';
import { isObject, type JsonObject } from '../fields.ts';
import type { CanonicalAnswer, RenderContext } from '../types.ts';
import { renderBlocks } from './content.ts';
import { renderStopReason, renderUsage } from './usage.ts';

export function renderResponse(answer: CanonicalAnswer, context: RenderContext): JsonObject {
  const [choice] = answer.content.choices;
  return {
    ...messageHead(answer.id, answer.model, context),
    content: choice === undefined ? [] : renderBlocks(choice.message.parts.filter(showable).map(readable), 'content', true),
    stop_reason: renderStopReason(choice?.finishReason ?? null),
    stop_sequence: answer.stopSequence ?? null,
    usage: renderUsage(answer.usage),
  };
}

/** What every message of this format begins with. */
export function messageHead(id: string, model: string, context: RenderContext): JsonObject {
  return { id: id === '' ? context.interactionId : id, type: 'message', role: 'assistant', model, content: [] };
}

/** Whether a part has a block in this format; an OpenAI vendor's audio, for one, has none. */
export function showable(part: Part): boolean {
  return part.type !== 'other' || isOwnBlock(part.json);
}

/** Whether the JSON of an unknown part is a content block that can go to a client of this format as it is. */
export function isOwnBlock(json: string): boolean {
  const value: unknown = JSON.parse(json);
  return isObject(value) && typeof value['type'] === 'string';
}

function readable(part: Part): Part {
  // Thinking without a signature is shown all the same: the client asked an OpenAI vendor's model to reason.
  if (part.type === 'reasoning') return { ...part, signature: part.signature ?? '' };
  if (part.type !== 'tool_call' || part.arguments.trim() === '') return part;
  try {
    if (isObject(JSON.parse(part.arguments))) return part;
  } catch {
    // Falls through to the wrapped form, which keeps the text.
  }
  return { ...part, arguments: JSON.stringify({ malformed_arguments: part.arguments }) };
}

/** `{ type: 'error', error: { type, message, … }, request_id }`; the SDK shows the code as `errorCode`. */
export function renderError(error: ParapetError, interactionId: string): JsonObject {
  return {
    type: 'error',
    error: {
      type: errorType(error.status),
      message: errorText(error, interactionId),
      code: error.code,
      hint: error.hint,
      ...(error.param === undefined ? {} : { param: error.param }),
      details: { error_code: error.code },
    },
    request_id: interactionId,
  };
}

function errorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    case 504:
      return 'timeout_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}
