import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../types.ts';
import { REPORT_FILES, REPORT_FORMATS, renderReport } from './index.ts';
import { sampleReport } from './testing.ts';

describe('reports', () => {
  it.each(REPORT_FORMATS)('have the same bytes for the same assessment: %s', async (format) => {
    for (const language of LANGUAGES) {
      const hash = async (): Promise<string> =>
        createHash('sha256')
          .update(await renderReport(format, { ...sampleReport(50), language }))
          .digest('hex');
      expect(await hash()).toBe(await hash());
    }
  });

  it('have names of their own', () => {
    expect(new Set(Object.values(REPORT_FILES).map(({ name }) => name)).size).toBe(REPORT_FORMATS.length);
  });

  it.each(REPORT_FORMATS)('take long evidence: %s', async (format) => {
    const bytes = await renderReport(format, { ...sampleReport(20_000), language: 'en' });
    expect(bytes.length).toBeGreaterThan(1_000);
  });
});
