/**
 * Short texts about people, sealed with their data key to stand in evidence: whoever is erased can no longer be read there, and
 * the evidence keeps its bytes. The subtle point: the same text in the same place seals to the same bytes, so that evidence
 * collected twice is equal. The IV is made from the text, its place and the key, never from chance.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { ParapetError } from '../core/errors.ts';
import type { KeyStore } from './port.ts';

const PREFIX = 'sealed:';
const TAG_BYTES = 16;

/** `place` says where the text stands, e.g. package, file and column; it opens nowhere else. */
export function sealText(keys: Pick<KeyStore, 'current'>, subject: string, place: string, text: string): string {
  const { id, key } = keys.current(subject);
  const iv = createHmac('sha256', key).update(`parapet sealed text/${place.length}/${place}/${text}`).digest().subarray(0, 12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${PREFIX}${id}:${iv.toString('base64url')}:${body.toString('base64url')}`;
}

/** Throws PARAPET_KEY_UNAVAILABLE when its subject was erased, PARAPET_RECORD_INVALID when it was changed or stands elsewhere. */
export function openText(keys: Pick<KeyStore, 'byId'>, place: string, sealed: string): string {
  const [, id, iv, body] = /^sealed:([^:]+):([^:]+):([^:]+)$/.exec(sealed) ?? [];
  if (id === undefined || iv === undefined || body === undefined) throw invalid('It is no sealed text.');
  const { key } = keys.byId(id);
  const bytes = Buffer.from(body, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'));
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw invalid('The sealed text was changed, or stands where it was not sealed.', cause);
  }
}

const invalid = (message: string, cause?: unknown) => new ParapetError('PARAPET_RECORD_INVALID', { message, cause });
