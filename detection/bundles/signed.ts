/**
 * A bundle with its signature: Ed25519 over its text in UTF-8, so that `openssl pkeyutl -verify -rawin` can check it without
 * us. The text is only read when the signature holds.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ParapetError } from '../../core/errors.ts';
import { type Bundle, bundleText, parseBundle } from './format.ts';

export interface SignedBundle {
  text: string;
  /** 64 bytes. */
  signature: Buffer;
}

export function signBundle(bundle: Bundle, privateKey: KeyObject): SignedBundle {
  const text = bundleText(bundle);
  return { text, signature: sign(null, Buffer.from(text), privateKey) };
}

/** Throws PARAPET_BUNDLE_UNTRUSTED, or PARAPET_BUNDLE_INVALID for what a trusted key should not have signed. */
export function openBundle({ text, signature }: SignedBundle, trusted: readonly KeyObject[], { takenBefore = false } = {}): Bundle {
  const bytes = Buffer.from(text);
  if (!trusted.some((key) => verify(null, bytes, key, signature))) {
    throw new ParapetError('PARAPET_BUNDLE_UNTRUSTED', {
      message: `A bundle of signatures was not signed by any of ${trusted.map(keyIdOf).join(', ') || 'no keys'}, or was changed since.`,
    });
  }
  return parseBundle(text, { takenBefore });
}

/** The first 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
export function keyIdOf(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').slice(0, 16);
}
