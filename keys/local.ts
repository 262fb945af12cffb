/**
 * The key store of one machine: a master key in a file that only its owner can read, data keys wrapped by it in LMDB.
 * Several processes share it; a process that meets a subject for the first time makes the key in a transaction, so two
 * never make two.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { ParapetError } from '../core/errors.ts';
import type { DataKey, KeyStore } from './port.ts';

const CACHED_KEYS = 50_000;
/** After this a cached key is looked up again, so that a key destroyed by another process is gone here too. */
const CACHE_MS = 60_000;

interface SubjectRow {
  keyIds: string[];
}

interface KeyRow {
  subject: string;
  /** 12 bytes IV, 32 bytes key, 16 bytes tag. */
  wrapped: Buffer;
  createdAt: number;
}

export interface LocalKeyStoreOptions {
  folder: string;
  /** Base64 of 32 bytes; when absent the file `master.key` in the folder is used, and made at first. */
  masterKey?: string;
  /** Milliseconds, for the age of cached keys. */
  now?: () => number;
}

export function openLocalKeyStore({ folder, masterKey, now = Date.now }: LocalKeyStoreOptions): KeyStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const master = masterKey === undefined ? masterKeyFile(join(folder, 'master.key')) : decodeMaster(masterKey);
  const root = open<KeyRow | SubjectRow, string>({ path: join(folder, 'data-keys'), overlappingSync: false });
  const bySubject = new Map<string, DataKey & { until: number }>();
  const byId = new Map<string, DataKey & { until: number }>();
  const hashKeys = new Map<string, KeyObject>();

  function unwrap(id: string, row: KeyRow): DataKey {
    try {
      const decipher = createDecipheriv('aes-256-gcm', master, row.wrapped.subarray(0, 12));
      decipher.setAAD(Buffer.from(`${id}/${row.subject}`));
      decipher.setAuthTag(row.wrapped.subarray(44));
      return { id, key: createSecretKey(Buffer.concat([decipher.update(row.wrapped.subarray(12, 44)), decipher.final()])) };
    } catch (cause) {
      throw new ParapetError('PARAPET_KEY_UNAVAILABLE', { message: `Data key ${id} does not unwrap with this master key.`, cause });
    }
  }

  function wrap(id: string, subject: string, key: Buffer): Buffer {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', master, iv);
    cipher.setAAD(Buffer.from(`${id}/${subject}`));
    return Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  }

  function remember<K>(cache: Map<K, DataKey & { until: number }>, name: K, key: DataKey): DataKey {
    if (cache.size >= CACHED_KEYS) cache.delete(cache.keys().next().value as K);
    cache.set(name, { ...key, until: now() + CACHE_MS });
    return key;
  }

  return {
    current(subject) {
      const cached = bySubject.get(subject);
      if (cached && cached.until > now()) return cached;
      const found = root.transactionSync((): DataKey => {
        const existing = (root.get(`subject/${subject}`) as SubjectRow | undefined)?.keyIds.at(-1);
        if (existing !== undefined) return unwrap(existing, root.get(`key/${existing}`) as KeyRow);
        const id = randomBytes(12).toString('base64url');
        const key = randomBytes(32);
        root.putSync(`key/${id}`, { subject, wrapped: wrap(id, subject, key), createdAt: Date.now() });
        root.putSync(`subject/${subject}`, { keyIds: [id] });
        return { id, key: createSecretKey(key) };
      });
      return remember(bySubject, subject, found);
    },

    byId(id) {
      const cached = byId.get(id);
      if (cached && cached.until > now()) return cached;
      byId.delete(id);
      root.resetReadTxn();
      const row = root.get(`key/${id}`) as KeyRow | undefined;
      if (row === undefined)
        throw new ParapetError('PARAPET_KEY_UNAVAILABLE', {
          message: `Data key ${id} is not here: its subject was erased, or the record comes from elsewhere.`,
        });
      return remember(byId, id, unwrap(id, row));
    },

    count(subject) {
      root.resetReadTxn();
      return (root.get(`subject/${subject}`) as SubjectRow | undefined)?.keyIds.length ?? 0;
    },

    async destroy(subject) {
      const ids = await root.transaction(() => {
        const row = root.get(`subject/${subject}`) as SubjectRow | undefined;
        for (const id of row?.keyIds ?? []) root.removeSync(`key/${id}`);
        root.removeSync(`subject/${subject}`);
        return row?.keyIds ?? [];
      });
      bySubject.delete(subject);
      for (const id of ids) byId.delete(id);
      return ids.length;
    },

    ages(org) {
      root.resetReadTxn();
      let [dataKeys, oldestAt, newestAt] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      // `0` is the character behind `/`: keys alone, no subjects.
      for (const { value } of root.getRange({ start: 'key/', end: 'key0' })) {
        const { subject, createdAt } = value as KeyRow;
        if (!subject.startsWith(`${org}/`)) continue;
        dataKeys += 1;
        oldestAt = Math.min(oldestAt, createdAt);
        newestAt = Math.max(newestAt, createdAt);
      }
      const masterKeyAt = masterKey === undefined ? Math.floor(statSync(join(folder, 'master.key')).mtimeMs) : undefined;
      return dataKeys === 0
        ? { dataKeys, oldestAt: undefined, newestAt: undefined, masterKeyAt }
        : { dataKeys, oldestAt, newestAt, masterKeyAt };
    },

    hashKey(org) {
      let key = hashKeys.get(org);
      if (key === undefined) {
        key = createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `parapet content hash/${org}`, 32)));
        hashKeys.set(org, key);
      }
      return key;
    },

    purposeKey(purpose) {
      return createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `parapet purpose/${purpose}`, 32)));
    },

    async close() {
      await root.close();
    },
  };
}

/** The file's key; made once, whole, even when several processes start together. */
function masterKeyFile(path: string): Buffer {
  if (!existsSync(path)) {
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
  }
  return decodeMaster(readFileSync(path, 'utf8'));
}

function decodeMaster(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'The master key must be 32 bytes in base64.' });
  return key;
}
