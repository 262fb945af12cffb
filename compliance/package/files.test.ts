import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvText, isPackagePath, listFiles, readCsv, readSums, sumsOf } from './files.ts';
import { temporaryFolder } from './testing.ts';

const columns = [
  { name: 'text', kind: 'text' },
  { name: 'count', kind: 'integer' },
  { name: 'ratio', kind: 'number' },
  { name: 'yes', kind: 'boolean' },
] as const;

describe('CSV', () => {
  it('gives back what was written, whatever the text', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('', "'", "'=x", '=1+1', '-1', '@x', 'a,b', 'a"b', 'a\nb', '\r'),
      fc.constant(null),
    );
    const row = fc.record({
      text: cell,
      count: fc.option(fc.integer(), { nil: null }),
      ratio: fc.option(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
        { nil: null },
      ),
      yes: fc.option(fc.boolean(), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        expect(readCsv(csvText(columns, rows), columns, 'a.csv')).toEqual(rows);
      }),
    );
  });

  it('never begins a text as a formula does', () => {
    for (const text of ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) {
      expect(csvText([{ name: 'a' }], [{ a: text }]).split('\n')[1]).toMatch(/^"?'/);
    }
    expect(csvText([{ name: 'a' }], [{ a: -1 }])).toBe('a\n-1\n');
  });

  it('is refused when it has other columns, fields or no end', () => {
    const invalid = expect.objectContaining({ code: 'PARAPET_PACKAGE_INVALID' });
    expect(() => readCsv('other\n', columns, 'a.csv')).toThrow(invalid);
    expect(() => readCsv('text,count,ratio,yes\na,1\n', columns, 'a.csv')).toThrow(invalid);
    expect(() => readCsv('text,count,ratio,yes\na,1,1,"true', columns, 'a.csv')).toThrow(invalid);
    expect(() => readCsv('', columns, 'a.csv')).toThrow(invalid);
  });
});

describe('sums', () => {
  it('are read as they were written', () => {
    const entries = [
      { path: 'evidence/threats.csv', sha256: 'a'.repeat(64) },
      { path: 'manifest.json', sha256: 'b'.repeat(64) },
    ];
    expect(readSums(sumsOf(entries), 'SHA256SUMS')).toEqual(entries);
  });

  it('name no file outside the package', () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../x', '', 'a b', 'a\\b', 'a\n']) {
      expect(isPackagePath(path)).toBe(false);
      expect(() => readSums(`${'a'.repeat(64)}  ${path}\n`, 'SHA256SUMS')).toThrow(
        expect.objectContaining({ code: 'PARAPET_PACKAGE_INVALID' }),
      );
    }
    expect(() => readSums(`${'a'.repeat(64)}  x`, 'SHA256SUMS')).toThrow(expect.objectContaining({ code: 'PARAPET_PACKAGE_INVALID' }));
  });
});

describe('files of a folder', () => {
  it('are named below it, however the folder is written', async () => {
    const { folder, remove } = temporaryFolder();
    mkdirSync(join(folder, 'evidence'));
    for (const path of ['SEAL', 'evidence/threats.csv']) writeFileSync(join(folder, path), '');
    for (const written of [folder, `${folder}/`, `${folder}/./`, relative('.', folder), `./${relative('.', folder)}/`]) {
      expect({ written, files: await listFiles(written) }).toEqual({ written, files: ['SEAL', 'evidence/threats.csv'] });
    }
    remove();
  });
});
