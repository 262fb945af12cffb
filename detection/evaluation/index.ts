/** What other folders use of the evaluation; everything else here is private to it. */
export { evaluatePii, type PiiRow, type PiiScore } from '../pii/evaluate.ts';
export type { Disguised } from './disguised.ts';
export { type Evaluation, evaluate, type Slice } from './evaluate.ts';
export type { Example } from './examples.ts';
export { evaluateHarm, type HarmEvaluation, type HarmJudge, type JudgedHarm, judgeHarm } from './harmful.ts';
export { type Judge, LAYERS, type LayerName } from './layers.ts';
export { type Figures, quantile } from './metrics.ts';
export { htmlReport } from './report/html.ts';
export { markdownReport } from './report/markdown.ts';
export { breakdown, exampleLine, facts, harmTables, overview, piiTable, type Report, type Table } from './report/tables.ts';
export { FIELDS, type Filter, type Parsed, parsePiiRow, parseThreatRow, without } from './rows.ts';
export { shown } from './shown.ts';
