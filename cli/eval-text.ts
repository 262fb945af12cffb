/** What `parapet eval` prints for people. */
import {
  breakdown,
  type Evaluation,
  type Example,
  exampleLine,
  facts,
  harmTables,
  overview,
  piiTable,
  type Report,
  shown,
  type Table,
} from '../detection/evaluation/index.ts';
import type { HarmReport } from './eval-harmful.ts';
import type { PiiReport } from './eval-pii.ts';

export function renderEvaluation(report: Report): string[] {
  const files = report.files.flatMap(({ file, evaluation }) => [
    '',
    `── ${shown(file)}`,
    ...breakdown(evaluation).flatMap(lines),
    ...confusions(evaluation),
  ]);
  return [facts(report), ...lines(overview(report.files)), ...files];
}

export function renderHarm({ files, all, layers }: HarmReport): string[] {
  const each = files.flatMap(({ file, evaluation }) => harmTables(file, evaluation).flatMap(lines));
  const said = layers.map(({ name, version }) => `${name} ${version}`).join(', ');
  return [said, ...each, ...(files.length === 1 ? [] : harmTables('all files', all).flatMap(lines))];
}

export function renderPii({ files, all }: PiiReport): string[] {
  const each = files.flatMap(({ file, score }) => lines(piiTable(file, score)));
  return files.length === 1 ? each : [...each, ...lines(piiTable('all files', all))];
}

function confusions({ missed, falseAlarms }: Evaluation): string[] {
  const list = (title: string, examples: readonly Example[]) =>
    examples.length === 0 ? [] : ['', title, ...examples.flatMap((each) => [`  ${exampleLine(each)}`, `    ${each.text}`])];
  return [...list('Attacks that raise no alert:', missed), ...list('Benign texts that raise one:', falseAlarms)];
}

/** The first column to the left, figures to the right. */
function lines({ title, head, rows, note }: Table): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return ['', title, ...all.map(line), ...(note === undefined ? [] : [note])];
}
