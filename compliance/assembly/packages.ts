/** A package by its folder or its id, wherever it is: on its way here, or in the archive. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { MANIFEST, SIGNATURE } from '../package/manifest.ts';
import { type Verification, type VerifyOptions, verifyPackage } from '../package/verify.ts';
import type { Archive } from './archive.ts';
import type { AssemblyParts } from './parts.ts';
import { workspaceOf } from './workspace.ts';

export interface OpenPackage {
  /** Where it is, for people. */
  readonly location: string;
  /** Its folder, where it is one of this machine. */
  readonly folder: string | undefined;
  read(path: string): Promise<Buffer>;
}

/** Throws PARAPET_PACKAGE_INVALID when there is none, PARAPET_STORE_UNAVAILABLE. */
export async function openPackage({ root, archive }: Pick<AssemblyParts, 'root' | 'archive'>, idOrFolder: string): Promise<OpenPackage> {
  for (const folder of [idOrFolder, workspaceOf(root, idOrFolder).package]) {
    if (existsSync(join(folder, MANIFEST)) && existsSync(join(folder, SIGNATURE))) {
      return { location: folder, folder, read: (path) => readFile(join(folder, path)) };
    }
  }
  if ((await archive.list(idOrFolder)).includes(idOrFolder)) {
    return {
      location: `${archive.name}/${idOrFolder}`,
      folder: undefined,
      read: async (path) => Buffer.from(await archive.read(idOrFolder, path)),
    };
  }
  throw new ParapetError('PARAPET_PACKAGE_INVALID', {
    message: `There is no sealed package ${idOrFolder}, neither as a folder nor in ${archive.name}.`,
  });
}

/** As it is in the archive, not as it was on its way there. Throws PARAPET_STORE_UNAVAILABLE, PARAPET_PACKAGE_INVALID for a name that no file of a package has. */
export async function verifyArchived(archive: Archive, id: string, options: VerifyOptions): Promise<Verification> {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-verify-'));
  try {
    for (const path of await archive.files(id)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), await archive.read(id, path));
    }
    return await verifyPackage(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
