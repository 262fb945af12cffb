/**
 * Where published packages are: a folder, or a bucket that nobody can change (S3 Object Lock in COMPLIANCE mode, so not even its
 * owner). A package is published file by file and by whoever goes on after a crash. The subtle points: `SEAL` goes first and decides
 * between two who publish under one name, so that no mixture ever comes about; `SEAL.sig` goes last, and only then the package counts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { createFolderStore, createS3Store, type ObjectStore, type S3Options } from '../../sinks/s3/index.ts';
import { isPackagePath, listFiles } from '../package/files.ts';
import { SEAL, SIGNATURE } from '../package/manifest.ts';

export interface ArchivedObject {
  path: string;
  /** Of a bucket that keeps versions: what the lock protects. */
  versionId: string | null;
}

export interface Publication {
  /** For people: a folder or a URL. */
  location: string;
  /** ISO 8601; null where nothing locks. */
  lockedUntil: string | null;
  objects: ArchivedObject[];
}

export interface Archive {
  readonly name: string;
  /**
   * Throws PARAPET_PACKAGE_EXISTS when another package has this id, PARAPET_LOCK_REFUSED, PARAPET_STORE_UNAVAILABLE. Publishing the
   * same package again changes nothing.
   */
  publish(id: string, folder: string, lockUntil: Date): Promise<Publication>;
  /** Ids of whole packages whose id begins so, in their order. */
  list(prefix: string): Promise<string[]>;
  /** The paths of a package's files. Throws PARAPET_PACKAGE_INVALID when one is none that a package could have. */
  files(id: string): Promise<string[]>;
  read(id: string, path: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Without a lock: the folder's own rights must keep others away. */
export function folderArchive(folder: string): Archive {
  return archiveIn(createFolderStore(folder, 'The archive'));
}

/** The bucket must exist, with Object Lock enabled. */
export function bucketArchive(options: S3Options): Archive {
  return archiveIn(createS3Store({ ...options, called: 'The archive' }));
}

function archiveIn(store: ObjectStore): Archive {
  const { locks } = store;

  async function put(key: string, body: Uint8Array, until: Date): Promise<ArchivedObject> {
    const made = locks === undefined ? await store.putOnce(key, body) : await locks.putOnce(key, body, until);
    if (!made && !Buffer.from(await store.read(key, 0, Number.MAX_SAFE_INTEGER)).equals(body)) {
      throw new ParapetError('PARAPET_PACKAGE_EXISTS', { message: `${store.name} has another ${key}.` });
    }
    return { path: key, versionId: locks === undefined ? null : await locks.versionOf(key, until) };
  }

  return {
    name: store.name,
    publish: async (id, folder, lockUntil) => {
      await store.open();
      const between = (await listFiles(folder)).filter((path) => path !== SEAL && path !== SIGNATURE);
      const objects: ArchivedObject[] = [];
      for (const path of [SEAL, ...between, SIGNATURE]) {
        const { versionId } = await put(`${id}/${path}`, await readFile(join(folder, path)), lockUntil);
        objects.push({ path, versionId });
      }
      return {
        location: `${store.name.replace(/\/$/, '')}/${id}`,
        lockedUntil: locks === undefined ? null : lockUntil.toISOString(),
        objects,
      };
    },
    list: async (prefix) => {
      await store.open();
      return (await store.list(prefix))
        .filter(({ key }) => key.endsWith(`/${SIGNATURE}`))
        .map(({ key }) => key.slice(0, -SIGNATURE.length - 1));
    },
    files: async (id) => {
      const paths = (await store.list(`${id}/`)).map(({ key }) => key.slice(id.length + 1));
      // A bucket takes any key, also one that would be written outside of the folder in which a package is looked at.
      const strange = paths.find((path) => !isPackagePath(path));
      if (strange === undefined) return paths;
      throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `${id} has a file ${JSON.stringify(strange)}, which no package has.` });
    },
    read: (id, path) => store.read(`${id}/${path}`, 0, Number.MAX_SAFE_INTEGER),
    close: () => store.close(),
  };
}
