/**
 * How well requests for harm are told from harmless texts. Rows of the kind `harmful_request` ask for it, benign ones do not; other
 * attacks may or may not, nobody labelled them so, and they are passed over. "Attack" in the figures means a request for harm.
 */
import type { Slice } from './evaluate.ts';
import { auc, type Figures, figuresOf, type Scored } from './metrics.ts';
import type { ThreatRow } from './rows.ts';

/** What the shipped models say of one text. */
export interface HarmJudgement {
  /** 0–1. */
  probability: number;
  /** Whether it is a finding, and whether block mode refuses it. */
  found: boolean;
  sure: boolean;
}

export type HarmJudge = (text: string) => Promise<HarmJudgement>;

export interface JudgedHarm extends HarmJudgement {
  row: ThreatRow;
}

export interface HarmEvaluation extends Figures {
  bySource: Slice[];
  byLanguage: Slice[];
}

export const isHarmfulRequest = ({ kind }: Pick<ThreatRow, 'kind'>) => kind === 'harmful_request';
const TELL_EVERY = 200;

export async function judgeHarm(
  rows: readonly ThreatRow[],
  judge: HarmJudge,
  onProgress: (says: string) => void = () => {},
): Promise<JudgedHarm[]> {
  const judged: JudgedHarm[] = [];
  for (const row of rows.filter((each) => isHarmfulRequest(each) || each.label === 'benign')) {
    judged.push({ row, ...(await judge(row.text)) });
    if (judged.length % TELL_EVERY === 0) onProgress(`${judged.length} of at most ${rows.length} rows`);
  }
  return judged;
}

export function evaluateHarm(judged: readonly JudgedHarm[]): HarmEvaluation {
  return {
    ...harmFigures(judged),
    bySource: slices(judged, ({ row }) => row.source),
    byLanguage: slices(judged, ({ row }) => row.lang),
  };
}

function slices(judged: readonly JudgedHarm[], nameOf: (each: JudgedHarm) => string): Slice[] {
  const all = [...Map.groupBy(judged, nameOf)].map(([name, group]): Slice => ({ name, ...harmFigures(group) }));
  return all.sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
}

/** The bounds differ by whether the classifier was asked, so what was found and what was sure is counted, not compared anew. */
function harmFigures(judged: readonly JudgedHarm[]): Figures {
  const graded = judged.map(({ row, found, sure }) => ({ label: labelOf(row), score: sure ? 2 : found ? 1 : 0 }));
  const of = (wanted: Scored['label']) => judged.filter(({ row }) => labelOf(row) === wanted).map(({ probability }) => probability);
  return { ...figuresOf(graded, { block: 2, alert: 1 }), auc: auc(of('attack'), of('benign')) };
}

const labelOf = (row: ThreatRow): Scored['label'] => (isHarmfulRequest(row) ? 'attack' : 'benign');
