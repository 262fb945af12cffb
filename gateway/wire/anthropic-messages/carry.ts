/**
 * Which fields of a Messages request may travel to a vendor of another format. What has a canonical place is carried;
 * what cannot change the answer is dropped; everything else, unknown fields included, is refused. Subtle: where data
 * is processed (`inference_geo`) is a promise, not a wish, so it is refused too.
 */
import { isAbsent, isObject, type JsonObject, unsupported } from '../fields.ts';

const CARRIED = new Set([
  ...['model', 'messages', 'system', 'max_tokens', 'stream', 'stop_sequences', 'temperature', 'top_p', 'top_k'],
  ...['tools', 'tool_choice', 'metadata', 'thinking', 'output_config'],
]);

/** Routing, caching and diagnostics of Anthropic's own service. */
const HARMLESS = new Set(['service_tier', 'speed', 'cache_control', 'diagnostics', 'user_profile_id', 'workspace_id']);

/** Throws PARAPET_UNSUPPORTED with the first field that cannot be carried. */
export function refuseUncarried(body: JsonObject): void {
  for (const key of Object.keys(body)) {
    if (isAbsent(body[key]) || CARRIED.has(key) || HARMLESS.has(key)) continue;
    throw unsupported(key, 'this field cannot be carried to the vendor that serves the model.');
  }
  if (!Array.isArray(body['tools'])) return;
  body['tools'].forEach((tool, i) => {
    if (isObject(tool) && !isAbsent(tool['type']) && tool['type'] !== 'custom') {
      throw unsupported(`tools[${i}].type`, 'only tools of the client can be carried to the vendor that serves the model.');
    }
  });
}
