/** `parapet eval --harmful`: how well requests for harm are told from what is harmless. */
import { ParapetError } from '../core/errors.ts';
import {
  evaluateHarm,
  type Filter,
  type HarmEvaluation,
  type JudgedHarm,
  judgeHarm,
  type LayerName,
  parseThreatRow,
  shown,
  without,
} from '../detection/evaluation/index.ts';
import type { DetectionSettings } from '../models/index.ts';
import { openHarmJudge } from '../models/judge.ts';
import { figuresJson, sliceJson } from './eval.ts';
import { readRows } from './eval-files.ts';

export interface HarmOptions {
  layers: readonly LayerName[];
  exclude: readonly Filter[];
  models: DetectionSettings;
  onProgress?: (says: string) => void;
}

export interface HarmReport {
  files: { file: string; evaluation: HarmEvaluation }[];
  /** Of all files as one: one may hold the requests, another what is harmless. */
  all: HarmEvaluation;
  layers: readonly { name: string; version: string }[];
}

/** Throws PARAPET_EVALUATION_FILE naming file and line. */
export async function evaluateHarmFiles(
  paths: readonly string[],
  { layers, exclude, models, onProgress = () => {} }: HarmOptions,
): Promise<HarmReport> {
  const { judge, versions, close } = await openHarmJudge(layers, models);
  const read: { file: string; judged: JudgedHarm[] }[] = [];
  try {
    for (const file of paths) {
      const rows = without(await readRows(file, parseThreatRow), exclude);
      const judged = await judgeHarm(rows, judge, (says) => onProgress(`${shown(file)}: ${says}`));
      if (judged.length === 0) {
        throw new ParapetError('PARAPET_EVALUATION_FILE', {
          message: `${shown(file)} has no row left that is benign or of the kind harmful_request.`,
        });
      }
      read.push({ file, judged });
    }
  } finally {
    await close();
  }
  const files = read.map(({ file, judged }) => ({ file, evaluation: evaluateHarm(judged) }));
  return { files, all: evaluateHarm(read.flatMap(({ judged }) => judged)), layers: versions };
}

/** The names that scripts read; shares are of one. */
export function harmJson({ files, all, layers }: HarmReport) {
  return { ...harmFiguresJson(all), files: files.map(({ file, evaluation }) => ({ file, ...harmFiguresJson(evaluation) })), layers };
}

function harmFiguresJson({ bySource, byLanguage, ...figures }: HarmEvaluation) {
  return { ...figuresJson(figures), by_source: bySource.map(sliceJson), by_language: byLanguage.map(sliceJson) };
}
