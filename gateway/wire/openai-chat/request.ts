/**
 * A chat completions request into its canonical form. On the path of every request, so the checks are written by hand
 * and the body is read once. Subtle: fields unknown here are kept in `body` and reach a vendor of the same format
 * untouched; only `carry.ts` decides what happens to them on the way to another format.
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
  readString,
  readStrings,
} from '../fields.ts';
import type { CanonicalRequest, Parameters, ToolChoice, WireFormatId } from '../types.ts';
import { parseMessages } from './content.ts';
import { restOfChat } from './rest.ts';

/** Throws PARAPET_INVALID_REQUEST with `param` when the body is not a chat completions request. */
export function parseRequest(value: unknown, wire: WireFormatId): CanonicalRequest {
  const body = readObject(value, 'body');
  const model = readName(body['model'], 'model');
  const stream = optionalBoolean(body['stream'], 'stream') ?? false;
  const request: CanonicalRequest = {
    wire,
    model,
    stream,
    streamUsage: stream && parseStreamUsage(body['stream_options']),
    content: { messages: parseMessages(body['messages']), tools: parseTools(body) },
    parameters: parseParameters(body),
    body,
  };
  const rest = restOfChat(body);
  if (rest.length > 0) request.content.rest = rest;
  const user = optionalString(body['safety_identifier'], 'safety_identifier') ?? optionalString(body['user'], 'user');
  if (user !== undefined) request.user = user;
  return request;
}

function parseStreamUsage(value: unknown): boolean {
  if (isAbsent(value)) return false;
  return optionalBoolean(readObject(value, 'stream_options')['include_usage'], 'stream_options.include_usage') ?? false;
}

function parseTools(body: JsonObject): ToolDefinition[] {
  const tools: ToolDefinition[] = [];
  if (!isAbsent(body['tools'])) {
    readArray(body['tools'], 'tools').forEach((item, i) => {
      tools.push(parseTool(readObject(item, `tools[${i}]`), `tools[${i}]`));
    });
  }
  if (!isAbsent(body['functions'])) {
    readArray(body['functions'], 'functions').forEach((item, i) => {
      tools.push(parseFunction(readObject(item, `functions[${i}]`), `functions[${i}]`));
    });
  }
  return tools;
}

function parseTool(tool: JsonObject, at: string): ToolDefinition {
  const type = readName(tool['type'], `${at}.type`);
  if (type === 'function') return parseFunction(readObject(tool['function'], `${at}.function`), `${at}.function`);
  // A custom tool or one of a vendor's own: its whole definition stands where a guard reads it.
  const own = isObject(tool[type]) ? tool[type] : tool;
  const name = typeof own['name'] === 'string' && own['name'] !== '' ? own['name'] : type;
  return { name, parameters: tool };
}

function parseFunction(fn: JsonObject, at: string): ToolDefinition {
  const tool: ToolDefinition = { name: readName(fn['name'], `${at}.name`) };
  const description = optionalString(fn['description'], `${at}.description`);
  if (description !== undefined) tool.description = description;
  if (!isAbsent(fn['parameters'])) tool.parameters = readObject(fn['parameters'], `${at}.parameters`);
  return tool;
}

function parseParameters(body: JsonObject): Parameters {
  const out: Parameters = {};
  const maxTokens =
    optionalNumber(body['max_completion_tokens'], 'max_completion_tokens', COUNT) ??
    optionalNumber(body['max_tokens'], 'max_tokens', COUNT);
  if (maxTokens !== undefined) out.maxTokens = maxTokens;
  setNumber(out, 'temperature', body, 'temperature', 0, 2);
  setNumber(out, 'topP', body, 'top_p', 0, 1);
  setNumber(out, 'frequencyPenalty', body, 'frequency_penalty', -2, 2);
  setNumber(out, 'presencePenalty', body, 'presence_penalty', -2, 2);
  setNumber(out, 'topK', body, 'top_k', -1, Number.MAX_SAFE_INTEGER, true);
  setNumber(out, 'choices', body, 'n', 1, 128, true);
  setNumber(out, 'seed', body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true);

  const stop = body['stop'];
  if (!isAbsent(stop)) out.stop = typeof stop === 'string' ? [stop] : readStrings(stop, 'stop');
  const toolChoice = parseToolChoice(body);
  if (toolChoice !== undefined) out.toolChoice = toolChoice;
  const parallel = optionalBoolean(body['parallel_tool_calls'], 'parallel_tool_calls');
  if (parallel !== undefined) out.parallelToolCalls = parallel;
  // The older form has room for one call only.
  else if (Array.isArray(body['functions']) && isAbsent(body['tools'])) out.parallelToolCalls = false;
  const effort = optionalString(body['reasoning_effort'], 'reasoning_effort');
  if (effort !== undefined) out.reasoningEffort = effort;
  const format = parseResponseFormat(body['response_format']);
  if (format !== undefined) out.responseFormat = format;
  return out;
}

type NumberKey = 'temperature' | 'topP' | 'topK' | 'frequencyPenalty' | 'presencePenalty' | 'choices' | 'seed';

function setNumber(out: Parameters, key: NumberKey, body: JsonObject, field: string, min: number, max: number, integer = false): void {
  if (isAbsent(body[field])) return;
  const value = optionalNumber(body[field], field, { min, max, integer });
  if (value !== undefined) out[key] = value;
}

function parseToolChoice(body: JsonObject): ToolChoice | undefined {
  const value = body['tool_choice'];
  if (value === 'auto' || value === 'none' || value === 'required') return { kind: value };
  if (!isAbsent(value)) {
    if (!isObject(value)) throw invalid('tool_choice', 'expected auto, none, required or a named tool.');
    const type = readName(value['type'], 'tool_choice.type');
    if (type === 'function' || type === 'custom') {
      return { kind: 'tool', name: readName(readObject(value[type], `tool_choice.${type}`)['name'], `tool_choice.${type}.name`) };
    }
    if (type === 'allowed_tools') {
      return { kind: readObject(value['allowed_tools'], 'tool_choice.allowed_tools')['mode'] === 'required' ? 'required' : 'auto' };
    }
    throw invalid('tool_choice.type', 'expected function, custom or allowed_tools.');
  }
  const legacy = body['function_call'];
  if (legacy === 'auto' || legacy === 'none') return { kind: legacy };
  if (isAbsent(legacy)) return undefined;
  return { kind: 'tool', name: readName(readObject(legacy, 'function_call')['name'], 'function_call.name') };
}

function parseResponseFormat(value: unknown): Parameters['responseFormat'] {
  if (isAbsent(value)) return undefined;
  const format = readObject(value, 'response_format');
  const type = readString(format['type'], 'response_format.type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return { kind: 'json_object' };
  if (type !== 'json_schema') throw invalid('response_format.type', 'expected text, json_object or json_schema.');
  const schema = readObject(format['json_schema'], 'response_format.json_schema');
  const name = readName(schema['name'], 'response_format.json_schema.name');
  const strict = optionalBoolean(schema['strict'], 'response_format.json_schema.strict');
  return { kind: 'json_schema', name, schema: schema['schema'] ?? {}, ...(strict === undefined ? {} : { strict }) };
}
