/** The last stage: the answer or the error, in the caller's format, on the wire. */
import type { ServerResponse } from 'node:http';
import type { ParapetError } from '../../core/errors.ts';
import type { WireFormat } from '../wire/types.ts';

export function sendJson(response: ServerResponse, status: number, body: string | Buffer, headers: Record<string, string | number>): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** `interactionId` is empty when the request could not even be admitted. */
export function sendError(response: ServerResponse, wire: WireFormat, error: ParapetError, interactionId: string): void {
  const headers: Record<string, string | number> = { 'x-parapet-error': error.code };
  if (interactionId !== '') headers['x-parapet-interaction-id'] = interactionId;
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = error.retryAfterSeconds;
  // A body that was not read to its end would be taken for the next request.
  if (error.code.startsWith('PARAPET_BODY_')) headers['connection'] = 'close';
  sendJson(response, error.status, JSON.stringify(wire.renderError(error, interactionId)), headers);
}
