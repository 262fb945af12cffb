/**
 * For whom the call is made: agent, end user, session, conversation, from the key, the body and Parapet's own headers.
 * The subject decides whose data key seals the content.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ParapetError } from '../../core/errors.ts';
import type { Caller } from '../api-keys.ts';
import type { Exchange } from '../exchange.ts';
import type { CanonicalRequest } from '../wire/types.ts';

const MAX_NAME_CHARS = 256;

/** Throws PARAPET_INVALID_REQUEST when a name is malformed, PARAPET_AGENT_FORBIDDEN when the key may not speak for the agent. */
export function identify(caller: Caller, request: CanonicalRequest, headers: IncomingHttpHeaders): Exchange['identity'] {
  const asked = name(headers, 'x-parapet-agent') ?? checked(request.agentId, 'agent_id');
  if (asked !== undefined && asked !== caller.agentId && !caller.mayNameAgent) {
    throw new ParapetError('PARAPET_AGENT_FORBIDDEN', { param: 'agent_id' });
  }
  const agentId = asked ?? caller.agentId;
  const userId = name(headers, 'x-parapet-user') ?? checked(request.user, 'user') ?? null;
  return {
    org: caller.org,
    agentId,
    userId,
    subject: `${caller.org}/${userId ?? agentId}`,
    sessionId: name(headers, 'x-parapet-session') ?? checked(request.sessionId, 'session_id') ?? null,
    conversationId: name(headers, 'x-parapet-conversation') ?? null,
  };
}

function name(headers: IncomingHttpHeaders, header: string): string | undefined {
  const value = headers[header];
  return typeof value === 'string' && value !== '' ? checked(value, header) : undefined;
}

function checked(value: string | undefined, param: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (value.length > MAX_NAME_CHARS || /[\u0000-\u001f\u007f]/.test(value) || !value.isWellFormed()) {
    throw new ParapetError('PARAPET_INVALID_REQUEST', {
      message: `${param} must be at most ${MAX_NAME_CHARS} characters without control characters.`,
      param,
    });
  }
  return value;
}
