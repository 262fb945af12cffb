/**
 * One file's rows in, its figures out. Pure but for the time it takes, which it measures; the same rows and signatures
 * give the same figures otherwise, examples included.
 */
import { type Disguised, judgeDisguised } from './disguised.ts';
import { type Example, examplesOf } from './examples.ts';
import type { Judge, Judged } from './layers.ts';
import { type Bin, type Figures, figuresOf, histogramOf, quantile, type RocPoint, rocOf, type Thresholds } from './metrics.ts';
import type { ThreatRow } from './rows.ts';

export interface Slice extends Figures {
  name: string;
}

export interface Evaluation extends Figures {
  /** Of one text, in one go. */
  p50Ms: number;
  p99Ms: number;
  /** Texts of which a bound of the detector left a part unread. */
  truncated: number;
  byKind: Slice[];
  byLanguage: Slice[];
  bySource: Slice[];
  byLayer: Slice[];
  roc: RocPoint[];
  histogram: Bin[];
  /** Attacks below the alert threshold. */
  missed: Example[];
  /** Benign texts at or above it. */
  falseAlarms: Example[];
  encodings?: Disguised;
}

export interface EvaluateOptions {
  judge: Judge;
  thresholds: Thresholds;
  /** At most so many of each sort of confusion. */
  examples: number;
  /** Also each attack that is caught, in every encoding. */
  encodings: boolean;
  onProgress?: (says: string) => void;
}

/** Texts judged before the clock counts, so that the compiler is not what is measured. */
const WARM_UP = 200;
const TELL_EVERY = 200;

export async function evaluate(
  rows: readonly ThreatRow[],
  { judge, thresholds, examples, encodings, onProgress = () => {} }: EvaluateOptions,
): Promise<Evaluation> {
  for (const { text } of rows.slice(0, WARM_UP)) await judge(text);
  const took: number[] = [];
  const judged: Judged[] = [];
  for (const [index, row] of rows.entries()) {
    const from = performance.now();
    const judgement = await judge(row.text);
    took.push(performance.now() - from);
    if (index % TELL_EVERY === 0) onProgress(`${index} of ${rows.length} rows`);
    judged.push({ ...row, ...judgement });
  }
  const slices = (name: (row: Judged) => string) => slicesOf(judged, name, thresholds);
  return {
    ...figuresOf(judged, thresholds),
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    truncated: judged.filter(({ truncated }) => truncated).length,
    byKind: slices(({ kind }) => kind),
    byLanguage: slices(({ lang }) => lang),
    bySource: slices(({ source }) => source),
    byLayer: layersOf(judged, thresholds),
    roc: rocOf(judged),
    histogram: histogramOf(judged),
    ...examplesOf(judged, thresholds.alert, examples),
    ...(encodings ? { encodings: await disguise(judged, judge, thresholds.alert, onProgress) } : {}),
  };
}

/** The same figures for every value of a field, the largest group first. */
function slicesOf(judged: readonly Judged[], nameOf: (row: Judged) => string, thresholds: Thresholds): Slice[] {
  const groups = Map.groupBy(judged, nameOf);
  const slices = [...groups].map(([name, group]): Slice => ({ name, ...figuresOf(group, thresholds) }));
  return slices.sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
}

/** What each layer would have said alone. */
function layersOf(judged: readonly Judged[], thresholds: Thresholds): Slice[] {
  const layers = judged[0]?.byLayer.map(({ layer }) => layer) ?? [];
  return layers.map((name, i) => ({
    name,
    ...figuresOf(
      judged.map(({ label, byLayer }) => ({ label, score: byLayer[i]?.score ?? 0 })),
      thresholds,
    ),
  }));
}

function disguise(judged: readonly Judged[], judge: Judge, alert: number, onProgress: (says: string) => void): Promise<Disguised> {
  const caught = judged.filter(({ label, score }) => label === 'attack' && score >= alert);
  return judgeDisguised(caught, judge, alert, (done) => {
    if (done % TELL_EVERY === 0) onProgress(`${done} of ${caught.length} attacks in every encoding`);
  });
}
