/**
 * A request in Parapet's own unified form: OpenAI's chat request, plus who is asking. Subtle: `user`, `agent_id` and
 * `session_id` are Parapet's to record; the last two are never sent to a vendor.
 */
import { optionalString, readObject } from '../fields.ts';
import { parseRequest as parseChatRequest } from '../openai-chat/request.ts';
import type { CanonicalRequest } from '../types.ts';

/** Throws PARAPET_INVALID_REQUEST with `param` when the body is not one. */
export function parseRequest(value: unknown): CanonicalRequest {
  const body = readObject(value, 'body');
  const request = parseChatRequest(body, 'parapet.completions');
  const user = optionalString(body['user'], 'user');
  if (user !== undefined) request.user = user;
  const agentId = optionalString(body['agent_id'], 'agent_id');
  if (agentId !== undefined) request.agentId = agentId;
  const sessionId = optionalString(body['session_id'], 'session_id');
  if (sessionId !== undefined) request.sessionId = sessionId;
  return request;
}
