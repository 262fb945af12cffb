/** Files that are there whole or not at all, also after a power cut. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How the name of a file ends that is not whole yet; one that stays behind is of a process that was killed. */
export const UNFINISHED = '.tmp';

/** The file appears under its name when all of it is on disk. */
export async function writeWhole(path: string, body: string | Uint8Array, mode = 0o666): Promise<void> {
  const temporary = `${path}${UNFINISHED}`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.writeFile(body);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Without this a new name is only in memory: the file would survive a power cut, its entry would not. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
