/** Who is calling: the API key from either SDK's header. */
import type { IncomingHttpHeaders } from 'node:http';
import { ParapetError } from '../../core/errors.ts';
import type { ApiKeys, Caller } from '../api-keys.ts';

/** Throws PARAPET_KEY_MISSING or PARAPET_KEY_INVALID. */
export function authenticate(keys: ApiKeys, headers: IncomingHttpHeaders): Caller {
  const key = keyOf(headers);
  if (key === undefined) throw new ParapetError('PARAPET_KEY_MISSING');
  const caller = keys.find(key);
  if (caller === undefined) throw new ParapetError('PARAPET_KEY_INVALID');
  return caller;
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim() || undefined;
  const key = headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}
