/**
 * Who a spool is to the event log. A gateway's id is not enough: a spool that was lost with its disk begins to number
 * from 1 again, and under the old name the log would take its first records for repetitions and drop them.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `<gateway id>.<made with the spool's folder>`, the same for as long as the folder lives. */
export function producerIdOf(folder: string, gatewayId: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'identity');
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, randomBytes(8).toString('hex'), { flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  return `${gatewayId}.${readFileSync(path, 'utf8')}`;
}
