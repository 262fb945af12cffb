import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../types.ts';
import { renderHtml } from './html.ts';
import type { ReportInput } from './model.ts';
import { HOSTILE, sampleReport } from './testing.ts';

const html = (input: ReportInput): string => new TextDecoder().decode(renderHtml(input));

describe('the report in HTML', () => {
  it('runs nothing and fetches nothing, whatever evidence holds', () => {
    const page = html({ ...sampleReport(100), language: 'en' });
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/\s(src|srcset|onclick|onload|onerror)=/);
    expect(page).not.toMatch(/href="(?!#)/);
    expect(page).not.toMatch(/url\(|@import/);
    expect(page).toContain("default-src 'none'");
  });

  it.each(LANGUAGES)('names its language and its parts in %s', (language) => {
    const page = html({ ...sampleReport(10), language });
    expect(page).toContain(`<html lang="${language}">`);
    for (const part of ['<header>', '<nav ', '<main>', '<footer>', '<h1>']) expect(page.split(part)).toHaveLength(2);
  });

  it('gives each head its scope, each picture its words, and each link its place', () => {
    const page = html({ ...sampleReport(10), language: 'de' });
    expect(page).not.toMatch(/<th(?! scope="(row|col)")[ >]/);
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page.match(/<svg [^>]*role="img" aria-labelledby="chart-\w+"><title id="chart-\w+">[^<]{20,}/g)).toHaveLength(3);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
  });

  it('cuts long tables, and says so', () => {
    const page = html({ ...sampleReport(2_000), language: 'en' });
    expect(page).toContain('First 25 of 2,000 rows; all are in evidence/latency.csv.');
    expect(page.match(/eu-central-1/g)?.length).toBeLessThan(26);
  });

  it('shows in a box where totals disagree', () => {
    const sample = sampleReport(10);
    const page = html({ ...sample, assessment: { ...sample.assessment, interactions: { count: 7, root: '00' } }, language: 'en' });
    expect(page).toContain('<div class="box fail">');
    expect(page).toContain('The package proves 7 interactions');
    expect(html({ ...sample, language: 'en' })).not.toContain('<div class="box fail">');
  });

  it('tells signs that HTML cannot carry by their code', () => {
    const page = html({ ...sampleReport(1), language: 'en' });
    expect(HOSTILE.some((cell) => cell.includes('\u0000'))).toBe(true);
    expect(page).toContain('‹U+0000›null‹U+0007›bell‹U+FFFE›');
    expect(page).toContain('‹U+D800› alone');
  });
});
