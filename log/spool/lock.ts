/** One process a spool. */
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { takeLock } from '../../core/lock.ts';

/** Takes the lock; gives the function that lets it go. Throws PARAPET_SPOOL_LOCKED while a living process has it. */
export function lockFolder(folder: string): () => void {
  const lock = takeLock(join(folder, 'lock'));
  if ('heldBy' in lock) throw new ParapetError('PARAPET_SPOOL_LOCKED', { message: `Process ${lock.heldBy} uses the spool ${folder}.` });
  return lock.release;
}
