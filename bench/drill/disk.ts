/** A disk of its own for what a drill writes, small enough to be filled. It is memory, mounted; that takes the right to mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SmallDisk {
  /** Leaves not a byte for so long. */
  fill(ms: number): Promise<void>;
  /** Also done when the process exits. */
  unmount(): void;
}

/** Mounts a disk of so many MiB on an empty folder; undefined where this process may not. */
export function mountSmallDisk(folder: string, mebibytes: number): SmallDisk | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'parapet-chaos', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  let mounted = true;
  const unmount = () => {
    // Lazily: a process that was killed may not be gone yet.
    if (mounted) execFileSync('umount', ['-l', folder]);
    mounted = false;
  };
  process.once('exit', unmount);
  return {
    async fill(ms) {
      const ballast = join(folder, 'ballast');
      const file = openSync(ballast, 'w');
      try {
        writeUntilFull(file);
        await sleep(ms);
      } finally {
        closeSync(file);
        rmSync(ballast, { force: true });
      }
    },
    unmount,
  };
}

function writeUntilFull(file: number): void {
  for (let bytes = 2 ** 20; bytes >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      bytes = Math.floor(bytes / 2);
    }
  }
}
