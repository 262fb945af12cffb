/** What a chat completions request says besides its messages and tools (`../rest.ts`). */
import type { RestText } from '../../../schemas/content.ts';
import { isAbsent, isObject, type JsonObject } from '../fields.ts';
import { all, type Known, restOf } from '../rest.ts';

/** Settings, and who asks: no model reads them. */
const SETTINGS = all(
  'model stream stream_options max_tokens max_completion_tokens temperature top_p top_k frequency_penalty presence_penalty n seed stop ' +
    'tool_choice function_call parallel_tool_calls reasoning_effort verbosity logit_bias logprobs top_logprobs modalities audio user ' +
    'safety_identifier metadata store service_tier prompt_cache_key prompt_cache_options prompt_cache_retention agent_id session_id',
);

const FUNCTION: Known = all('name description parameters');

const TOP: Known = {
  ...SETTINGS,
  tools: (tool) => (tool['type'] === 'function' ? { type: true, cache_control: true, function: FUNCTION } : true),
  functions: FUNCTION,
  response_format: { type: true },
};

const TEXT = all('type text cache_control');
const REFUSAL = all('type refusal');
const IMAGE: Known = { type: true, cache_control: true, image_url: all('url detail') };
const FILE: Known = { type: true, cache_control: true, file: all('file_data filename') };

const PART: Known = (part): Known => {
  switch (part['type']) {
    case 'text':
      return TEXT;
    case 'refusal':
      return REFUSAL;
    case 'image_url':
      return IMAGE;
    case 'file':
      return typeof (part['file'] as JsonObject)['file_data'] === 'string' ? FILE : true;
    default:
      // Kept whole, as its own JSON.
      return true;
  }
};

const CALLED = all('name arguments');
const CALL: Known = (call): Known =>
  isAbsent(call['type']) || call['type'] === 'function' ? { id: true, type: true, index: true, function: CALLED } : true;

const ANY = { role: true, content: PART } as const;
const RESULT: Known = { ...ANY, tool_call_id: true };
const SAID = { ...ANY, refusal: true, tool_calls: CALL, function_call: CALLED } as const;

/** Of an assistant's fields some are read only where they are of the type that they should be, and one of two that mean the same. */
const MESSAGE: Known = (message): Known => {
  if (message['role'] === 'tool') return RESULT;
  if (message['role'] !== 'assistant') return ANY;
  const { reasoning_content: thought, reasoning, audio } = message;
  return {
    ...SAID,
    ...(typeof thought === 'string' ? { reasoning_content: true } : {}),
    ...(typeof reasoning === 'string' && isAbsent(thought) ? { reasoning: true } : {}),
    ...(isObject(audio) ? { audio: true } : {}),
  };
};

/** Of a body that `parseRequest` took. */
export function restOfChat(body: JsonObject): RestText[] {
  return restOf(body, TOP, MESSAGE);
}
