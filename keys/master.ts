/**
 * Master keys: where they come from, and what they wrap. A key is named by a hash of it, so that whatever it wrapped says which one
 * opens it, while one is exchanged for the next.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ParapetError } from '../core/errors.ts';

export interface MasterKey {
  /** 16 hex digits. */
  id: string;
  key: Buffer;
}

/** The master keys that a process has. */
export interface MasterKeys {
  /** Those that a store may be of that does not say so itself; a new store begins with the last, which is the oldest. */
  all(): [MasterKey, ...MasterKey[]];
  /** When the first of them came to be, in milliseconds since 1970; null for what comes from outside. */
  since(): number | null;
  /** Undefined when it is none of them. Files are read again for one that is not known. */
  byId(id: string): MasterKey | undefined;
  /** The one to change to; made where this is ours to do. Throws PARAPET_MASTER_KEY_OUTSIDE. */
  next(inForce: string): MasterKey;
  /** This one is in force from now on, for good. */
  settle(id: string): void;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** 12 bytes IV, the secret, 16 bytes tag. `place` says where it stands; it opens nowhere else. */
export function wrap({ key }: MasterKey, place: string, secret: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when it was changed, or wrapped by another key. */
export function unwrap({ key }: MasterKey, place: string, wrapped: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, IV_BYTES));
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(wrapped.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** In base64, from the settings; the one before it opens what it wrapped until all of that is wrapped anew. */
export function givenMasterKeys(current: string, previous?: string): MasterKeys {
  const keys = [current, ...(previous === undefined ? [] : [previous])].map(decode) as [MasterKey, ...MasterKey[]];
  return {
    all: () => keys,
    since: () => null,
    byId: (id) => keys.find((key) => key.id === id),
    next(inForce) {
      if (keys[0].id !== inForce) return keys[0];
      throw new ParapetError('PARAPET_MASTER_KEY_OUTSIDE', { message: `PARAPET_MASTER_KEY is the key in force (${inForce}).` });
    },
    settle: () => {},
  };
}

/** Two files of the folder: `master.key`, made at first use, and while it is being exchanged `master.next.key`. */
export function masterKeyFiles(folder: string): MasterKeys {
  const [current, next] = [join(folder, 'master.key'), join(folder, 'master.next.key')];
  const known = new Map<string, MasterKey>();
  const read = (path: string): MasterKey => {
    const key = decode(readFileSync(path, 'utf8'));
    known.set(key.id, key);
    return key;
  };
  return {
    all: () => [read(makeKeyFile(current))],
    since: () => Math.floor(statSync(current).mtimeMs),
    byId(id) {
      // In this order, and the first once more: the second may be given its name meanwhile.
      for (const path of [current, next, current]) if (!known.has(id)) unlessGone(() => read(path));
      return known.get(id);
    },
    // One that stays behind of whoever was killed is as good as a new one.
    next: () => read(makeKeyFile(next)),
    settle(id) {
      if (unlessGone(() => read(next))?.id !== id) return;
      unlessGone(() => renameSync(next, current));
      syncEntries(folder);
    },
  };
}

/** Another process may give the file its other name at any moment. */
function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Made once, whole, even when several processes start together. */
function makeKeyFile(path: string): string {
  if (existsSync(path)) return path;
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  chmodSync(path, 0o600);
  // What it wraps must not outlive it in a power cut.
  syncEntries(dirname(path));
  return path;
}

function syncEntries(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function decode(text: string): MasterKey {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'The master key must be 32 bytes in base64.' });
  return { id: hash('sha256', Buffer.concat([Buffer.from('parapet master key/'), key])).slice(0, 16), key };
}
