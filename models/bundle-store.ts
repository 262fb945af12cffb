/**
 * Bundles of signatures on this machine's disk: each as its text and its signature in two files, as `openssl` wants them. A
 * process that starts while the log is away has its rules from here, and a rollback its earlier ones.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLE_MODES, type Bundle, type BundleMode, type SignedBundle } from '../detection/bundles/index.ts';

export interface BundleStore {
  folder: string;
  save(bundle: Pick<Bundle, 'version' | 'mode'>, signed: SignedBundle): void;
  /** All that lie there, oldest first; nobody has checked them. */
  list(): SignedBundle[];
  /** The newest of each mode. */
  newest(): SignedBundle[];
}

const NAME = /^(\d{9})-(monitor|enforce)\.json$/;

export function openBundleStore(folder: string): BundleStore {
  /** Whole or not at all, also when two processes save the same. */
  function write(name: string, bytes: string | Buffer): void {
    const temporary = join(folder, `.${name}.${process.pid}`);
    writeFileSync(temporary, bytes, { flush: true });
    renameSync(temporary, join(folder, name));
  }

  function names(): string[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => NAME.test(name) && existsSync(join(folder, signatureOf(name))))
      .sort();
  }

  const read = (name: string): SignedBundle => ({
    text: readFileSync(join(folder, name), 'utf8'),
    signature: readFileSync(join(folder, signatureOf(name))),
  });

  return {
    folder,
    save({ version, mode }, { text, signature }) {
      mkdirSync(folder, { recursive: true });
      const name = nameOf(version, mode);
      write(signatureOf(name), signature);
      write(name, text);
    },
    list: () => names().map(read),
    newest() {
      const all = names();
      return BUNDLE_MODES.flatMap((mode) => all.filter((name) => name.includes(`-${mode}.`)).slice(-1)).map(read);
    },
  };
}

const nameOf = (version: number, mode: BundleMode) => `${String(version).padStart(9, '0')}-${mode}.json`;
const signatureOf = (name: string) => name.replace(/json$/, 'sig');
