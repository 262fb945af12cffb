import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate.ts';
import type { Judge } from '../layers.ts';
import type { ThreatRow } from '../rows.ts';
import { shown } from '../shown.ts';
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';
import type { Report } from './tables.ts';

const HOSTILE = '</code><script>alert(1)</script> ``` [x](javascript:alert(1)) | \u001b[2J\u202e \ud800 www.evil.test';
const thresholds = { block: 70, alert: 20 };
/** Scores what stands at the beginning of the text. */
const judge: Judge = (text) => {
  const score = Number.parseInt(text, 10) || 0;
  return { score, byLayer: [{ layer: 'signatures', score }], rules: score > 0 ? ['PI-0001'] : [], truncated: text.includes('long') };
};
const row = (label: ThreatRow['label'], text: string, more: Partial<ThreatRow> = {}): ThreatRow => ({
  text,
  label,
  id: 'mine:1',
  kind: label === 'attack' ? 'override' : 'question',
  lang: 'en',
  source: 'mine',
  ...more,
});

async function reportOn(rows: ThreatRow[], encodings = false): Promise<Report> {
  const evaluation = await evaluate(rows, { judge, thresholds, examples: 3, encodings });
  return {
    files: [{ file: 'my <rows>.jsonl', evaluation: { ...evaluation, p50Ms: 0.01, p99Ms: 0.2 } }],
    thresholds,
    layers: [{ name: 'signatures', version: 'abc' }],
    excluded: ['source=other'],
    at: new Date('2026-01-02T03:04:05Z'),
  };
}

describe('an evaluation', () => {
  let evaluation: Report['files'][number]['evaluation'];
  beforeAll(async () => {
    const rows = [row('attack', '90 a'), row('attack', '5 b', { lang: 'de' }), row('benign', '30 c'), row('benign', 'd')];
    ({ evaluation } = (await reportOn(rows)).files[0] as Report['files'][number]);
  });

  it('tells the figures by kind, language, source and layer', () => {
    expect(evaluation.byKind).toMatchObject([
      { name: 'override', attacks: 2, benign: 0, tprBlock: 0.5, fprBlock: null, auc: null },
      { name: 'question', attacks: 0, benign: 2, tprAlert: null, fprAlert: 0.5 },
    ]);
    expect(evaluation.byLanguage.map(({ name, rows }) => [name, rows])).toEqual([
      ['en', 3],
      ['de', 1],
    ]);
    expect(evaluation.bySource).toMatchObject([{ name: 'mine', rows: 4 }]);
    expect(evaluation.byLayer).toMatchObject([{ name: 'signatures', rows: 4, tprBlock: 0.5, auc: 0.75 }]);
  });

  it('shows what was got wrong', () => {
    expect(evaluation.missed).toMatchObject([{ score: 5, lang: 'de', text: '5 b', rules: ['PI-0001'] }]);
    expect(evaluation.falseAlarms).toMatchObject([{ score: 30, text: '30 c' }]);
  });

  it('counts a score at the alert threshold as an alert', async () => {
    const { missed, falseAlarms } = await evaluate([row('attack', '20'), row('benign', '20')], {
      judge,
      thresholds,
      examples: 3,
      encodings: false,
    });
    expect([missed.length, falseAlarms.length]).toEqual([0, 1]);
  });

  it('shows missed attacks of every kind before a second one of a kind', async () => {
    const kinds = ['a', 'a', 'a', 'b', 'c'].map((kind) => row('attack', '1', { kind }));
    expect((await evaluate(kinds, { judge, thresholds, examples: 4, encodings: false })).missed.map(({ kind }) => kind)).toEqual([
      'a',
      'b',
      'c',
      'a',
    ]);
  });
});

describe('a text that is shown', () => {
  it('is one line without anything that a terminal obeys or a reader cannot see', () => {
    expect(shown('a\n\tb\u001b[31m\u202e\u200b\ud800\ufe0f\u{e0041}')).toBe(
      'a\\n\\u{9}b\\u{1b}[31m\\u{202e}\\u{200b}\\u{d800}\\u{fe0f}\\u{e0041}',
    );
  });
  it('is cut short, between characters', async () => {
    expect(shown('x'.repeat(500))).toBe(`${'x'.repeat(159)}…`);
    expect(shown('😀'.repeat(500)).isWellFormed()).toBe(true);
    expect(shown('\u0000'.repeat(500)).length).toBeLessThanOrEqual(160);
  });
});

describe('the reports', () => {
  let hostile: Report;
  beforeAll(async () => {
    const rows = [row('attack', HOSTILE, { kind: HOSTILE, lang: '<b>', id: HOSTILE }), row('benign', `95 ${HOSTILE}`)];
    hostile = await reportOn(rows, true);
  });

  it('say what they stand on, the figures and both curves', () => {
    const html = htmlReport(hostile);
    expect(html).toContain('2026-01-02, signatures abc; block at 70 and above, alert at 20 and above; without source=other');
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).toContain('ROC curve');
    for (const title of ['By kind', 'By language', 'By source', 'By layer', 'By threshold', 'In disguise', 'Attacks that raise no alert'])
      expect(html, title).toContain(title);
    const markdown = markdownReport(hostile);
    expect(markdown).toContain('| file | rows | attacks | benign |');
    expect(markdown).toContain(
      '| my \\<rows\\>.jsonl | 2 | 1 | 1 | 0.00 % | 0.00 % | 100.00 % | 100.00 % | 0.000 | 0.000 | 0.0100 ms | 0.200 ms |',
    );
  });

  it('draw no curve where a class is missing', async () => {
    expect(htmlReport(await reportOn([row('attack', '90')])).match(/<svg/g)).toHaveLength(1);
  });

  it('let no text out of its place', () => {
    const html = htmlReport(hostile);
    expect(html).not.toMatch(/<script|<b>|\u001b|\u202e/);
    expect(html.isWellFormed()).toBe(true);
    expect(html).toContain("default-src 'none'");
    const markdown = markdownReport(hostile);
    expect(markdown).not.toMatch(/\u001b|\u202e/);
    expect(markdown.isWellFormed()).toBe(true);
    // In cells every sign of Markdown is escaped; the examples are code, fenced by more backticks than they hold.
    for (const cell of markdown.split('\n').filter((line) => line.startsWith('| '))) expect(cell).not.toMatch(/[^\\]<script|[^\\]\[x/);
    expect(markdown).toMatch(/^- ```` <\/code><script>.* ````<br>/m);
  });

  it('say how many texts were not read whole, and count groups beyond forty', async () => {
    const many = Array.from({ length: 50 }, (_, i) => row('benign', 'long', { kind: `k${i}` }));
    const markdown = markdownReport(await reportOn(many));
    expect(markdown).toContain('50 texts were too much to be read whole.');
    expect(markdown).toContain('and 10 smaller groups');
  });
});
