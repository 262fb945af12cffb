/**
 * One process at a time. The lock is a file with the process's number and start time: a number alone could by now be
 * another process's, and after a kill nobody removes the file.
 */
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** Takes the lock; gives the function that lets it go, or the process that has it, which lives. */
export function takeLock(path: string): { release: () => void } | { heldBy: number } {
  const mine = `${process.pid} ${startOf(process.pid)}`;
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, mine);
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(temporary, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
        const holder = read(path);
        const pid = Number(holder.split(' ')[0]);
        const lives = pid > 0 && pid !== process.pid && `${pid} ${startOf(pid)}` === holder && isRunning(pid);
        if (holder === mine || lives) return { heldBy: pid };
        removeStale(path, holder);
      }
    }
  } finally {
    unlinkSync(temporary);
  }
  return {
    release: () => {
      if (read(path) === mine) unlinkSync(path);
    },
  };
}

/** Removes the lock of a dead holder. Moved aside first: between reading and removing, another may have taken the lock. */
function removeStale(path: string, holder: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    if (read(aside) !== holder) linkSync(aside, path);
  } finally {
    unlinkSync(aside);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When the process started, where the system tells (Linux); else a constant, and the number alone decides. */
function startOf(pid: number): string {
  const text = read(`/proc/${pid}/stat`);
  return text === '' ? '-' : (text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '-');
}
