/** `parapet eval --pii`: how well sensitive data is found in texts whose spans are labelled. */
import { evaluatePii, type PiiRow, type PiiScore, parsePiiRow } from '../detection/evaluation/index.ts';
import { readRows } from './eval-files.ts';

export interface PiiReport {
  files: { file: string; rows: number; score: PiiScore }[];
  /** Of all files as one. */
  all: PiiScore;
}

/** Throws PARAPET_EVALUATION_FILE naming file and line. */
export async function evaluatePiiFiles(paths: readonly string[]): Promise<PiiReport> {
  const read: { file: string; rows: PiiRow[] }[] = [];
  for (const file of paths) read.push({ file, rows: await readRows(file, parsePiiRow) });
  const files = read.map(({ file, rows }) => ({ file, rows: rows.length, score: evaluatePii(rows) }));
  return { files, all: evaluatePii(read.flatMap(({ rows }) => rows)) };
}

/** The names that scripts read; shares are of one. */
export function piiJson({ files, all }: PiiReport) {
  return { ...scoreJson(all), files: files.map(({ file, rows, score }) => ({ file, rows, ...scoreJson(score) })) };
}

const scoreJson = ({ precision, recall, f1, byType }: PiiScore) => ({ precision, recall, f1, by_type: byType });
