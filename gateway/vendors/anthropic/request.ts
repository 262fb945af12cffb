/**
 * What is sent to Anthropic. Subtle: Anthropic requires `max_tokens`, the other formats do not; a request without it
 * gets 4096, which every model of Anthropic's allows.
 */

import { renderMessages } from '../../wire/anthropic-messages/content.ts';
import type { JsonObject } from '../../wire/fields.ts';
import { isObject, unsupported } from '../../wire/fields.ts';
import { refuseUncarried } from '../../wire/openai-chat/carry.ts';
import type { CanonicalRequest, Parameters } from '../../wire/types.ts';
import type { VendorCall, VendorRequest } from '../types.ts';

export const DEFAULT_MAX_TOKENS = 4096;
const API_VERSION = '2023-06-01';
const EFFORTS: Record<string, string> = { minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'xhigh', max: 'max' };

export function buildRequest(call: VendorCall): VendorRequest {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: call.request.stream ? 'text/event-stream' : 'application/json',
    'anthropic-version': API_VERSION,
  };
  if (call.apiKey !== undefined) headers['x-api-key'] = call.apiKey;
  return { path: '/messages', headers, body: bodyOf(call) };
}

function bodyOf({ request, model, rawBody }: VendorCall): string | Buffer {
  switch (request.wire) {
    case 'anthropic.messages':
      return request.model === model ? rawBody : JSON.stringify({ ...request.body, model });
    case 'openai.chat':
    case 'parapet.completions':
      return JSON.stringify(translate(request, model));
  }
}

/** Another format's request in full. Throws PARAPET_UNSUPPORTED for what cannot be said in this one. */
function translate(request: CanonicalRequest, model: string): JsonObject {
  refuseUncarried(request.body);
  const { parameters, content } = request;
  if (parameters.temperature !== undefined && parameters.temperature > 1) {
    throw unsupported('temperature', 'Anthropic takes a temperature of at most 1.');
  }
  const { system, messages } = renderMessages(content.messages, false);
  const body: JsonObject = { model, max_tokens: parameters.maxTokens ?? DEFAULT_MAX_TOKENS, messages };
  if (system.length > 0) body['system'] = system;
  if (request.stream) body['stream'] = true;
  if (parameters.temperature !== undefined) body['temperature'] = parameters.temperature;
  if (parameters.topP !== undefined) body['top_p'] = parameters.topP;
  if (parameters.topK !== undefined && parameters.topK > 0) body['top_k'] = parameters.topK;
  if (parameters.stop !== undefined && parameters.stop.length > 0) body['stop_sequences'] = parameters.stop;
  if (request.user !== undefined) body['metadata'] = { user_id: request.user };
  if (content.tools.length > 0) {
    body['tools'] = content.tools.map(({ name, description, parameters: schema }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      input_schema: { type: 'object', ...(isObject(schema) ? schema : { properties: {} }) },
    }));
    const choice = renderToolChoice(parameters);
    if (choice !== undefined) body['tool_choice'] = choice;
  }
  addReasoning(body, parameters.reasoningEffort);
  addResponseFormat(body, parameters.responseFormat);
  return body;
}

function renderToolChoice({ toolChoice, parallelToolCalls }: Parameters): JsonObject | undefined {
  const onlyOne = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  switch (toolChoice?.kind) {
    case 'none':
      return { type: 'none' };
    case 'required':
      return { type: 'any', ...onlyOne };
    case 'tool':
      return { type: 'tool', name: toolChoice.name, ...onlyOne };
    case 'auto':
      return { type: 'auto', ...onlyOne };
    case undefined:
      return parallelToolCalls === false ? { type: 'auto', ...onlyOne } : undefined;
  }
}

function addReasoning(body: JsonObject, effort: string | undefined): void {
  if (effort === undefined) return;
  if (effort === 'none') {
    body['thinking'] = { type: 'disabled' };
    return;
  }
  const known = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (known === undefined) throw unsupported('reasoning_effort', 'Anthropic does not know this effort.');
  body['output_config'] = { effort: known };
}

function addResponseFormat(body: JsonObject, format: Parameters['responseFormat']): void {
  if (format === undefined) return;
  if (format.kind === 'json_object') {
    throw unsupported('response_format', 'Anthropic has no free JSON mode; send a json_schema instead.');
  }
  const config = isObject(body['output_config']) ? body['output_config'] : {};
  body['output_config'] = { ...config, format: { type: 'json_schema', schema: format.schema } };
}
