/** Reports of an assessment: the same words and figures in every format, and the same bytes for the same assessment. */
import { renderCsv } from './csv.ts';
import { renderHtml } from './html.ts';
import type { ReportInput } from './model.ts';
import { renderOscalComponent, renderOscalResults } from './oscal.ts';
import { renderXlsx } from './xlsx.ts';

export type { ReportInput } from './model.ts';

export const REPORT_FORMATS = ['pdf', 'xlsx', 'html', 'csv', 'oscal-results', 'oscal-component'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** How a report is called and what it is, for packages, downloads and mails. */
export const REPORT_FILES: Readonly<Record<ReportFormat, { name: string; mediaType: string }>> = {
  pdf: { name: 'report.pdf', mediaType: 'application/pdf' },
  xlsx: { name: 'report.xlsx', mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' },
  html: { name: 'report.html', mediaType: 'text/html; charset=utf-8' },
  csv: { name: 'requirements.csv', mediaType: 'text/csv; charset=utf-8' },
  'oscal-results': { name: 'oscal-assessment-results.json', mediaType: 'application/json' },
  'oscal-component': { name: 'oscal-component-definition.json', mediaType: 'application/json' },
};

export async function renderReport(format: ReportFormat, input: ReportInput): Promise<Uint8Array> {
  switch (format) {
    case 'pdf': {
      // PDFKit and its fonts take a tenth of a second to load: only who wants a PDF waits for them.
      const { renderPdf } = await import('./pdf.ts');
      return renderPdf(input);
    }
    case 'xlsx':
      return renderXlsx(input);
    case 'html':
      return renderHtml(input);
    case 'csv':
      return renderCsv(input);
    case 'oscal-results':
      return renderOscalResults(input);
    case 'oscal-component':
      return renderOscalComponent(input);
  }
}
