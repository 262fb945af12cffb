/**
 * Signatures of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one for each secret, so that a receiver may still
 * know only the old one while secrets change.
 */
import { createHash, createHmac } from 'node:crypto';
import { invalid } from './connection.ts';

export interface Signer {
  /** The three headers of one attempt; `atMs` is the attempt's time, not the event's. */
  headers(id: string, atMs: number, body: string): Record<string, string>;
}

/** One or two secrets, `whsec_` and 24 to 64 bytes in base64. Throws PARAPET_CONFIG_INVALID, without showing any. */
export function createSigner(secrets: readonly string[]): Signer {
  if (secrets.length < 1 || secrets.length > 2) throw invalid('A webhook has one secret, or two while they change.');
  const keys = secrets.map(keyOf);
  return {
    headers(id, atMs, body) {
      const timestamp = Math.floor(atMs / 1_000);
      const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
      return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') };
    },
  };
}

/** The event's own id. A dot in it would let one signed text be read as another, so such an id is replaced by its digest. */
export function webhookId(id: string): string {
  return /^[\w-]{1,128}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : '';
  const key = Buffer.from(text, 'base64');
  // Decoding is lenient, so what was read is compared with what was given.
  if (key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '') || key.length < 24 || key.length > 64) {
    throw invalid('A webhook secret is whsec_ followed by 24 to 64 random bytes in base64.');
  }
  return key;
}
