/**
 * The report in Markdown, for a pull request or a wiki. Cells have their punctuation escaped and texts stand in code spans
 * longer than any backticks in them, so that no row becomes a link, an image or a heading.
 */
import type { Example } from '../examples.ts';
import { shown } from '../shown.ts';
import { breakdown, exampleLine, facts, overview, type Report, type Table } from './tables.ts';

export function markdownReport(report: Report): string {
  const parts = [
    '# Detection, evaluated',
    plain(facts(report)),
    tableMarkdown(overview(report.files), 2),
    ...report.files.flatMap(({ file, evaluation }) => [
      `## ${plain(shown(file))}`,
      ...breakdown(evaluation).map((table) => tableMarkdown(table, 3)),
      ...examplesMarkdown('Attacks that raise no alert', evaluation.missed),
      ...examplesMarkdown('Benign texts that raise one', evaluation.falseAlarms),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableMarkdown({ title, head, rows, note }: Table, level: number): string {
  const row = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`;
  const table = [row(head), rule, ...rows.map(row)].join('\n');
  return [`${'#'.repeat(level)} ${plain(title)}`, table, ...(note === undefined ? [] : [plain(note)])].join('\n\n');
}

function examplesMarkdown(title: string, examples: readonly Example[]): string[] {
  if (examples.length === 0) return [];
  const items = examples.map((each) => `- ${code(each.text)}<br>${plain(exampleLine(each))}`);
  return [`### ${title}`, items.join('\n')];
}

/** What Markdown would read as its own, or make a link of, is escaped. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~&@]|:(?=\/\/)|(?<=www)\./gi, '\\$&');
}

function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${text} ${fence}`;
}
