/**
 * Which fields of a chat completions request may travel to a vendor of another format. What has a canonical place is
 * carried; what cannot change the answer is dropped; everything else, unknown fields included, is refused, so that
 * nobody believes to have asked for something that was quietly left out.
 */
import { isAbsent, isObject, type JsonObject, unsupported } from '../fields.ts';

const CARRIED = new Set([
  ...['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop'],
  ...['tools', 'tool_choice', 'functions', 'function_call', 'parallel_tool_calls', 'reasoning_effort', 'response_format'],
  ...['user', 'safety_identifier', 'agent_id', 'session_id'],
]);

/** Storage, routing, caching and best-effort wishes of OpenAI's own service. */
const HARMLESS = new Set([
  ...['metadata', 'store', 'seed', 'service_tier', 'prediction'],
  ...['prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
]);

/** Throws PARAPET_UNSUPPORTED with the first field that cannot be carried. */
export function refuseUncarried(body: JsonObject): void {
  for (const key of Object.keys(body)) {
    const value = body[key];
    if (isAbsent(value) || CARRIED.has(key) || HARMLESS.has(key) || asksForNothing(key, value)) continue;
    throw unsupported(key, 'this field cannot be carried to the vendor that serves the model.');
  }
  if (Array.isArray(body['tools'])) {
    body['tools'].forEach((tool, i) => {
      if (isObject(tool) && tool['type'] !== 'function') {
        throw unsupported(`tools[${i}].type`, 'only function tools can be carried to the vendor that serves the model.');
      }
    });
  }
  const choice = body['tool_choice'];
  if (isObject(choice) && choice['type'] !== 'function') {
    throw unsupported('tool_choice.type', 'only a named function can be carried to the vendor that serves the model.');
  }
}

/** The value is the one that also holds when the field is left out. */
function asksForNothing(key: string, value: unknown): boolean {
  switch (key) {
    case 'n':
      return value === 1;
    case 'frequency_penalty':
    case 'presence_penalty':
    case 'top_logprobs':
      return value === 0;
    case 'logprobs':
      return value === false;
    case 'logit_bias':
      return isObject(value) && Object.keys(value).length === 0;
    case 'modalities':
      return Array.isArray(value) && value.length === 1 && value[0] === 'text';
    case 'verbosity':
      return value === 'medium';
    default:
      return false;
  }
}
