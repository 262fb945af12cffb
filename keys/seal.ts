/**
 * Content into a sealed field of an event and back. The additional data ties a sealed text to its interaction and
 * field: moved elsewhere it does not open.
 */
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ParapetError } from '../core/errors.ts';
import type { Sealed } from '../schemas/types.ts';
import type { KeyStore } from './port.ts';

/** Below this, compressing costs the request more than it saves the log. */
const COMPRESS_FROM_BYTES = 32 * 1024;
const TAG_BYTES = 16;
const MAX_OPENED_BYTES = 256 * 1024 * 1024;

export type SealedField = 'requestContent' | 'responseContent' | 'errorContent';

export function seal(keys: KeyStore, subject: string, interactionId: string, field: SealedField, text: string): Sealed {
  const { id, key } = keys.current(subject);
  let plain: Buffer | string = text;
  let compression: Sealed['compression'] = 'none';
  if (text.length >= COMPRESS_FROM_BYTES) {
    plain = deflateRawSync(text, { level: 1 });
    compression = 'deflate';
  }
  const iv = takeIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(`${interactionId}/${field}`, 'latin1'));
  const body = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain);
  cipher.final();
  return { keyId: id, algorithm: 'A256GCM', compression, iv, ciphertext: Buffer.concat([body, cipher.getAuthTag()]) };
}

/** The text again. Throws PARAPET_KEY_UNAVAILABLE when the key is gone, PARAPET_RECORD_INVALID when the bytes were changed. */
export function unseal(keys: KeyStore, interactionId: string, field: SealedField, sealed: Sealed): string {
  const { key } = keys.byId(sealed.keyId);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.iv);
    decipher.setAAD(Buffer.from(`${interactionId}/${field}`, 'latin1'));
    const end = sealed.ciphertext.length - TAG_BYTES;
    decipher.setAuthTag(sealed.ciphertext.subarray(end));
    const plain = decipher.update(sealed.ciphertext.subarray(0, end));
    // Verifies the tag; in this mode it has no bytes of its own.
    decipher.final();
    return (sealed.compression === 'deflate' ? inflateRawSync(plain, { maxOutputLength: MAX_OPENED_BYTES }) : plain).toString('utf8');
  } catch (cause) {
    throw new ParapetError('PARAPET_RECORD_INVALID', {
      message: `The ${field} of ${interactionId} does not open: its bytes were changed.`,
      cause,
    });
  }
}

const IV_BYTES = 12;
let pool = Buffer.alloc(0);
let used = 0;

/** 12 random bytes; drawn from the system 512 at a time. What was drawn is never written again, so nobody needs a copy. */
function takeIv(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(IV_BYTES * 512));
    used = 0;
  }
  used += IV_BYTES;
  return pool.subarray(used - IV_BYTES, used);
}
