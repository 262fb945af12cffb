/**
 * Makes a probability of what the heads `harmful` say, and finds its bounds, on rows that neither was trained on. The rows that ask for
 * harm are those of `xstest`, whose safe rows are made of the same words; every other row is one that does not.
 */
import { isEnglish, isLanguage } from '../../detection/guesses.ts';
import { createDetector } from '../../detection/index.ts';
import type { Classifier } from '../../detection/model/classifier.ts';
import { hottestHarm } from '../../detection/model/ensemble.ts';
import { HARMFUL_LABEL, type HarmfulSettings, type HarmWeights, probabilityOf } from '../../detection/model/harmful.ts';
import type { LinearModel, LinearReading } from '../../detection/model/linear.ts';
import { isHarmful, type TrainingRow } from './rows.ts';
import type { Allowed } from './stack.ts';

/** What the heads say of one row. */
export interface MeasuredHarm {
  row: TrainingRow;
  linear: number;
  /** Undefined where the classifier does not read the language, or has no such head. */
  classifier: number | undefined;
}

const MODEL_OUTPUTS = 'tensor_trust_detection';

/** Requests for harm, and harmless texts. What attacks the application may ask for harm or not, and nobody said which. */
export const judgesHarm = (row: TrainingRow): boolean => (isHarmful(row) || row.label === 'benign') && row.source !== MODEL_OUTPUTS;

export async function measureHarm(rows: readonly TrainingRow[], linear: LinearModel, classifier?: Classifier): Promise<MeasuredHarm[]> {
  let worst: { text: string; reading: LinearReading } | undefined;
  const detector = createDetector({
    readAlong(text, _segment, via) {
      if (!isLanguage(text, via)) return true;
      const reading = linear.read(text);
      if (worst === undefined || reading.harmful.logit > worst.reading.harmful.logit) worst = { text, reading };
      return true;
    },
  });
  const measured: MeasuredHarm[] = [];
  for (const row of rows) {
    worst = undefined;
    detector.inspect([{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text: row.text }]);
    const { text, reading } = worst ?? { text: row.text, reading: linear.read(row.text) };
    const answer = isEnglish(text) ? await classifier?.read([hottestHarm(linear, text, reading)], 60_000) : undefined;
    if (answer?.kind === 'failed') throw new Error(answer.reason);
    measured.push({
      row,
      linear: reading.harmful.logit,
      classifier: answer?.kind === 'read' ? answer.readings[0]?.labels[HARMFUL_LABEL] : undefined,
    });
  }
  return measured;
}

/** As often as in these rows, so often somebody is taken to ask for harm. `allowed` are shares of the harmless rows. */
export function harmfulOf(measured: readonly MeasuredHarm[], allowed: Allowed): HarmfulSettings {
  const read = measured.filter(({ classifier }) => classifier !== undefined);
  const fast = bounded(fitted(measured, false), measured, allowed);
  return read.some(({ row }) => isHarmful(row)) ? { fast, full: bounded(fitted(read, true), read, allowed) } : { fast };
}

const STEPS = 4_000;

/** Logistic regression. No head gets less than nothing: what one sees must not speak against another. */
function fitted(measured: readonly MeasuredHarm[], withClassifier: boolean): Omit<HarmWeights, 'alert' | 'block'> {
  const samples = measured.map(({ row, linear, classifier = 0 }) => ({
    x: [1, linear, withClassifier ? classifier : 0],
    y: isHarmful(row) ? 1 : 0,
  }));
  const weights = [-3, 0.5, withClassifier ? 0.5 : 0];
  for (let step = 0; step < STEPS; step++) {
    const slope = [0, 0, 0];
    for (const { x, y } of samples) {
      const sum = x.reduce((all, value, i) => all + value * (weights[i] as number), 0);
      const error = 1 / (1 + Math.exp(-sum)) - y;
      for (let i = 0; i < x.length; i++) slope[i] = (slope[i] as number) + error * (x[i] as number);
    }
    for (let i = 0; i < weights.length; i++) {
      const next = (weights[i] as number) - (0.3 * (slope[i] as number)) / samples.length;
      weights[i] = i === 0 ? next : Math.max(0, next);
    }
  }
  const [bias, linear, classifier] = weights.map(round) as [number, number, number];
  return { bias, linear, classifier };
}

/** The lowest probabilities that no more than the allowed shares of the harmless rows reach. */
function bounded(weights: Omit<HarmWeights, 'alert' | 'block'>, measured: readonly MeasuredHarm[], allowed: Allowed): HarmWeights {
  const open = { ...weights, alert: 0, block: 0 };
  const harmless = measured
    .filter(({ row }) => !isHarmful(row))
    .map(({ linear, classifier = 0 }) => probabilityOf(open, { linear, classifier }))
    .sort((a, b) => b - a);
  const above = (share: number) => round((harmless[Math.floor(harmless.length * share)] ?? 0) + 1e-4);
  return { ...weights, alert: above(allowed.alert), block: above(allowed.block) };
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;
