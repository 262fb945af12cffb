/** The last stage: the answer or the error, in the caller's format, on the wire. */
import type { ServerResponse } from 'node:http';
import type { ParapetError } from '../../core/errors.ts';
import type { WireFormat } from '../wire/types.ts';

export function sendJson(response: ServerResponse, status: number, body: string | Buffer, headers: Record<string, string | number>): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) });
  // As a string the body joins the head in one write; latin1 keeps every byte of a buffer as it is.
  if (typeof body === 'string') response.end(body, 'utf8');
  else response.end(body.toString('latin1'), 'latin1');
}

/** More than this waiting for the client: it does not read as fast as it is answered. */
const WAITING_BYTES = 256 * 1024;

/** After the answer's last byte was given: a client that does not fetch it in time would hold its memory for ever. */
export function boundLastWrite(response: ServerResponse, stallMs: number): void {
  const { socket } = response;
  if (socket === null || socket.writableLength + response.writableLength <= WAITING_BYTES) return;
  const gone = () => response.destroy();
  // Any progress starts the time anew.
  socket.setTimeout(stallMs, gone);
  response.once('close', () => socket.setTimeout(0).off('timeout', gone));
}

/** `interactionId` is empty when the request could not even be admitted. */
export function sendError(response: ServerResponse, wire: WireFormat, error: ParapetError, interactionId: string): void {
  const headers: Record<string, string | number> = { 'x-parapet-error': error.code };
  if (interactionId !== '') headers['x-parapet-interaction-id'] = interactionId;
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = Math.ceil(error.retryAfterSeconds);
  // A body that was not read to its end would be taken for the next request.
  if (error.code.startsWith('PARAPET_BODY_')) headers['connection'] = 'close';
  sendJson(response, error.status, JSON.stringify(wire.renderError(error, interactionId)), headers);
}
