/**
 * The report as one HTML file: no scripts, nothing loaded, readable in light and dark. The texts in it are attacks, so
 * besides being escaped they stand under a policy that lets a browser run and load nothing.
 */
import type { Example } from '../examples.ts';
import { shown } from '../shown.ts';
import { histogramSvg, rocSvg } from './curves.ts';
import { breakdown, type EvaluatedFile, exampleLine, facts, overview, type Report, type Table } from './tables.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --paper: #fff; --line: #d9dee6; --attack: #c2410c; --benign: #2563eb; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa5b4; --paper: #14181f; --line: #323a46; --attack: #fb923c; --benign: #7aa7ff; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.2; }
p, figcaption, li span { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
.curves { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { flex: 1 1 24rem; max-width: 34rem; margin: 0; }
svg { width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
path { fill: none; }
.grid { stroke: var(--line); }
.chance, .threshold { stroke: var(--soft); stroke-dasharray: 4 4; }
.roc { stroke: var(--attack); stroke-width: 2; }
.mark, .attacks { fill: var(--attack); }
.benign { fill: var(--benign); }
b.attacks { color: var(--attack); } b.benign { color: var(--benign); }
code { overflow-wrap: anywhere; }
`;

export function htmlReport({ files, thresholds, layers, excluded, at }: Report): string {
  const parts = [
    '<h1>Detection, evaluated</h1>',
    `<p>${escaped(facts({ thresholds, layers, excluded, at }))}</p>`,
    tableHtml(overview(files), 2),
    ...files.map((each) => fileHtml(each, thresholds)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Detection, evaluated</title>
<style>${STYLE}</style>
</head>
<body>
${parts.join('\n')}
</body>
</html>
`;
}

function fileHtml({ file, evaluation }: EvaluatedFile, thresholds: Report['thresholds']): string {
  const roc = rocSvg(evaluation.roc, thresholds);
  const figures = [
    ...(roc === '' ? [] : [`<figure>${roc}<figcaption>At every score: attacks flagged against benign texts flagged</figcaption></figure>`]),
    `<figure>${histogramSvg(evaluation.histogram, thresholds)}<figcaption>Scores of <b class="attacks">attacks</b> and of <b class="benign">benign</b> texts</figcaption></figure>`,
  ];
  return [
    `<h2>${escaped(shown(file))}</h2>`,
    `<div class="curves">${figures.join('')}</div>`,
    ...breakdown(evaluation).map((table) => tableHtml(table, 3)),
    examplesHtml('Attacks that raise no alert', evaluation.missed),
    examplesHtml('Benign texts that raise one', evaluation.falseAlarms),
  ].join('\n');
}

function tableHtml({ title, head, rows, note }: Table, level: number): string {
  const cells = (tag: string, row: readonly string[]) => `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('\n');
  const below = note === undefined ? '' : `<p>${escaped(note)}</p>`;
  return `<h${level}>${escaped(title)}</h${level}>\n<div class="wide"><table>\n<thead>${cells('th', head)}</thead>\n<tbody>\n${body}\n</tbody>\n</table></div>${below}`;
}

function examplesHtml(title: string, examples: readonly Example[]): string {
  if (examples.length === 0) return '';
  const items = examples.map((each) => `<li><code>${escaped(each.text)}</code><br><span>${escaped(exampleLine(each))}</span></li>`);
  return `<h3>${title}</h3>\n<ul>\n${items.join('\n')}\n</ul>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
