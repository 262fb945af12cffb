/** The report as a tagged PDF on A4: what an auditor reads, signs and files. */
import type { Outcome } from '../types.ts';
import { type EvidenceView, named, type Report, type ReportInput, type ReportTable, type RequirementView, reportOf } from './model.ts';
import { contentsFor } from './pdf/contents.ts';
import { figure, TONES } from './pdf/figure.ts';
import { INK, LEADING, MARGIN, MUTED, type Paper, paper, RULE, type Style } from './pdf/paper.ts';
import { type TableCell, table } from './pdf/table.ts';

const BODY: Style = { font: 'text', size: 9 };
const QUIET: Style = { font: 'text', size: 8, color: MUTED };
const MONO: Partial<Style> = { font: 'mono', size: 7 };
/** Columns of evidence that a page can bear. */
const COLUMNS_SHOWN = 14;

export async function renderPdf(input: ReportInput): Promise<Uint8Array> {
  const report = reportOf(input);
  const { words } = report.writer;
  const { framework, assessedAt, generator, org } = input.assessment;
  const sheet = paper({
    title: `${framework.title[input.language]} · ${report.subtitle}`,
    author: `${generator.name} ${generator.version}`,
    language: input.language,
    at: assessedAt,
  });

  cover(sheet, report);
  const contents = contentsFor(sheet, words.contents, [
    { level: 1, title: words.summary },
    { level: 1, title: words.books },
    { level: 1, title: words.traffic },
    { level: 1, title: words.exceptions },
    { level: 1, title: words.requirements },
    ...report.sections.map(({ id, title }) => ({ level: 2, title: named(id, title) }) as const),
    { level: 1, title: words.checks },
    { level: 1, title: words.evidence },
    { level: 1, title: words.evidenceTables },
  ]);
  const chapter = (title: string): void => contents.heading(1, title);

  sheet.page();
  chapter(words.summary);
  summary(sheet, report);
  chapter(words.books);
  books(sheet, report);
  chapter(words.traffic);
  traffic(sheet, report);
  sheet.page();
  chapter(words.exceptions);
  exceptions(sheet, report);
  sheet.page();
  chapter(words.requirements);
  for (const { id, title, requirements } of report.sections) {
    contents.heading(2, named(id, title));
    for (const requirement of requirements) requirementOf(sheet, requirement, report);
  }
  sheet.page();
  chapter(words.checks);
  tableOf(sheet, report.checks, { shares: [0.27, 0.12, 0.43, 0.18] });
  sheet.page();
  chapter(words.evidence);
  sheet.paragraph(words.evidenceText, BODY, { after: 10 });
  for (const evidence of report.evidence) evidenceOf(sheet, evidence);
  sheet.page('landscape');
  chapter(words.evidenceTables);
  for (const evidence of report.evidence) evidenceTable(sheet, evidence, report);

  contents.write();
  margins(sheet, report, org);
  return sheet.end();
}

function cover(sheet: Paper, { title, subtitle, facts, notices, outcomes, writer }: Report): void {
  const { words, number } = writer;
  sheet.page();
  sheet.y = 120;
  sheet.paragraph(subtitle, { font: 'text', size: 12, color: MUTED }, { after: 10 });
  sheet.paragraph(title, { font: 'bold', size: 24 }, { tag: 'H1', after: 22 });
  table(sheet, {
    caption: words.outcomes,
    head: [words.pass, words.fail, words.gap, words.not_applicable],
    rows: [
      (['pass', 'fail', 'gap', 'not_applicable'] as const).map((of) => ({
        text: number(outcomes[of]),
        style: { font: 'bold', color: TONES[of] },
      })),
    ],
    size: 11,
    shares: [0.25, 0.25, 0.25, 0.25],
    after: 18,
  });
  table(sheet, { caption: words.report, rows: factRows(facts), size: 9, shares: [0.27, 0.73], after: 16 });
  reconciliation(sheet, notices, words.reconciliation, notices.length === 0 ? words.reconciled : words.notReconciled);
}

/** A box that is seen: bar at its side, and the words bold. */
function reconciliation(sheet: Paper, notices: readonly string[], title: string, verdict: string): void {
  const color = TONES[notices.length === 0 ? 'pass' : 'fail'];
  const bold: Style = { font: 'bold', size: 9, color };
  const texts = notices.map((notice) => sheet.lines(`• ${notice}`, BODY, sheet.width - 14));
  // Long boxes break; short ones stay whole.
  sheet.need(Math.min(200, (texts.flat().length + 1) * BODY.size * LEADING + 8));
  const heading = sheet.open(sheet.root, 'P');
  const marked = (paint: () => void): void => {
    const [page, from] = [sheet.pageNumber(), sheet.y];
    paint();
    if (sheet.pageNumber() !== page) return;
    sheet.artifact('Layout', () => sheet.doc.rect(sheet.left, from, 3, sheet.y - from).fill(color));
  };
  marked(() => sheet.flow(heading, 'P', sheet.lines(`${title}: ${verdict}`, bold, sheet.width - 14), bold, 12));
  for (const lines of texts) marked(() => sheet.flow(sheet.open(sheet.root, 'P'), 'P', lines, BODY, 12));
  sheet.y += 12;
}

function summary(sheet: Paper, { summary: text, notices, charts, outcomeTable, coverageTable, writer }: Report): void {
  const { words, number } = writer;
  sheet.paragraph(text, BODY, { after: 10 });
  reconciliation(sheet, notices, words.reconciliation, notices.length === 0 ? words.reconciled : words.notReconciled);
  caption(sheet, charts.outcomes.title);
  figure(sheet, charts.outcomes, number);
  tableOf(sheet, outcomeTable, { shares: [0.47, 0.1, 0.11, 0.1, 0.12, 0.1] });
  caption(sheet, words.coverage);
  sheet.paragraph(words.coverageText, BODY, { after: 6 });
  tableOf(sheet, coverageTable, { shares: [0.25, 0.11, 0.64] });
}

function books(sheet: Paper, { booksTable, writer: { words } }: Report): void {
  sheet.paragraph(words.booksText, BODY, { after: 6 });
  if (booksTable === null) sheet.paragraph(words.booksNone, { ...BODY, font: 'bold' });
  else tableOf(sheet, booksTable, { shares: [0.6, 0.4] });
}

function traffic(sheet: Paper, { charts, writer: { words, number } }: Report): void {
  for (const [title, chart] of [
    [words.interactionsByDay, charts.interactions],
    [words.threatsByType, charts.threats],
  ] as const) {
    sheet.need(190);
    caption(sheet, title);
    if (chart === null) sheet.paragraph(words.chartNone, QUIET, { after: 10 });
    else figure(sheet, chart, number);
  }
}

function exceptions(sheet: Paper, { exceptions: found, writer: { words } }: Report): void {
  sheet.paragraph(words.exceptionsText, BODY, { after: 8 });
  if (found.length === 0) {
    sheet.paragraph(words.exceptionsNone, BODY);
    return;
  }
  table(sheet, {
    caption: words.exceptions,
    head: [words.requirement, words.outcome, words.reasons],
    rows: found.map(({ id, title, outcome, reasons }) => [
      { text: `${id}\n${title}` },
      outcomeCell(words[outcome], outcome),
      { text: reasons.join('\n') },
    ]),
    shares: [0.34, 0.13, 0.53],
  });
}

function requirementOf(sheet: Paper, { id, title, text, outcome, reasons, facts }: RequirementView, { writer: { words } }: Report): void {
  sheet.need(200);
  sheet.paragraph(`${id} · ${title}`, { font: 'bold', size: 9.5 }, { tag: 'H3', after: 2 });
  sheet.paragraph(text, BODY, { after: 4 });
  table(sheet, {
    caption: `${words.requirement} ${id}`,
    rows: [
      [{ text: words.outcome }, outcomeCell(words[outcome], outcome)],
      [{ text: words.reasons }, { text: reasons.join('\n') }],
      ...factRows(facts),
    ],
    shares: [0.22, 0.78],
    after: 16,
  });
}

function evidenceOf(sheet: Paper, { title, gap, facts, collector }: EvidenceView): void {
  sheet.need(120);
  sheet.paragraph(title, { font: 'bold', size: 9.5 }, { tag: 'H2', after: 3 });
  if (gap !== null) sheet.paragraph(gap, { ...BODY, color: TONES.gap }, { after: 4 });
  table(sheet, { caption: collector, rows: factRows(facts), size: 7.5, shares: [0.18, 0.82], after: 16 });
}

function evidenceTable(sheet: Paper, { title, gap, table: rows, note }: EvidenceView, { writer: { words, fill } }: Report): void {
  if (gap !== null || note === '') return;
  sheet.need(90);
  sheet.paragraph(title, { font: 'bold', size: 9.5 }, { tag: 'H2', after: 2 });
  const left = rows?.columns.slice(COLUMNS_SHOWN).map((column) => column.title) ?? [];
  const cut = left.length === 0 ? '' : ` ${fill(words.firstColumns, { columns: left.join(', ') })}`;
  sheet.paragraph(`${note}${cut}`, QUIET, { after: rows === null ? 12 : 4 });
  if (rows === null) return;
  tableOf(
    sheet,
    { ...rows, columns: rows.columns.slice(0, COLUMNS_SHOWN), rows: rows.rows.map((row) => row.slice(0, COLUMNS_SHOWN)) },
    { size: 6.5 },
  );
}

function tableOf(
  sheet: Paper,
  { caption: title, columns, rows, outcomes, summed = false }: ReportTable,
  options: { shares?: readonly number[]; size?: number } = {},
): void {
  table(sheet, {
    caption: title,
    head: columns.map((column) => column.title),
    align: columns.map(({ align }) => align),
    rows: rows.map((row, i) =>
      row.map((text, j): TableCell => {
        const outcome = outcomes?.[i];
        return columns[j]?.kind === 'outcome' && outcome !== undefined ? outcomeCell(text, outcome) : { text };
      }),
    ),
    summed,
    ...options,
  });
}

const outcomeCell = (text: string, outcome: Outcome): TableCell => ({ text, style: { font: 'bold', color: TONES[outcome] } });

function factRows(facts: Report['facts']): TableCell[][] {
  return facts.map(({ label, value, mono = false }) => [{ text: label }, mono ? { text: value, style: MONO } : { text: value }]);
}

function caption(sheet: Paper, text: string): void {
  sheet.need(60);
  sheet.paragraph(text, { font: 'bold', size: 10 }, { tag: 'H2', after: 5 });
}

/** On each page: what the report is of, when, with which filters, and which page of how many. */
function margins(sheet: Paper, { running, writer: { words, fill } }: Report, org: string): void {
  const { doc } = sheet;
  const style: Style = { font: 'text', size: 6.5, color: MUTED };
  const { count } = doc.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page);
    sheet.artifact('Pagination', () => {
      const lines = sheet.lines(running, style, sheet.width);
      lines.forEach((line, i) => {
        sheet.line(line, sheet.left, 26 + i * style.size * LEADING, style);
      });
      const foot = doc.page.height - MARGIN.bottom + 16;
      doc
        .moveTo(sheet.left, foot)
        .lineTo(sheet.left + sheet.width, foot)
        .lineWidth(0.5)
        .stroke(RULE);
      const number = fill(words.pageOf, { page: page + 1, pages: count });
      sheet.line(number, sheet.left + sheet.width - sheet.measure(number, style), foot + 6, { ...style, color: INK });
      sheet.line(sheet.lines(`${words.report} · ${org}`, style, sheet.width / 2)[0] ?? '', sheet.left, foot + 6, style);
    });
  }
}
