/**
 * A Messages request into its canonical form; checks by hand, as on every hot path. Subtle: `max_tokens` is required
 * here and optional in the other formats; a server tool becomes a tool definition whose parameters are its whole JSON,
 * so that a guard sees it.
 */
import type { ToolDefinition } from '../../../schemas/content.ts';
import {
  COUNT,
  invalid,
  isAbsent,
  isObject,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  optionalString,
  readArray,
  readName,
  readObject,
  readStrings,
} from '../fields.ts';
import type { CanonicalRequest, Parameters, ToolChoice } from '../types.ts';
import { parseMessages } from './content.ts';
import { restOfMessages } from './rest.ts';

/** Throws PARAPET_INVALID_REQUEST with `param` when the body is not a Messages request. */
export function parseRequest(value: unknown): CanonicalRequest {
  const body = readObject(value, 'body');
  const request: CanonicalRequest = {
    wire: 'anthropic.messages',
    model: readName(body['model'], 'model'),
    stream: optionalBoolean(body['stream'], 'stream') ?? false,
    // Every stream of this format ends with usage; there is nothing to ask for.
    streamUsage: true,
    content: { messages: parseMessages(body['system'], body['messages']), tools: parseTools(body['tools']) },
    parameters: parseParameters(body),
    body,
  };
  const rest = restOfMessages(body);
  if (rest.length > 0) request.content.rest = rest;
  const user = isAbsent(body['metadata'])
    ? undefined
    : optionalString(readObject(body['metadata'], 'metadata')['user_id'], 'metadata.user_id');
  if (user !== undefined) request.user = user;
  return request;
}

function parseTools(value: unknown): ToolDefinition[] {
  if (isAbsent(value)) return [];
  return readArray(value, 'tools').map((item, i) => {
    const at = `tools[${i}]`;
    const raw = readObject(item, at);
    const type = optionalString(raw['type'], `${at}.type`) ?? 'custom';
    if (type !== 'custom') return { name: typeof raw['name'] === 'string' && raw['name'] !== '' ? raw['name'] : type, parameters: raw };
    const tool: ToolDefinition = { name: readName(raw['name'], `${at}.name`) };
    const description = optionalString(raw['description'], `${at}.description`);
    if (description !== undefined) tool.description = description;
    tool.parameters = readObject(raw['input_schema'], `${at}.input_schema`);
    return tool;
  });
}

function parseParameters(body: JsonObject): Parameters {
  const maxTokens = optionalNumber(body['max_tokens'], 'max_tokens', COUNT);
  if (maxTokens === undefined) throw invalid('max_tokens', 'expected a whole number of 1 or more; this format requires it.');
  const out: Parameters = { maxTokens };
  const temperature = optionalNumber(body['temperature'], 'temperature', { min: 0, max: 1 });
  if (temperature !== undefined) out.temperature = temperature;
  const topP = optionalNumber(body['top_p'], 'top_p', { min: 0, max: 1 });
  if (topP !== undefined) out.topP = topP;
  const topK = optionalNumber(body['top_k'], 'top_k', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  if (topK !== undefined) out.topK = topK;
  if (!isAbsent(body['stop_sequences'])) out.stop = readStrings(body['stop_sequences'], 'stop_sequences');
  parseToolChoice(out, body['tool_choice']);
  parseThinking(out, body['thinking']);
  parseOutputConfig(out, body['output_config']);
  return out;
}

function parseToolChoice(out: Parameters, value: unknown): void {
  if (isAbsent(value)) return;
  const choice = readObject(value, 'tool_choice');
  out.toolChoice = toolChoiceOf(choice);
  const disabled = optionalBoolean(choice['disable_parallel_tool_use'], 'tool_choice.disable_parallel_tool_use');
  if (disabled !== undefined) out.parallelToolCalls = !disabled;
}

function toolChoiceOf(choice: JsonObject): ToolChoice {
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { kind: choice['type'] };
    case 'any':
      return { kind: 'required' };
    case 'tool':
      return { kind: 'tool', name: readName(choice['name'], 'tool_choice.name') };
    default:
      throw invalid('tool_choice.type', 'expected auto, any, tool or none.');
  }
}

function parseThinking(out: Parameters, value: unknown): void {
  if (isAbsent(value)) return;
  const thinking = readObject(value, 'thinking');
  const type = readName(thinking['type'], 'thinking.type');
  if (type === 'disabled') out.reasoningEffort = 'none';
  if (type !== 'enabled') return;
  const budget = optionalNumber(thinking['budget_tokens'], 'thinking.budget_tokens', COUNT);
  if (budget === undefined) throw invalid('thinking.budget_tokens', 'expected a whole number of tokens.');
  out.thinkingBudgetTokens = budget;
}

function parseOutputConfig(out: Parameters, value: unknown): void {
  if (isAbsent(value)) return;
  const config = readObject(value, 'output_config');
  const effort = optionalString(config['effort'], 'output_config.effort');
  if (effort !== undefined && out.reasoningEffort === undefined) out.reasoningEffort = effort;
  const format = config['format'];
  if (isAbsent(format)) return;
  if (!isObject(format) || format['type'] !== 'json_schema') throw invalid('output_config.format', 'expected a json_schema format.');
  out.responseFormat = { kind: 'json_schema', name: 'answer', schema: readObject(format['schema'], 'output_config.format.schema') };
}
