/**
 * The report as one HTML file that needs nothing else: no scripts, no fonts, no pictures from elsewhere, so that it reads the same
 * in ten years and tells nobody that it was opened.
 */
import type { Outcome } from '../types.ts';
import type { Chart } from './charts.ts';
import { STYLE } from './html/style.ts';
import { type Fact, named, type Report, type ReportInput, type ReportTable, type RequirementView, reportOf } from './model.ts';
import { draw } from './shapes.ts';
import { escapeMarkup } from './signs.ts';

/** Width of a chart in its own units; the page scales it. */
const CHART_WIDTH = 760;

export function renderHtml(input: ReportInput): Uint8Array {
  const report = reportOf(input);
  const { title, subtitle, running, facts, summary, outcomes, notices, charts, writer } = report;
  const { words, number } = writer;
  const { generator, assessedAt } = input.assessment;
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  const body = [
    `<header><p class="quiet">${escapeMarkup(subtitle)}</p><h1>${escapeMarkup(title)}</h1><p class="quiet">${escapeMarkup(running)}</p></header>`,
    `<nav aria-label="${escapeMarkup(words.contents)}"><h2>${escapeMarkup(words.contents)}</h2><ol>${contents(report)}</ol></nav>`,
    '<main>',
    chapter('summary', words.summary, [
      factTable(words.report, facts),
      `<p>${escapeMarkup(summary)}</p>`,
      `<ul class="tiles">${(['pass', 'fail', 'gap', 'not_applicable'] as const).map((of) => `<li class="${of}"><strong>${number(outcomes[of])}</strong> ${escapeMarkup(words[of])}</li>`).join('')}</ul>`,
      reconciliation(notices, words.reconciliation, notices.length === 0 ? words.reconciled : words.notReconciled),
      figure('outcomes', charts.outcomes, number),
      table(report.outcomeTable),
      `<h3>${escapeMarkup(words.coverage)}</h3><p>${escapeMarkup(words.coverageText)}</p>`,
      table(report.coverageTable),
    ]),
    chapter('books', words.books, [
      `<p>${escapeMarkup(words.booksText)}</p>`,
      report.booksTable === null ? `<p><strong>${escapeMarkup(words.booksNone)}</strong></p>` : table(report.booksTable),
    ]),
    chapter('traffic', words.traffic, [
      ...[
        ['interactions', words.interactionsByDay, charts.interactions] as const,
        ['threats', words.threatsByType, charts.threats] as const,
      ].map(([id, name, chart]) =>
        chart === null ? `<h3>${escapeMarkup(name)}</h3><p>${escapeMarkup(words.chartNone)}</p>` : figure(id, chart, number),
      ),
    ]),
    chapter('exceptions', words.exceptions, [`<p>${escapeMarkup(words.exceptionsText)}</p>`, exceptions(report)]),
    chapter(
      'requirements',
      words.requirements,
      report.sections.map(
        ({ id, title: name, requirements }, i) =>
          `<section aria-labelledby="section-${i}"><h3 id="section-${i}">${escapeMarkup(named(id, name))}</h3>${requirements.map((requirement) => requirementOf(requirement, report)).join('')}</section>`,
      ),
    ),
    chapter('checks', words.checks, [table(report.checks)]),
    chapter('evidence', words.evidence, [
      `<p>${escapeMarkup(words.evidenceText)}</p>`,
      ...report.evidence.map((piece) => evidenceOf(piece, words.evidence)),
    ]),
    '</main>',
    `<footer><p class="quiet">${escapeMarkup(words.generator)} ${escapeMarkup(`${generator.name} ${generator.version}`)} · ${escapeMarkup(writer.instant(assessedAt))} UTC</p></footer>`,
  ];
  const html = `<!doctype html>
<html lang="${writer.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeMarkup(`${title} · ${subtitle}`)}</title>
<style>${STYLE}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`;
  return new TextEncoder().encode(html);
}

function contents({ sections, writer: { words } }: Report): string {
  const item = (id: string, title: string, below = ''): string => `<li><a href="#${id}">${escapeMarkup(title)}</a>${below}</li>`;
  return [
    item('summary', words.summary),
    item('books', words.books),
    item('traffic', words.traffic),
    item('exceptions', words.exceptions),
    item(
      'requirements',
      words.requirements,
      `<ol>${sections.map(({ id, title }, i) => item(`section-${i}`, named(id, title))).join('')}</ol>`,
    ),
    item('checks', words.checks),
    item('evidence', words.evidence),
  ].join('');
}

function chapter(id: string, title: string, parts: readonly string[]): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeMarkup(title)}</h2>\n${parts.join('\n')}\n</section>`;
}

function reconciliation(notices: readonly string[], title: string, verdict: string): string {
  const list = notices.length === 0 ? '' : `<ul>${notices.map((notice) => `<li>${escapeMarkup(notice)}</li>`).join('')}</ul>`;
  return `<div class="box ${notices.length === 0 ? 'pass' : 'fail'}"><p><strong>${escapeMarkup(title)}: ${escapeMarkup(verdict)}</strong></p>${list}</div>`;
}

function factTable(caption: string, facts: readonly Fact[], first = ''): string {
  const rows = facts.map(
    ({ label, value, mono = false }) =>
      `<tr><th scope="row">${escapeMarkup(label)}</th><td${mono ? ' class="mono"' : ''}>${escapeMarkup(value)}</td></tr>`,
  );
  return `<table class="facts"><caption class="hidden">${escapeMarkup(caption)}</caption><colgroup><col class="name"><col></colgroup><tbody>${first}${rows.join('')}</tbody></table>`;
}

/** It scrolls by itself where the page is too narrow, and can then be reached by keys. */
function table({ caption, columns, rows, outcomes, summed = false }: ReportTable): string {
  const side = (column: number): string => (columns[column]?.align === 'right' ? ' class="right"' : '');
  const cell = (text: string, row: number, column: number): string => {
    const outcome = outcomes?.[row];
    if (columns[column]?.kind === 'outcome' && outcome !== undefined) return `<td>${badge(text, outcome)}</td>`;
    return `<td${side(column)}>${escapeMarkup(text)}</td>`;
  };
  const line = (row: readonly string[], i: number): string =>
    `<tr${summed && i === rows.length - 1 ? ' class="sum"' : ''}>${row.map((text, j) => cell(text, i, j)).join('')}</tr>`;
  const head = columns.map(({ title }, i) => `<th scope="col"${side(i)}>${escapeMarkup(title)}</th>`).join('');
  return `<div class="scroll" role="group" aria-label="${escapeMarkup(caption)}" tabindex="0"><table><caption class="hidden">${escapeMarkup(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${rows.map(line).join('\n')}</tbody></table></div>`;
}

const badge = (text: string, outcome: Outcome): string => `<strong class="${outcome}">${escapeMarkup(text)}</strong>`;

/** At 11 units, rather too wide than too narrow: the reader's font is not known. */
const measure = (text: string): number => [...text].reduce((width, sign) => width + (/[a-z0-9 .,:_-]/.test(sign) ? 6.6 : 8.6), 0);

function figure(id: string, chart: Chart, number: (value: number) => string): string {
  const { width, height, shapes } = draw(chart, { width: CHART_WIDTH, line: 15, measure, number });
  const round = (value: number): number => Math.round(value * 100) / 100;
  const painted = shapes.map((shape) => {
    if (shape.kind === 'rect') {
      return `<rect class="${shape.tone}" x="${round(shape.x)}" y="${round(shape.y)}" width="${round(shape.width)}" height="${round(shape.height)}"/>`;
    }
    if (shape.kind === 'line')
      return `<line x1="${round(shape.x1)}" y1="${round(shape.y1)}" x2="${round(shape.x2)}" y2="${round(shape.y2)}"/>`;
    return `<text x="${round(shape.x)}" y="${round(shape.y + 4)}" text-anchor="${shape.anchor}">${escapeMarkup(shape.text)}</text>`;
  });
  return `<figure><figcaption>${escapeMarkup(chart.title)}</figcaption><div class="scroll" role="group" aria-label="${escapeMarkup(chart.title)}" tabindex="0"><svg viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-labelledby="chart-${id}"><title id="chart-${id}">${escapeMarkup(chart.alt)}</title>${painted.join('')}</svg></div></figure>`;
}

function exceptions({ exceptions: found, writer: { words } }: Report): string {
  if (found.length === 0) return `<p>${escapeMarkup(words.exceptionsNone)}</p>`;
  return table({
    caption: words.exceptions,
    columns: [
      { title: words.requirement, align: 'left', kind: 'text' },
      { title: words.outcome, align: 'left', kind: 'outcome' },
      { title: words.reasons, align: 'left', kind: 'text' },
    ],
    rows: found.map(({ id, title, outcome, reasons }) => [`${id} · ${title}`, words[outcome], reasons.join(' ')]),
    outcomes: found.map(({ outcome }) => outcome),
  });
}

function requirementOf({ id, title, text, outcome, reasons, facts }: RequirementView, { writer: { words } }: Report): string {
  const told =
    reasons.length === 1
      ? escapeMarkup(reasons[0] ?? '')
      : `<ul>${reasons.map((reason) => `<li>${escapeMarkup(reason)}</li>`).join('')}</ul>`;
  const first = `<tr><th scope="row">${escapeMarkup(words.outcome)}</th><td>${badge(words[outcome], outcome)}</td></tr><tr><th scope="row">${escapeMarkup(words.reasons)}</th><td>${told}</td></tr>`;
  return `<article><h4>${escapeMarkup(`${id} · ${title}`)}</h4><p>${escapeMarkup(text)}</p>${factTable(`${words.requirement} ${id}`, facts, first)}</article>\n`;
}

function evidenceOf({ collector, title, gap, facts, table: rows, note }: Report['evidence'][number], word: string): string {
  const told = gap === null ? '' : `<p><strong class="gap">${escapeMarkup(gap)}</strong></p>`;
  const shown = rows === null ? '' : table(rows);
  return `<article><h3>${escapeMarkup(title)}</h3>${told}${factTable(`${word}: ${collector}`, facts)}${note === '' ? '' : `<p class="quiet">${escapeMarkup(note)}</p>`}${shown}</article>`;
}
