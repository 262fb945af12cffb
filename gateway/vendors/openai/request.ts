/**
 * What is sent to an OpenAI-compatible vendor. Subtle: a streaming request always asks for usage, since a stream
 * without it could not be billed; the extra chunk that a client did not ask for is dropped on the way back
 * (`isUsageOnlyChunk`).
 */

import { refuseUncarried } from '../../wire/anthropic-messages/carry.ts';
import { isObject, type JsonObject, unsupported } from '../../wire/fields.ts';
import { renderMessages } from '../../wire/openai-chat/content.ts';
import type { CanonicalRequest, ToolChoice } from '../../wire/types.ts';
import type { VendorCall, VendorRequest } from '../types.ts';

export function buildRequest(call: VendorCall): VendorRequest {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: call.request.stream ? 'text/event-stream' : 'application/json',
  };
  if (call.apiKey !== undefined) headers['authorization'] = `Bearer ${call.apiKey}`;
  return { path: '/chat/completions', headers, body: bodyOf(call) };
}

function bodyOf({ request, model, rawBody }: VendorCall): string | Buffer {
  const asksForUsage = !request.stream || request.streamUsage;
  switch (request.wire) {
    case 'openai.chat':
      if (asksForUsage && request.model === model) return rawBody;
      return JSON.stringify(withUsage({ ...request.body, model }, request.stream));
    case 'parapet.completions': {
      // The unified form is OpenAI's but for the fields that only Parapet reads.
      const { agent_id: _agent, session_id: _session, ...body } = request.body;
      return JSON.stringify(withUsage({ ...body, model }, request.stream));
    }
    case 'anthropic.messages':
      return JSON.stringify(withUsage(translate(request, model), request.stream));
  }
}

function withUsage(body: JsonObject, stream: boolean): JsonObject {
  if (!stream) return body;
  const options = body['stream_options'];
  return { ...body, stream_options: { ...(isObject(options) ? options : {}), include_usage: true } };
}

/** Another format's request in full. Throws PARAPET_UNSUPPORTED for what cannot be said in this one. */
function translate(request: CanonicalRequest, model: string): JsonObject {
  refuseUncarried(request.body);
  const { parameters, content } = request;
  if (parameters.topK !== undefined) throw unsupported('top_k', 'this field cannot be carried to an OpenAI-compatible vendor.');
  const body: JsonObject = { model, messages: renderMessages(content.messages, false) };
  if (request.stream) body['stream'] = true;
  if (parameters.maxTokens !== undefined) body['max_completion_tokens'] = parameters.maxTokens;
  if (parameters.temperature !== undefined) body['temperature'] = parameters.temperature;
  if (parameters.topP !== undefined) body['top_p'] = parameters.topP;
  if (parameters.stop !== undefined && parameters.stop.length > 0) body['stop'] = parameters.stop;
  if (request.user !== undefined) body['user'] = request.user;
  if (content.tools.length > 0) {
    body['tools'] = content.tools.map((tool) => ({ type: 'function', function: tool }));
    if (parameters.toolChoice !== undefined) body['tool_choice'] = renderToolChoice(parameters.toolChoice);
    if (parameters.parallelToolCalls !== undefined) body['parallel_tool_calls'] = parameters.parallelToolCalls;
  }
  const effort = parameters.reasoningEffort ?? effortOf(parameters.thinkingBudgetTokens);
  if (effort !== undefined) body['reasoning_effort'] = effort;
  const format = parameters.responseFormat;
  if (format?.kind === 'json_schema') {
    body['response_format'] = {
      type: 'json_schema',
      json_schema: { name: format.name, schema: format.schema, strict: format.strict ?? true },
    };
  } else if (format !== undefined) {
    body['response_format'] = { type: 'json_object' };
  }
  return body;
}

function renderToolChoice(choice: ToolChoice): unknown {
  return choice.kind === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.kind;
}

/** A thinking budget as the nearest of the three efforts that every reasoning model of this format knows. */
function effortOf(budgetTokens: number | undefined): string | undefined {
  if (budgetTokens === undefined) return undefined;
  if (budgetTokens <= 2048) return 'low';
  return budgetTokens <= 8192 ? 'medium' : 'high';
}
