/**
 * A whole answer and an error in the OpenAI chat format. Subtle: a client that offered legacy `functions` is answered
 * with `function_call`, because it does not know `tool_calls`.
 */
import type { ParapetError } from '../../../core/errors.ts';
import type { Part } from '../../../schemas/content.ts';
import { errorText } from '../error-text.ts';
import type { JsonObject } from '../fields.ts';
import type { CanonicalAnswer, CanonicalRequest, RenderContext } from '../types.ts';
import { renderAssistant, renderCall } from './content.ts';
import { renderFinishReason, renderUsage } from './usage.ts';

/** `nowMs` dates an answer whose vendor gives no date. */
export function renderResponse(answer: CanonicalAnswer, context: RenderContext, nowMs: () => number): JsonObject {
  return {
    id: answer.id === '' ? context.interactionId : answer.id,
    object: 'chat.completion',
    created: answer.createdSeconds ?? Math.floor(nowMs() / 1000),
    model: answer.model,
    choices: renderChoices(answer, context.request),
    ...(answer.usage === undefined ? {} : { usage: renderUsage(answer.usage) }),
  };
}

/** `choices` of an answer. */
export function renderChoices(answer: CanonicalAnswer, request: CanonicalRequest): JsonObject[] {
  const legacy = usesLegacyFunctions(request);
  return answer.content.choices.map((choice) => {
    const message = { refusal: null, ...renderAnswerMessage(choice.message.parts) };
    let reason = choice.finishReason === null ? null : renderFinishReason(choice.finishReason);
    const call = legacy ? choice.message.parts.find((part) => part.type === 'tool_call') : undefined;
    if (call !== undefined) {
      delete (message as JsonObject)['tool_calls'];
      Object.assign(message, { function_call: renderCall(call)['function'] });
      if (reason === 'tool_calls') reason = 'function_call';
    }
    return { index: choice.index, message, logprobs: null, finish_reason: reason };
  });
}

/** The client speaks the older form of tools only. */
export function usesLegacyFunctions(request: CanonicalRequest): boolean {
  return Array.isArray(request.body['functions']) && !Array.isArray(request.body['tools']);
}

/** An answer's content is a string in this format; parts that it has no field for (another vendor's) are left out. */
function renderAnswerMessage(parts: Part[]): JsonObject {
  const texts = parts.filter((part) => part.type === 'text').map((part) => part.text);
  const known = parts.filter((part) => part.type === 'reasoning' || part.type === 'refusal' || part.type === 'tool_call');
  const own = parts.filter((part) => part.type === 'other' && (part.kind === 'audio' || part.kind === 'custom'));
  const message = renderAssistant([...known, ...own], 'message', true);
  if (texts.length > 0) message['content'] = texts.join('');
  return message;
}

/** `{ error: { message, type, param, code, … } }`, as the official SDK reads it; `code` is the Parapet code. */
export function renderError(error: ParapetError, interactionId: string): JsonObject {
  return {
    error: {
      message: errorText(error, interactionId),
      type: errorType(error.status),
      param: error.param ?? null,
      code: error.code,
      hint: error.hint,
      interaction_id: interactionId,
    },
  };
}

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
