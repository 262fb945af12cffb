import { getDocument, type PDFDocumentProxy, type PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES } from '../types.ts';
import type { ReportInput } from './model.ts';
import { renderPdf } from './pdf.ts';
import { sampleReport } from './testing.ts';
import { WORDS } from './words.ts';

interface Word {
  str: string;
  x: number;
  y: number;
  right: number;
}

/** Words as they stand on each page, without the header and footer when asked. */
async function pagesOf(pdf: PDFDocumentProxy): Promise<{ words: Word[]; text: string; width: number; height: number }[]> {
  return Promise.all(
    Array.from({ length: pdf.numPages }, async (_, i) => {
      const page = await pdf.getPage(i + 1);
      const [, , width = 0, height = 0] = page.view;
      const { items } = await page.getTextContent();
      const words = items.flatMap((item) =>
        'str' in item && item.str.trim() !== ''
          ? [{ str: item.str, x: Number(item.transform[4]), y: Number(item.transform[5]), right: Number(item.transform[4]) + item.width }]
          : [],
      );
      return { words, text: words.map(({ str }) => str).join(' '), width, height };
    }),
  );
}

const open = async (input: ReportInput): Promise<PDFDocumentProxy> =>
  getDocument({ data: await renderPdf(input), verbosity: 0, useSystemFonts: false }).promise;

/** The types of pdf.js leave out the words of figures. */
type Tag = NonNullable<Awaited<ReturnType<PDFPageProxy['getStructTree']>>> & { alt?: string };

const tagsIn = (tag: Tag | null): Tag[] =>
  tag === null ? [] : [tag, ...tag.children.flatMap((child) => ('role' in child ? tagsIn(child) : []))];

describe('the report in PDF', () => {
  let pdf: PDFDocumentProxy;
  let pages: Awaited<ReturnType<typeof pagesOf>>;
  beforeAll(async () => {
    pdf = await open({ ...sampleReport(2_000), language: 'en' });
    pages = await pagesOf(pdf);
  });

  it('is tagged, and knows its title, language and date', async () => {
    const { info } = await pdf.getMetadata();
    expect(info).toMatchObject({
      Title: 'Artificial Intelligence Risk Management Framework · Evidence report · acme-münchen · 2026-10',
      Language: 'en',
      CreationDate: 'D:20261102063000Z',
    });
    expect(await pdf.getMarkInfo()).toEqual(
      new Map([
        ['Marked', true],
        ['UserProperties', false],
        ['Suspects', false],
      ]),
    );
    const tags = (await Promise.all(pages.map(async (_, i) => tagsIn(await (await pdf.getPage(i + 1)).getStructTree())))).flat();
    const count = (role: string): number => tags.filter((tag) => tag.role === role).length;
    for (const role of ['Document', 'H1', 'H2', 'H3', 'P', 'Table', 'THead', 'TR', 'TH', 'TD', 'TOC', 'TOCI', 'Link']) {
      expect(count(role), role).toBeGreaterThan(0);
    }
    expect(tags.filter(({ role }) => role === 'Figure').map(({ alt }) => alt)).toEqual([
      expect.stringContaining('Outcomes by section'),
      expect.stringContaining('Interactions by day and status'),
      expect.stringContaining('Threats by type'),
    ]);
  });

  it('says on each page what it is of, when, with which filters, and where one is', () => {
    pages.forEach(({ text }, i) => {
      expect(text).toContain(`Page ${i + 1} of ${pages.length}`);
      expect(text).toContain('NIST-AI-RMF 1.0 · acme-münchen · 1 Oct 2026, 00:00:00 to 1 Nov 2026, 00:00:00 UTC');
      expect(text).toContain('organisation = acme-münchen');
    });
  });

  it('has contents whose page numbers are right', async () => {
    const contents = pages[1]?.words ?? [];
    const outline = await pdf.getOutline();
    expect(outline.map(({ title }) => title)).toEqual([
      'Summary',
      'The books',
      'Traffic and threats',
      'Gaps and exceptions',
      'Requirements',
      'Checks',
      'Evidence',
      'Tables of evidence',
    ]);
    for (const { title, items } of outline) {
      for (const entry of [title, ...items.map((item) => item.title)]) {
        const start = contents.find(({ str }) => entry.startsWith(str) && str.length > 4);
        expect(start, entry).toBeDefined();
        const last = contents.filter(({ str }) => entry.includes(str) && str.length > 4 && !/^\d+$/.test(str)).at(-1);
        const number = contents.find(({ str, y }) => /^\d+$/.test(str) && Math.abs(y - (last?.y ?? 0)) < 2);
        const page = pages[Number(number?.str) - 1];
        expect(page?.text, `${entry} on ${number?.str}`).toContain(entry.slice(0, 40));
      }
    }
  });

  it('leads from the contents to the place', async () => {
    const second = await pdf.getPage(2);
    const links = (await second.getAnnotations()).filter(({ subtype }) => subtype === 'Link');
    expect(links).toHaveLength(16);
    for (const { dest } of links) expect(await pdf.getDestination(dest)).not.toBeNull();
  });

  it('sets nothing beyond its margins', () => {
    for (const { words, width, height } of pages) {
      for (const { str, x, right, y } of words) {
        expect(x, str).toBeGreaterThanOrEqual(47.9);
        expect(right, str).toBeLessThanOrEqual(width - 47);
        expect(y, str).toBeGreaterThan(20);
        expect(y, str).toBeLessThan(height - 20);
      }
    }
  });

  it('lists each gap and exception, and cuts tables only where it says so', () => {
    const text = pages.map((page) => page.text).join(' ');
    const { assessment } = sampleReport(1);
    for (const { id } of assessment.requirements) expect(text).toContain(`${id} · Roles`);
    expect(text).toContain('First 25 of 2,000 rows; all are in evidence/latency.csv.');
    expect(text).toContain('<script>alert(1)</script>');
    expect(text).toContain('Łukasz Żółć, Αθηνά');
    expect(text).toContain('‹U+6771›‹U+4EAC›');
    for (const { sha256 } of assessment.evidence) expect(text.replaceAll(' ', '')).toContain(sha256);
  });

  it('says the head of a table again on each page that it goes on to, as no content', async () => {
    const heads = pages.flatMap(({ text }, i) => (text.includes('slowest interaction') ? [i] : []));
    expect(heads.length).toBeGreaterThan(1);
    const goesOn = tagsIn(await (await pdf.getPage((heads[1] ?? 0) + 1)).getStructTree());
    const said = goesOn.filter(({ role, scope, children }) => role === 'TH' && scope === 'Column' && children.length > 0);
    // Only those of the next table.
    expect(said.length).toBeLessThanOrEqual(3);
  });

  it.each(LANGUAGES)('has the words of %s', async (language) => {
    const own = await pagesOf(await open({ ...sampleReport(30), language }));
    const text = own.map((page) => page.text.replace(/\s+/g, ' ')).join(' ');
    for (const key of ['contents', 'summary', 'books', 'exceptions', 'requirements', 'evidenceTables', 'reconciled'] as const) {
      expect(text).toContain(WORDS[language][key]);
    }
    // Only names of other scripts have no sign in the font, never a word of ours.
    expect(text.match(/‹U\+(?!6771|4EAC|0000|0007|FFFE|D800)\w+›/g)).toBeNull();
  });

  it('shows where totals disagree', async () => {
    const sample = sampleReport(10);
    const own = await pagesOf(
      await open({ ...sample, assessment: { ...sample.assessment, interactions: { count: 7, root: '' } }, language: 'en' }),
    );
    for (const page of [own[0], own[2]]) expect(page?.text).toContain('The totals of this report do not reconcile.');
    expect(own[0]?.text).toContain('proves 7 interactions');
  });

  it('stands without evidence, books, checks or requirements', async () => {
    const { assessment } = sampleReport(1);
    const bare = { ...assessment, requirements: [], checks: [], evidence: [], books: null };
    const own = await pagesOf(await open({ assessment: bare, evidence: [], language: 'es' }));
    expect(own.map(({ text }) => text).join(' ')).toContain(WORDS.es.booksNone);
  });
});
