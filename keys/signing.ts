/** The Ed25519 keys that bundles are signed with and checked by, as PEM: what every tool can read and make. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';

export const signingKeyFiles = (folder: string) => ({
  privateKey: join(folder, 'signing-key.pem'),
  publicKey: join(folder, 'signing-key.pub.pem'),
});

/** Makes a pair in the folder; never over one that is there. */
export function makeSigningKey(folder: string): { privateKey: string; publicKey: string } {
  const files = signingKeyFiles(folder);
  if (existsSync(files.privateKey)) {
    throw invalid(
      `There is a key at ${files.privateKey} already.`,
      'Move it away first; bundles that it signed need its public key to be accepted.',
    );
  }
  const pair = generateKeyPairSync('ed25519');
  mkdirSync(folder, { recursive: true });
  writeFileSync(files.privateKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx', flush: true });
  writeFileSync(files.publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }), { flush: true });
  return files;
}

/** Whose bundles are accepted. Throws PARAPET_CONFIG_INVALID when one of them is no Ed25519 public key. */
export function trustedKeys({
  PARAPET_SIGNATURE_PUBLIC_KEYS: named = [],
}: Pick<Environment, 'PARAPET_SIGNATURE_PUBLIC_KEYS'>): KeyObject[] {
  return named.map((entry) => {
    const isPem = entry.startsWith('-----BEGIN');
    const where = `PARAPET_SIGNATURE_PUBLIC_KEYS${isPem ? '' : ` (${entry})`}`;
    const pem = isPem ? entry : readPem(entry, where);
    if (pem.includes('PRIVATE KEY')) {
      throw invalid(`${where} is a private key.`, 'Name the public one: who only checks bundles needs no more, and should have no more.');
    }
    return ed25519(where, () => createPublicKey(pem));
  });
}

/** The key to sign with; undefined when there is none. Throws PARAPET_CONFIG_INVALID when it is no Ed25519 private key. */
export function signingKey(env: Environment, folder: string): KeyObject | undefined {
  const { PARAPET_SIGNATURE_KEY: pem, PARAPET_SIGNATURE_KEY_FILE: file } = env;
  if (pem !== undefined) return ed25519('PARAPET_SIGNATURE_KEY', () => createPrivateKey(pem));
  const made = signingKeyFiles(folder).privateKey;
  if (file === undefined && !existsSync(made)) return undefined;
  const path = file ?? made;
  return ed25519(path, () => createPrivateKey(readPem(path, 'PARAPET_SIGNATURE_KEY_FILE')));
}

function readPem(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`${where}: ${path} cannot be read.`, 'Name a PEM file that this process may read.', cause);
  }
}

function ed25519(where: string, read: () => KeyObject): KeyObject {
  const hint = 'Make a pair with `parapet signatures keygen`.';
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause;
    throw invalid(`${where} is not a key in PEM.`, hint, cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw invalid(`${where} is a key for ${key.asymmetricKeyType}, not for Ed25519.`, hint);
  return key;
}

const invalid = (message: string, hint: string, cause?: unknown) => new ParapetError('PARAPET_CONFIG_INVALID', { message, hint, cause });
