/**
 * What can be done to a package that is no longer what was sealed, for the tamper drill: every kind of change, each drawn with dice.
 * The subtle point: copies share their files by hard links, so a changed file is always a new one under the old name.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { listFiles } from './files.ts';
import { APPROVAL, APPROVAL_SIGNATURE, MANIFEST, SEAL, SIGNATURE, SUMS, TIMESTAMP } from './manifest.ts';

export interface Place {
  /** The copy to change. */
  folder: string;
  /** The package itself, and another one of the same organisation and framework. */
  original: string;
  other: string;
  /** The package's files. */
  paths: readonly string[];
  dice: () => number;
}

/** Makes one change and says what it was; undefined when it would be none, e.g. two files to swap that have the same bytes. */
export type Change = (place: Place) => string | undefined;

/** A copy of which nothing takes room but what is changed. */
export async function copyOf(original: string, folder: string): Promise<string[]> {
  const paths = await listFiles(original);
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    linkSync(join(original, path), join(folder, path));
  }
  return paths;
}

export const CHANGES: Readonly<Record<string, Change>> = {
  'a flipped byte of any file': (place) => flip(place, oneOf(place, place.paths)),
  'a flipped byte of all bytes': (place) => flip(place, byBytes(place)),
  'a removed file': (place) => {
    const path = oneOf(place, place.paths);
    rmSync(join(place.folder, path));
    return `${path} removed`;
  },
  'an added file': (place) => {
    const path = oneOf(place, [
      'x',
      '.hidden',
      'evidence/x.csv',
      'reports/en/.x',
      'deep/er/x',
      'APPROVAL.txt',
      ' ',
      '-',
      'a\nb',
      'SEAL.tmp',
    ]);
    put(place, path, place.dice() < 0.5 ? '' : 'added\n');
    return `${JSON.stringify(path)} added`;
  },
  'an approval taken away': (place) => {
    for (const path of [APPROVAL, APPROVAL_SIGNATURE]) rmSync(join(place.folder, path));
    return 'nobody approves it any more';
  },
  'two swapped files': (place) => {
    const [a, b] = [oneOf(place, place.paths), oneOf(place, place.paths)];
    if (read(place, a).equals(read(place, b))) return undefined;
    const [first, second, aside] = [
      join(place.folder, a),
      join(place.folder, b),
      join(dirname(place.folder), `${basename(place.folder)}.aside`),
    ];
    renameSync(first, aside);
    renameSync(second, first);
    renameSync(aside, second);
    return `${a} and ${b} swapped`;
  },
  'two lines in another order': (place) => {
    const path = oneOf(
      place,
      place.paths.filter((each) => !/\.(pdf|xlsx|tsr|sig)$/.test(each)),
    );
    const lines = read(place, path).toString('latin1').split('\n');
    const [i, j] = [upTo(place, lines.length), upTo(place, lines.length)];
    const [a, b] = [lines[i] as string, lines[j] as string];
    if (a === b) return undefined;
    [lines[i], lines[j]] = [b, a];
    put(place, path, Buffer.from(lines.join('\n'), 'latin1'));
    return `lines ${i + 1} and ${j + 1} of ${path} swapped`;
  },
  'a truncated file': (place) => {
    const path = oneOf(place, place.paths);
    const bytes = read(place, path);
    if (bytes.length === 0) return undefined;
    const length = place.dice() < 0.5 ? bytes.length - 1 : upTo(place, bytes.length);
    put(place, path, bytes.subarray(0, length));
    return `${path} cut to ${length} of ${bytes.length} bytes`;
  },
  'an appended byte': (place) => {
    const path = oneOf(place, place.paths);
    const byte = oneOf(place, [0x00, 0x0a, 0x20, 0xff]);
    put(place, path, Buffer.concat([read(place, path), Buffer.of(byte)]));
    return `byte ${byte} behind ${path}`;
  },
  'the same file of another package': (place) => {
    const path = oneOf(place, place.paths);
    return takeOver(place, [path]) ? `${path} of the other package` : undefined;
  },
  'evidence of another period': (place) => {
    const evidence = place.paths.filter((path) => path.startsWith('evidence/'));
    const collector = oneOf(place, evidence).replace(/\.\w+$/, '');
    const taken = place.dice() < 0.5 ? evidence : evidence.filter((path) => path.startsWith(`${collector}.`));
    return takeOver(place, taken) ? `${taken.length} files of evidence of the other package` : undefined;
  },
  'an old seal': (place) => {
    const taken = oneOf(place, [
      [SEAL, SIGNATURE],
      [MANIFEST, TIMESTAMP],
      [MANIFEST, TIMESTAMP, SUMS],
      [MANIFEST, TIMESTAMP, SUMS, SEAL, SIGNATURE],
    ]);
    return takeOver(place, taken) ? `${taken.join(', ')} of the other package` : undefined;
  },
  'a link in place of a file': (place) => {
    const path = oneOf(place, place.paths);
    rmSync(join(place.folder, path));
    symlinkSync(join(place.original, path), join(place.folder, path));
    return `${path} is a link to the same bytes`;
  },
};

function flip(place: Place, path: string): string | undefined {
  const bytes = Buffer.from(read(place, path));
  if (bytes.length === 0) return undefined;
  const [at, mask] = [upTo(place, bytes.length), place.dice() < 0.5 ? 1 << upTo(place, 8) : 1 + upTo(place, 255)];
  bytes[at] = (bytes[at] as number) ^ mask;
  put(place, path, bytes);
  return `byte ${at} of ${path} by ${mask}`;
}

/** Each byte of the package is as likely as any other. */
function byBytes(place: Place): string {
  const sizes = place.paths.map((path) => statSync(join(place.original, path)).size);
  const at = place.dice() * sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [i, size] of sizes.entries()) {
    before += size;
    if (at < before) return place.paths[i] as string;
  }
  return place.paths.at(-1) as string;
}

/** False when that changes nothing. A file that the other package does not have is removed. */
function takeOver(place: Place, paths: readonly string[]): boolean {
  let changed = false;
  for (const path of paths) {
    let theirs: Buffer | undefined;
    try {
      theirs = readFileSync(join(place.other, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (theirs?.equals(read(place, path))) continue;
    changed = true;
    if (theirs === undefined) rmSync(join(place.folder, path));
    else put(place, path, theirs);
  }
  return changed;
}

const read = ({ folder }: Place, path: string) => readFileSync(join(folder, path));

function put({ folder }: Place, path: string, body: string | Uint8Array): void {
  rmSync(join(folder, path), { force: true });
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), body);
}

const upTo = ({ dice }: Place, end: number) => Math.floor(dice() * end);
const oneOf = <T>(place: Place, list: readonly T[]): T => list[upTo(place, list.length)] as T;
