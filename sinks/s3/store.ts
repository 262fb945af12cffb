/**
 * What the lake needs of an object store, and its two engines: a local folder and S3. Objects are written once and never
 * changed: `putOnce` makes the whole object or nothing, and says whether it was there before.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { syncFolder } from '../../core/durable.ts';
import { ParapetError } from '../../core/errors.ts';
import { attempt as attemptBy, codeOf } from './faults.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';

export interface StoredObject {
  key: string;
  bytes: number;
  /** Milliseconds since 1970; on S3, where a lifecycle counts from it. */
  writtenMs?: number;
}

export interface ObjectStore {
  /** For people: a folder or a URL, without credentials. */
  readonly name: string;
  /** Checks that it can be used. Throws PARAPET_STORE_UNAVAILABLE, like all the others. */
  open(): Promise<void>;
  /** Resolves when the object is durable; false when the key was taken, and then nothing was changed. */
  putOnce(key: string, body: Uint8Array): Promise<boolean>;
  /** Objects whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): Promise<StoredObject[]>;
  /** Bytes [start, end) of an object. */
  read(key: string, start: number, end: number): Promise<Uint8Array>;
  /** An object that is not there is no error. */
  remove(key: string): Promise<void>;
  /** What the store itself does with age; absent in a folder. */
  readonly lifecycle?: Lifecycle;
  /** Objects that nobody can change or delete before a time, not even the bucket's owner; absent in a folder. */
  readonly locks?: Locks;
  close(): Promise<void>;
}

export interface Locks {
  /** As `putOnce`, locked until a time (Object Lock, COMPLIANCE). Throws PARAPET_LOCK_REFUSED when the bucket does not lock. */
  putOnce(key: string, body: Uint8Array, until: Date): Promise<boolean>;
  /**
   * The object's newest version, which is what a lock protects. Throws PARAPET_LOCK_REFUSED when it is not locked until that time: it was
   * there before, or the store takes the wish for a lock and does nothing.
   */
  versionOf(key: string, until: Date): Promise<string | null>;
}

/** Objects as files below `folder`. A file appears under its name complete and on disk, or not at all. */
export function createFolderStore(folder: string, called?: string): ObjectStore {
  const attempt = <T>(what: string, act: () => Promise<T>) => attemptBy(what, act, called);
  const known = new Set<string>();

  /** Makes a folder and everything above it, and has the disk remember each of them. */
  async function ensureFolder(path: string): Promise<void> {
    if (known.has(path)) return;
    const first = await mkdir(path, { recursive: true });
    if (first !== undefined) for (let at = path; at.length >= dirname(first).length; at = dirname(at)) await syncFolder(at);
    known.add(path);
  }

  return {
    name: folder,
    open: () => attempt(`open ${folder}`, () => ensureFolder(folder)),
    putOnce: (key, body) =>
      attempt(`write ${key}`, async () => {
        const target = join(folder, key);
        await ensureFolder(dirname(target));
        if (await exists(target)) return false;
        // The dot keeps what a crash leaves behind out of every listing.
        const temporary = join(dirname(target), `.${randomUUID()}.tmp`);
        try {
          const handle = await open(temporary, 'wx');
          try {
            await handle.writeFile(body);
            await handle.sync();
          } finally {
            await handle.close();
          }
          await link(temporary, target); // unlike rename, refuses to replace
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return false;
          throw error;
        } finally {
          await unlink(temporary).catch((error: unknown) => {
            if (codeOf(error) !== 'ENOENT') throw error;
          });
        }
        await syncFolder(dirname(target));
        return true;
      }),
    list: (prefix) =>
      attempt(`list ${prefix}`, async () => {
        const found: StoredObject[] = [];
        const walk = async (path: string): Promise<void> => {
          for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
            const key = path === '' ? entry.name : `${path}/${entry.name}`;
            if (entry.isDirectory()) {
              if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) await walk(key);
            } else if (!entry.name.startsWith('.') && key.startsWith(prefix))
              found.push({ key, bytes: (await stat(join(folder, key))).size });
          }
        };
        await walk('');
        return found.sort((a, b) => (a.key < b.key ? -1 : 1));
      }),
    read: (key, start, end) =>
      attempt(`read ${key}`, async () => {
        const path = join(folder, key);
        if (start === 0 && end >= (await stat(path)).size) return readFile(path);
        const handle = await open(path, 'r');
        try {
          const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
          return buffer;
        } finally {
          await handle.close();
        }
      }),
    remove: (key) => attempt(`delete ${key}`, () => rm(join(folder, key), { force: true })),
    close: async () => {},
  };
}

export interface S3Options {
  bucket: string;
  /** Before every key, e.g. `lake/`. */
  prefix?: string;
  /** Of an S3-compatible store; AWS itself without. */
  endpoint?: string;
  region?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  /** What errors call it; the lake without. */
  called?: string;
}

/** Objects in a bucket, which must exist. Without keys the SDK looks for credentials in its usual places. */
export function createS3Store(options: S3Options): ObjectStore {
  const { bucket, prefix: base = '', endpoint, region = 'us-east-1', accessKeyId, secretAccessKey, called } = options;
  const client = new S3Client({
    region,
    // Path style: S3-compatible stores seldom have a DNS name for each bucket.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000 },
  });

  const attempt = <T>(what: string, act: () => Promise<T>) => attemptBy(what, act, called);
  const once = (key: string, body: Uint8Array) => ({ Bucket: bucket, Key: base + key, Body: body, IfNoneMatch: '*' });
  const isTaken = (error: unknown) => error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;

  return {
    name: `s3://${bucket}/${base}`,
    open: () =>
      attempt(`open the bucket ${bucket}`, async () => {
        await client.send(new HeadBucketCommand({ Bucket: bucket }));
      }),
    putOnce: (key, body) =>
      attempt(`write ${key}`, async () => {
        try {
          await client.send(new PutObjectCommand({ ...once(key, body), ContentType: 'application/vnd.apache.parquet' }));
          return true;
        } catch (error) {
          if (isTaken(error)) return false;
          throw error;
        }
      }),
    locks: {
      putOnce: (key, body, until) =>
        attempt(`write ${key}`, async () => {
          const locked = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until, ChecksumAlgorithm: 'SHA256' } as const;
          try {
            await client.send(new PutObjectCommand({ ...once(key, body), ...locked }));
            return true;
          } catch (error) {
            if (isTaken(error)) return false;
            if (error instanceof S3ServiceException && /ObjectLock|Object Lock/i.test(`${error.name} ${error.message}`)) {
              throw new ParapetError('PARAPET_LOCK_REFUSED', {
                message: `The bucket ${bucket} did not lock ${key}: ${error.message}`,
                cause: error,
              });
            }
            throw error;
          }
        }),
      versionOf: (key, until) =>
        attempt(`look at ${key}`, async () => {
          const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: base + key }));
          const { VersionId, ObjectLockMode: mode, ObjectLockRetainUntilDate: kept } = head;
          // Stores keep whole seconds.
          if (mode !== 'COMPLIANCE' || kept === undefined || kept.getTime() < until.getTime() - 1_000) {
            const says = mode === undefined ? 'is not locked' : `is locked in ${mode} until ${kept?.toISOString()}`;
            throw new ParapetError('PARAPET_LOCK_REFUSED', {
              message: `${key} ${says} in the bucket ${bucket}, and not until ${until.toISOString()}.`,
            });
          }
          return VersionId ?? null;
        }),
    },
    list: (prefix) =>
      attempt(`list ${prefix}`, async () => {
        const found: StoredObject[] = [];
        let next: string | undefined;
        do {
          const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: base + prefix, ContinuationToken: next }));
          for (const item of page.Contents ?? [])
            if (item.Key !== undefined)
              found.push({
                key: item.Key.slice(base.length),
                bytes: item.Size ?? 0,
                ...(item.LastModified === undefined ? {} : { writtenMs: item.LastModified.getTime() }),
              });
          next = page.NextContinuationToken;
        } while (next !== undefined);
        return found.sort((a, b) => (a.key < b.key ? -1 : 1));
      }),
    read: (key, start, end) =>
      attempt(`read ${key}`, async () => {
        const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: base + key, Range: `bytes=${start}-${end - 1}` }));
        if (answer.Body === undefined) throw new Error('The answer has no body.');
        return answer.Body.transformToByteArray();
      }),
    remove: (key) =>
      attempt(`delete ${key}`, async () => {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: base + key }));
      }),
    lifecycle: createLifecycle(client, bucket, base),
    close: async () => client.destroy(),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
