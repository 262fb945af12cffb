/** What a Messages request says besides its system, messages and tools (`../rest.ts`). */
import type { RestText } from '../../../schemas/content.ts';
import { isAbsent, type JsonObject } from '../fields.ts';
import { all, type Known, restOf } from '../rest.ts';

const TEXT = all('type text cache_control');
const BYTES = all('type media_type data');
const ADDRESS = all('type url');
/** What is read of a picture or a document, by its source's type; of other types all is kept, as its own JSON. */
const IMAGES = new Map<unknown, Known>([
  ['base64', { ...all('type cache_control'), source: BYTES }],
  ['url', { ...all('type cache_control'), source: ADDRESS }],
]);
const DOCUMENTS = new Map<unknown, Known>([
  ['base64', { ...all('type title context cache_control'), source: BYTES }],
  ['text', { ...all('type title context cache_control'), source: BYTES }],
  ['url', { ...all('type title context cache_control'), source: ADDRESS }],
]);
const THINKING = all('type thinking signature');
const CALL = all('type id name input cache_control');
const TOOL = all('type name description input_schema cache_control');
const RESULT: Known = { type: true, tool_use_id: true, is_error: true, cache_control: true, content: (block) => knownOf(block) };

function knownOf(block: JsonObject): Known {
  switch (block['type']) {
    case 'text':
      return TEXT;
    case 'image':
      return IMAGES.get((block['source'] as JsonObject)['type']) ?? true;
    case 'document':
      return DOCUMENTS.get((block['source'] as JsonObject)['type']) ?? true;
    case 'thinking':
      return THINKING;
    case 'tool_use':
      return CALL;
    case 'tool_result':
      return RESULT;
    default:
      // Kept whole, as its own JSON.
      return true;
  }
}

const TOP: Known = {
  ...all('model stream max_tokens temperature top_p top_k stop_sequences tool_choice thinking metadata service_tier cache_control'),
  ...all('inference_geo speed'),
  system: knownOf,
  tools: (tool) => (isAbsent(tool['type']) || tool['type'] === 'custom' ? TOOL : true),
  output_config: { effort: true, format: { type: true } },
  // A token for a server is for the vendor, not for a model.
  mcp_servers: all('authorization_token'),
};

/** Of a body that `parseRequest` took. */
export function restOfMessages(body: JsonObject): RestText[] {
  return restOf(body, TOP, { role: true, content: knownOf });
}
