/** Runs the openssl command. Everything that it writes is in a folder of its own, which is gone afterwards. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParapetError } from '../core/errors.ts';

const TIMEOUT_MS = 30_000;

/** Its words in English, and no roots but those that it is given. */
const ONLY_OURS = { LC_ALL: 'C', SSL_CERT_DIR: '/dev/null', SSL_CERT_FILE: '/dev/null' };

export type Openssl = (...args: string[]) => Promise<string>;

/** Gives what it printed. Throws PARAPET_OPENSSL_FAILED with its own words. */
export function openssl(command: string): Openssl {
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile(command, args, { timeout: TIMEOUT_MS, env: { ...process.env, ...ONLY_OURS } }, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const says = stderr.trim().split('\n').slice(-2).join(' ').slice(0, 400);
        const message = missing ? `There is no command ${command}.` : `openssl ${args[0]} refused: ${says || error.message.split('\n')[0]}`;
        reject(new ParapetError('PARAPET_OPENSSL_FAILED', { message, cause: error }));
      });
    });
}

export async function inTemporaryFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'parapet-openssl-'));
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
