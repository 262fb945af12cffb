import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { renderCsv } from './csv.ts';
import { HOSTILE, sampleReport } from './testing.ts';
import { columnName, serialOf, sheetNames } from './xlsx/workbook.ts';
import { renderXlsx } from './xlsx.ts';

function sheets(bytes: Uint8Array): Map<string, string> {
  const files = unzipSync(bytes);
  const text = (path: string): string => strFromU8(files[path] ?? new Uint8Array());
  const names = [...text('xl/workbook.xml').matchAll(/<sheet name="([^"]+)"/g)].map(([, name]) => name ?? '');
  return new Map(names.map((name, i) => [name, text(`xl/worksheets/sheet${i + 1}.xml`)]));
}

describe('the report as a workbook', () => {
  const bytes = renderXlsx({ ...sampleReport(2_000), language: 'en' });
  const all = sheets(bytes);

  it('has a sheet for each part, and one for each evidence with rows', () => {
    expect([...all.keys()]).toEqual(['Summary', 'Requirements', 'Checks', 'Evidence', 'interactions', 'threats', 'latency', 'quarantines']);
    for (const sheet of all.values()) {
      expect(sheet).toContain('state="frozen"');
      expect(sheet).toMatch(/<autoFilter ref="A1:[A-Z]+\d+"\/>/);
      expect(sheet).toMatch(/<col min="1" max="1" width="\d+"/);
    }
  });

  it('holds all rows, with their types', () => {
    const latency = all.get('latency') ?? '';
    expect(latency.match(/<row /g)).toHaveLength(2_001);
    expect(latency).toContain('<c r="A2" s="3"><v>46296</v></c>');
    expect(latency).toContain('<c r="A3" s="3"><v>46296.02083333</v></c>');
    expect(latency).toContain('<c r="H3" s="6"><v>1009</v></c>');
    expect(latency).toContain('<c r="G3" s="5"><v>1.5</v></c>');
    expect(latency).toContain('<c r="I2" t="b"><v>1</v></c>');
    expect(latency).not.toContain('r="E2"');
  });

  it('has no formula, and text that begins like one stays text', () => {
    for (const sheet of all.values()) expect(sheet).not.toMatch(/<f[ >]/);
    const cells = [
      ...(all.get('quarantines') ?? '').matchAll(/<c r="C\d+" s="(\d)" t="inlineStr"><is><t xml:space="preserve">([^<]*)/g),
    ].slice(1);
    expect(cells.map(([, style]) => style)).toEqual(['4', '4', '4', '4', '2', '2', '2', '2']);
    expect(cells.map(([, , text]) => text).slice(0, 4)).toEqual(HOSTILE.slice(0, 4).map((text) => text.replaceAll('"', '&quot;')));
    expect(cells[6]?.[2]).toBe('‹U+0000›null‹U+0007›bell‹U+FFFE›');
  });

  it('says where totals disagree', () => {
    const sample = sampleReport(1);
    const assessment = { ...sample.assessment, interactions: { count: 1, root: '' } };
    expect(sheets(renderXlsx({ ...sample, assessment, language: 'en' })).get('Summary')).toContain('do not reconcile');
    expect(all.get('Summary')).toContain('The totals of this report reconcile.');
  });

  it('counts days and columns as spreadsheets do', () => {
    expect(serialOf('1900-03-01T00:00:00Z')).toBe(61);
    expect(serialOf('2026-10-01T12:00:00Z')).toBe(46_296.5);
    expect(serialOf('1850-01-01T00:00:00Z')).toBeNull();
    expect(serialOf('yesterday')).toBeNull();
    expect([0, 25, 26, 51, 52, 701, 702].map(columnName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
  });

  it('names sheets within what Excel takes, none twice', () => {
    const long = 'a'.repeat(40);
    expect(sheetNames([long, `${long}b`, 'A/B:C', 'a b c', ''])).toEqual([
      'a'.repeat(31),
      `${'a'.repeat(29)} 2`,
      'A B C',
      'a b c 2',
      'Sheet',
    ]);
  });
});

describe('the requirements as CSV', () => {
  it('has one line for each, quoted by the rules, and no formula', () => {
    const sample = sampleReport(1);
    const first = sample.assessment.requirements[0];
    if (first === undefined) throw new Error('The sample has requirements.');
    const hostile = { en: '=1+1, "x"\nnext', de: '', fr: '', es: '' };
    const assessment = { ...sample.assessment, requirements: [{ ...first, title: hostile }, ...sample.assessment.requirements.slice(1)] };
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(renderCsv({ ...sample, assessment, language: 'en' }));
    expect(text.startsWith('\uFEFFFramework,Organisation,')).toBe(true);
    expect(text.split('\r\n')).toHaveLength(42);
    expect(text).toContain(',"\'=1+1, ""x""\nnext",');
    expect(text).toContain('Żaneta Ångström-O’Neill');
  });
});
