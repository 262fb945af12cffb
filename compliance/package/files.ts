/** Files of a package: their hashes, in the format of `sha256sum`, and JSON and CSV whose bytes depend on nothing but what they say. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import type { Cell, EvidenceColumn, Row } from '../types.ts';

export interface FileEntry {
  /** Below the package, with `/` between. */
  path: string;
  bytes: number;
  sha256: string;
}

/** Every file below the folder, in the order of their paths' bytes. Throws PARAPET_PACKAGE_INVALID when one is no plain file. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `${path} is not a plain file.` });
    paths.push(path);
  }
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export async function hashFile(folder: string, path: string): Promise<FileEntry> {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) {
    digest.update(piece);
    bytes += piece.length;
  }
  return { path, bytes, sha256: digest.digest('hex') };
}

/** As `sha256sum` prints and `sha256sum -c` reads. */
export function sumsOf(entries: readonly Pick<FileEntry, 'path' | 'sha256'>[]): string {
  return entries.map(({ sha256, path }) => `${sha256}  ${path}\n`).join('');
}

/** Throws PARAPET_PACKAGE_INVALID, and says where. */
export function readSums(text: string, name: string): Pick<FileEntry, 'path' | 'sha256'>[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `${name} does not end with a line.` });
  return lines.map((line, i) => {
    const [, sha256, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sha256 === undefined || path === undefined || !isPackagePath(path)) {
      throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `Line ${i + 1} of ${name} is not a hash and a path.` });
    }
    return { sha256, path };
  });
}

/** A path as files of packages have them: plain letters, and never outside the package. */
export function isPackagePath(path: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(path) && !path.split('/').includes('..');
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a spreadsheet would take for a formula, and what stands before one that is meant as text. */
const FORMULA = /^[=+\-@\t\r']/;

/** RFC 4180 with a line feed; null is an empty field and the empty text a quoted one. Text never begins as a formula does. */
export function csvText(columns: readonly Pick<EvidenceColumn, 'name'>[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map(({ name }) => field(row[name] ?? null)).join(','));
  return `${[columns.map(({ name }) => name).join(','), ...lines].join('\n')}\n`;
}

function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of such a text. Throws PARAPET_PACKAGE_INVALID when it is not one of these columns. */
export function readCsv(text: string, columns: readonly Pick<EvidenceColumn, 'name' | 'kind'>[], name: string): Row[] {
  const [head, ...records] = recordsIn(text, name);
  if (head?.map(({ value }) => value).join() !== columns.map((column) => column.name).join()) {
    throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `${name} has other columns than its evidence says.` });
  }
  return records.map((fields, i) => {
    if (fields.length !== columns.length) {
      throw new ParapetError('PARAPET_PACKAGE_INVALID', {
        message: `Record ${i + 1} of ${name} has ${fields.length} of ${columns.length} fields.`,
      });
    }
    return Object.fromEntries(columns.map((column, n) => [column.name, cellOf(column.kind, fields[n] as Field)]));
  });
}

interface Field {
  value: string;
  quoted: boolean;
}

function recordsIn(text: string, name: string): Field[][] {
  const records: Field[][] = [];
  let record: Field[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/y;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `${name} is not CSV from character ${at} on.` });
    const [, quoted, plain, end] = match;
    record.push(quoted === undefined ? { value: plain ?? '', quoted: false } : { value: quoted.replaceAll('""', '"'), quoted: true });
    if (end === '\n') {
      records.push(record);
      record = [];
    }
  }
  return records;
}

function cellOf(kind: EvidenceColumn['kind'], { value, quoted }: Field): Cell {
  if (value === '' && !quoted) return null;
  if (kind === 'integer' || kind === 'number') return Number(value);
  if (kind === 'boolean') return value === 'true';
  return value.startsWith("'") ? value.slice(1) : value;
}
