/** A package by its folder or its id, wherever it is: on its way here, or in the archive. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { MANIFEST, SIGNATURE } from '../package/manifest.ts';
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
