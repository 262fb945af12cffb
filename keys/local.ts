/**
 * The key store of one machine: a master key in a file that only its owner can read, data keys wrapped by it in LMDB.
 * Several processes share it; a process that meets a subject for the first time makes the key in a transaction, so two
 * never make two.
 *
 * The store itself says which master key is in force, and every wrapped key by which it was wrapped. So the master key is exchanged
 * while others run: from one transaction on everybody wraps with the new key, the old one stays there, wrapped by the new, until all is
 * wrapped anew, and whoever is killed in between goes on. Keys that are derived come from a secret that stays the same for good (the
 * first master key), or hashes and pseudonyms of before would mean nothing any more.
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { ParapetError } from '../core/errors.ts';
import { givenMasterKeys, type MasterKey, masterKeyFiles, unwrap, wrap } from './master.ts';
import type { DataKey, KeyStore } from './port.ts';

const CACHED_KEYS = 50_000;
/** After this a cached key is looked up again, so that a key destroyed by another process is gone here too. */
const CACHE_MS = 60_000;

interface SubjectRow {
  keyIds: string[];
}

interface KeyRow {
  subject: string;
  wrapped: Buffer;
  /** Id of the master key that wrapped it; absent in rows from before master keys could be exchanged. */
  master?: string;
  createdAt: number;
}

interface MasterRow {
  /** Of the master key in force. */
  id: string;
  /** Since when all is wrapped by it, in milliseconds since 1970; null where only who brought it knows. */
  since: number | null;
  /** What keys are derived from, wrapped; absent while that is the master key itself. */
  derivation?: Buffer;
  /** While there are data keys that it wrapped. */
  previous?: { id: string; wrapped: Buffer };
}

/** How many data keys of a stretch there were to wrap anew, and where the next stretch begins. */
interface Rewrapped {
  count: number;
  next: string | undefined;
}

const MASTER = 'master';
/** Data keys that are wrapped anew in one transaction: as long nobody else makes one. */
const REWRAPPED_AT_ONCE = 100;

export interface LocalKeyStoreOptions {
  folder: string;
  /** Base64 of 32 bytes; when absent the file `master.key` in the folder is used, and made at first. */
  masterKey?: string | undefined;
  /** The one before it, while what it wrapped is not yet wrapped anew. */
  previousMasterKey?: string | undefined;
  /** Milliseconds, for the age of cached keys. */
  now?: () => number;
}

/** Throws PARAPET_KEY_UNAVAILABLE when the data keys there are of another master key. */
export function openLocalKeyStore({ folder, masterKey, previousMasterKey, now = Date.now }: LocalKeyStoreOptions): KeyStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const masters = masterKey === undefined ? masterKeyFiles(folder) : givenMasterKeys(masterKey, previousMasterKey);
  const root = open<KeyRow | SubjectRow | MasterRow, string>({ path: join(folder, 'data-keys'), overlappingSync: false });
  const bySubject = new Map<string, DataKey & { until: number }>();
  const byId = new Map<string, DataKey & { until: number }>();
  const hashKeys = new Map<string, KeyObject>();

  adopt();
  masters.settle(masterRow().id);
  const secret = derivationSecret();

  /** A store that does not say which master key is in force learns it from what is wrapped there. */
  function adopt(): void {
    if (root.get(MASTER) !== undefined) return;
    root.transactionSync(() => {
      if (root.get(MASTER) !== undefined) return;
      const [any] = [...root.getRange({ start: 'key/', end: 'key0', limit: 1 })];
      const candidates = masters.all();
      const opens = (master: MasterKey) => {
        try {
          if (any !== undefined) unwrapRow(master, any.key.slice('key/'.length), any.value as KeyRow);
          return true;
        } catch {
          return false;
        }
      };
      const master = candidates.toReversed().find(opens);
      if (master === undefined) throw notOurs(candidates[0].id);
      root.putSync(MASTER, { id: master.id, since: masters.since() });
    });
  }

  function masterRow(): MasterRow {
    return root.get(MASTER) as MasterRow;
  }

  /** The master key in force, or the one before it. */
  function masterOf(id: string, { id: inForce, previous }: MasterRow): MasterKey {
    const known = masters.byId(id);
    if (known !== undefined) return known;
    if (previous?.id !== id) throw notOurs(id);
    return { id, key: unwrap(masterOf(inForce, { id: inForce, since: null }), placeOfMaster(id), previous.wrapped) };
  }

  function derivationSecret(row = masterRow()): Buffer {
    const master = masterOf(row.id, row);
    return row.derivation === undefined ? master.key : unwrap(master, DERIVATION, row.derivation);
  }

  function openRow(id: string, row: KeyRow, inForce = masterRow()): Buffer {
    // Only the first master key ever wrapped without saying so.
    return unwrapRow(masterOf(row.master ?? inForce.previous?.id ?? inForce.id, inForce), id, row);
  }

  function newRow(id: string, subject: string, key: Buffer): KeyRow {
    const row = masterRow();
    return { subject, wrapped: wrap(masterOf(row.id, row), placeOf(id, subject), key), master: row.id, createdAt: Date.now() };
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
        if (existing !== undefined) return dataKey(existing, openRow(existing, root.get(`key/${existing}`) as KeyRow));
        const id = randomBytes(12).toString('base64url');
        const key = randomBytes(32);
        root.putSync(`key/${id}`, newRow(id, subject, key));
        root.putSync(`subject/${subject}`, { keyIds: [id] });
        return dataKey(id, key);
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
      return remember(byId, id, dataKey(id, openRow(id, row)));
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
      const masterKeyAt = masterRow().since ?? undefined;
      return dataKeys === 0
        ? { dataKeys, oldestAt: undefined, newestAt: undefined, masterKeyAt }
        : { dataKeys, oldestAt, newestAt, masterKeyAt };
    },

    hashKey(org) {
      let key = hashKeys.get(org);
      if (key === undefined) {
        key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `parapet content hash/${org}`, 32)));
        hashKeys.set(org, key);
      }
      return key;
    },

    purposeKey(purpose) {
      return createSecretKey(Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `parapet purpose/${purpose}`, 32)));
    },

    async rotateMaster() {
      root.resetReadTxn();
      const before = masterRow();
      if (before.previous === undefined) exchange(before.id, masters.next(before.id));
      const { id } = masterRow();
      masters.settle(id);
      return { id, rewrapped: await rewrapAll(id) };
    },

    async close() {
      await root.close();
    },
  };

  /** From here on everybody wraps with the new one. */
  function exchange(from: string, to: MasterKey): void {
    root.transactionSync(() => {
      const row = masterRow();
      // Another process was quicker.
      if (row.id !== from) return;
      const old = masterOf(from, row);
      root.putSync(MASTER, {
        id: to.id,
        since: row.since,
        derivation: wrap(to, DERIVATION, secret),
        previous: { id: old.id, wrapped: wrap(to, placeOfMaster(old.id), old.key) },
      });
    });
  }

  /** In the order of their names; whatever is new is wrapped by the new one already. */
  async function rewrapAll(id: string): Promise<number> {
    let count = 0;
    let from: string | undefined = 'key/';
    while (from !== undefined) {
      const start: string = from;
      const done: Rewrapped = await root.transaction(() => rewrapFrom(start, id));
      count += done.count;
      from = done.next;
    }
    await root.transaction(() => {
      const { derivation, ...row } = masterRow();
      if (row.id === id) root.putSync(MASTER, { id, since: Date.now(), ...(derivation && { derivation }) });
    });
    return count;
  }

  function rewrapFrom(start: string, id: string): Rewrapped {
    const inForce = masterRow();
    // Another process exchanges it once more: what is left is its to do.
    if (inForce.id !== id) return { count: 0, next: undefined };
    const rows = [...root.getRange({ start, end: 'key0', limit: REWRAPPED_AT_ONCE })];
    let count = 0;
    for (const { key: name, value } of rows) {
      const row = value as KeyRow;
      if (row.master === id) continue;
      const dataKeyId = name.slice('key/'.length);
      const wrapped = wrap(masterOf(id, inForce), placeOf(dataKeyId, row.subject), openRow(dataKeyId, row, inForce));
      root.putSync(name, { ...row, wrapped, master: id });
      count += 1;
    }
    const last = rows.at(-1)?.key;
    // The least name behind it.
    return { count, next: last === undefined ? undefined : `${last}\0` };
  }
}

const DERIVATION = 'derivation secret';
const placeOf = (id: string, subject: string) => `${id}/${subject}`;
const placeOfMaster = (id: string) => `master key ${id}`;
const dataKey = (id: string, key: Buffer): DataKey => ({ id, key: createSecretKey(key) });

function unwrapRow(master: MasterKey, id: string, { subject, wrapped }: KeyRow): Buffer {
  try {
    return unwrap(master, placeOf(id, subject), wrapped);
  } catch (cause) {
    throw new ParapetError('PARAPET_KEY_UNAVAILABLE', { message: `Data key ${id} does not unwrap with this master key.`, cause });
  }
}

const notOurs = (id: string) =>
  new ParapetError('PARAPET_KEY_UNAVAILABLE', {
    message: `The data keys here are wrapped by another master key (${id} is asked for).`,
    hint: 'Give this process the master key of this keys folder; while one is exchanged for the next, PARAPET_MASTER_KEY and PARAPET_PREVIOUS_MASTER_KEY.',
  });
