/** What an evaluation says in tables, the same for a terminal, Markdown and HTML. Every cell is safe to print. */
import type { PiiScore } from '../../pii/evaluate.ts';
import type { Disguised } from '../disguised.ts';
import type { Evaluation, Slice } from '../evaluate.ts';
import type { Example } from '../examples.ts';
import type { HarmEvaluation } from '../harmful.ts';
import { pointAt, type RocPoint, type Thresholds } from '../metrics.ts';
import { shown } from '../shown.ts';

export interface Table {
  title: string;
  head: string[];
  /** The first cell of a row is its name, the others are figures. */
  rows: string[][];
  /** What stands below it, e.g. what was left out. */
  note?: string;
}

export interface EvaluatedFile {
  file: string;
  evaluation: Evaluation;
}

/** Everything a report is made from. */
export interface Report {
  files: EvaluatedFile[];
  thresholds: Thresholds;
  layers: readonly { name: string; version: string }[];
  /** What was left out, as the command line says it. */
  excluded: string[];
  at: Date;
}

/** Groups beyond these are counted and not listed: a file may name a kind for every row. */
const MAX_GROUPS = 40;
/** Thresholds that a reader may think of. */
const THRESHOLDS = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99];
const FIGURES = ['rows', 'attacks', 'benign', 'blocked attacks', 'alerts on attacks', 'blocked benign', 'alerts on benign', 'AUC', 'F1'];
/** The same, where it is not attacks that are looked for. */
const HARM_FIGURES = ['rows', 'ask', 'harmless', 'refused, ask', 'found, ask', 'refused, harmless', 'found, harmless', 'AUC', 'F1'];

/** What the figures stand on. */
export function facts({ thresholds, layers, excluded, at }: Omit<Report, 'files'>): string {
  return [
    `${at.toISOString().slice(0, 10)}, ${layers.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    `block at ${thresholds.block} and above, alert at ${thresholds.alert} and above`,
    ...(excluded.length === 0 ? [] : [`without ${excluded.map((each) => shown(each)).join('; ')}`]),
  ].join('; ');
}

/** A row for each file. */
export function overview(files: readonly EvaluatedFile[]): Table {
  return {
    title: 'Files',
    head: ['file', ...FIGURES, 'p50', 'p99'],
    rows: files.map(({ file, evaluation }) => [
      shown(file),
      ...figureCells(evaluation),
      milliseconds(evaluation.p50Ms),
      milliseconds(evaluation.p99Ms),
    ]),
    ...unread(files),
  };
}

/** One file's groups, and its encodings where they were asked for. */
export function breakdown({ byKind, byLanguage, bySource, byLayer, roc, encodings }: Evaluation): Table[] {
  return [
    slices('By kind', 'kind', byKind),
    slices('By language', 'language', byLanguage),
    slices('By source', 'source', bySource),
    slices('By layer, each alone', 'layer', byLayer),
    ...(roc.length > 0 ? [byThreshold(roc)] : []),
    ...(encodings ? [disguised(encodings)] : []),
  ];
}

export function harmTables(name: string, evaluation: HarmEvaluation): Table[] {
  return [
    { title: shown(name), head: ['requests for harm', ...HARM_FIGURES], rows: [['all', ...figureCells(evaluation)]] },
    slices('By source', 'source', evaluation.bySource, HARM_FIGURES),
    slices('By language', 'language', evaluation.byLanguage, HARM_FIGURES),
  ];
}

export function piiTable(file: string, { precision, recall, f1, byType }: PiiScore): Table {
  const row = (name: string, support: number, figures: { precision: number; recall: number; f1: number }) => [
    shown(name, 40),
    String(support),
    percent(figures.precision),
    percent(figures.recall),
    percent(figures.f1),
  ];
  const types = Object.entries(byType);
  const spans = types.reduce((sum, [, { support }]) => sum + support, 0);
  return {
    title: shown(file),
    head: ['type', 'spans', 'precision', 'recall', 'F1'],
    rows: [...types.map(([type, figures]) => row(type, figures.support, figures)), row('all', spans, { precision, recall, f1 })],
  };
}

/** One line: what was said of the text, then the text. */
export function exampleLine({ score, kind, lang, id, rules }: Example): string {
  return [`score ${score}`, kind, lang, ...(id === '' ? [] : [id]), ...(rules.length === 0 ? [] : [rules.join(' ')])].join(', ');
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(2)} %`;
}

/** The curve in figures, for where nothing can be drawn. */
function byThreshold(roc: readonly RocPoint[]): Table {
  const rows = THRESHOLDS.map((threshold) => {
    const { tpr, fpr } = pointAt(roc, threshold);
    return [String(threshold), percent(tpr), percent(fpr)];
  });
  return { title: 'By threshold', head: ['score from', 'attacks', 'benign'], rows };
}

function disguised({ all, byEncoding }: Disguised): Table {
  return {
    title: 'In disguise',
    head: ['encoding', 'attacks', 'alerts', 'kept'],
    rows: [...byEncoding, all].map(({ encoding, attacks, caught, recall }) => [encoding, String(attacks), String(caught), percent(recall)]),
    note: 'Attacks that raise an alert in plain words, and what is left of them.',
  };
}

function slices(title: string, of: string, all: readonly Slice[], figures = FIGURES): Table {
  const beyond = all.length - MAX_GROUPS;
  return {
    title,
    head: [of, ...figures],
    rows: all.slice(0, MAX_GROUPS).map((slice) => [shown(slice.name, 40), ...figureCells(slice)]),
    ...(beyond > 0 ? { note: `and ${beyond} smaller groups` } : {}),
  };
}

function figureCells({ rows, attacks, benign, tprBlock, tprAlert, fprBlock, fprAlert, auc, f1 }: Omit<Slice, 'name'>): string[] {
  const plain = (figure: number | null) => (figure === null ? '–' : figure.toFixed(3));
  return [...[rows, attacks, benign].map(String), ...[tprBlock, tprAlert, fprBlock, fprAlert].map(percent), plain(auc), plain(f1)];
}

function unread(files: readonly EvaluatedFile[]): { note?: string } {
  const truncated = files.reduce((sum, { evaluation }) => sum + evaluation.truncated, 0);
  return truncated === 0 ? {} : { note: `${truncated} texts were too much to be read whole.` };
}

function milliseconds(ms: number): string {
  return `${ms.toPrecision(3)} ms`;
}
