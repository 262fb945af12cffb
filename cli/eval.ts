/** `parapet eval`: what detection makes of labelled texts, file by file. */
import { ParapetError } from '../core/errors.ts';
import {
  type Disguised,
  type Evaluation,
  evaluate,
  type Figures,
  type Filter,
  type LayerName,
  parseThreatRow,
  type Report,
  type Slice,
  shown,
  without,
} from '../detection/evaluation/index.ts';
import { ALERT_SCORE } from '../detection/index.ts';
import type { DetectionSettings } from '../models/index.ts';
import { openJudge } from '../models/judge.ts';
import { readRows, writeReport } from './eval-files.ts';

export interface EvalOptions {
  layers: LayerName[];
  /** Rows to leave out. */
  exclude: Filter[];
  /** As many examples of each sort of confusion. */
  examples: number;
  encodings: boolean;
  blockScore: number;
  /** Which models. */
  models: DetectionSettings;
  /** Reports to write. */
  reports: string[];
  onProgress?: (says: string) => void;
}

/** Throws PARAPET_EVALUATION_FILE naming file and line. */
export async function evaluateFiles(paths: readonly string[], options: EvalOptions): Promise<Report> {
  const { layers, exclude, examples, encodings, blockScore, reports, onProgress = () => {} } = options;
  const { judge, versions, close } = await openJudge(layers, options.models);
  // What is blocked needs no second look to be noticed.
  const thresholds = { block: blockScore, alert: Math.min(blockScore, ALERT_SCORE) };
  const files: Report['files'] = [];
  try {
    for (const file of paths) {
      const rows = without(await readRows(file, parseThreatRow), exclude);
      if (rows.length === 0) {
        throw new ParapetError('PARAPET_EVALUATION_FILE', { message: `Of ${shown(file)} no row is left.`, hint: 'Exclude less.' });
      }
      const tell = (says: string) => onProgress(`${shown(file)}: ${says}`);
      files.push({ file, evaluation: await evaluate(rows, { judge, thresholds, examples, encodings, onProgress: tell }) });
    }
  } finally {
    await close();
  }
  const excluded = exclude.map((filter) =>
    Object.entries(filter)
      .map((pair) => pair.join('='))
      .join(','),
  );
  const report: Report = { files, thresholds, layers: versions, excluded, at: new Date() };
  for (const path of reports) await writeReport(path, report);
  return report;
}

/** The names that scripts read. Shares are of one; null where a file has no such class. */
export function evaluationJson({ files, thresholds, layers, excluded }: Report) {
  return { files: files.map(({ file, evaluation }) => ({ file, ...fileJson(evaluation) })), thresholds, layers, excluded };
}

function fileJson(evaluation: Evaluation) {
  const { p50Ms, p99Ms, truncated, byKind, byLanguage, bySource, byLayer, missed, falseAlarms, encodings } = evaluation;
  return {
    ...figuresJson(evaluation),
    p50_ms: p50Ms,
    p99_ms: p99Ms,
    truncated,
    by_kind: byKind.map(sliceJson),
    by_language: byLanguage.map(sliceJson),
    by_source: bySource.map(sliceJson),
    by_layer: byLayer.map(sliceJson),
    missed,
    false_alarms: falseAlarms,
    ...(encodings ? { encodings: encodingsJson(encodings) } : {}),
  };
}

const encodingsJson = ({ all: { attacks, caught, recall }, byEncoding }: Disguised) => ({
  attacks,
  caught,
  recall,
  by_encoding: byEncoding,
});
export const sliceJson = ({ name, ...figures }: Slice) => ({ name, ...figuresJson(figures) });

export function figuresJson({ rows, attacks, benign, tprBlock, fprBlock, tprAlert, fprAlert, auc, f1 }: Figures) {
  return { rows, attacks, benign, tpr_block: tprBlock, fpr_block: fprBlock, tpr_alert: tprAlert, fpr_alert: fprAlert, auc, f1 };
}
