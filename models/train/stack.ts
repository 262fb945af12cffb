/**
 * Joins the layers: one logistic regression over what each says of the development rows, which none of them was trained on,
 * and the sums at which a share of the benign rows would raise an alert or be blocked. The weights come out of the data;
 * a layer that would get less than nothing gets nothing, so that no finding can lower a risk.
 */

import { isEnglish, isLanguage } from '../../detection/guesses.ts';
import { createDetector } from '../../detection/index.ts';
import type { Classifier } from '../../detection/model/classifier.ts';
import { certainty, type EnsembleSettings, type Stacking, textsToAsk } from '../../detection/model/ensemble.ts';
import type { LinearModel, LinearReading } from '../../detection/model/linear.ts';
import { ALERT_SCORE } from '../../detection/score.ts';
import type { TrainingRow } from './rows.ts';

/** What the layers say of one row. */
export interface Measured {
  row: TrainingRow;
  risk: number;
  linear: number;
  /** Undefined where the classifier was not asked. */
  classifier: number | undefined;
  /** Whether the likeliest text is in a language that the classifier reads. */
  english: boolean;
}

/** Shares of a set's benign rows that may raise an alert, and that may be blocked. */
export interface Allowed {
  alert: number;
  block: number;
}

/** Rows that no model was trained on, and the false alarms that they may raise. */
export interface MeasuredSet {
  rows: readonly Measured[];
  allowed: Allowed;
}

const BLOCK_SCORE = 70;
/** Benign rows about which the classifier may be asked. */
const ASKED = 0.4;
/** Three signatures, or two sure ones, are beyond it. */
const DOUBTED = { from: BLOCK_SCORE, below: 90 };

export async function measure(rows: readonly TrainingRow[], linear: LinearModel, classifier?: Classifier): Promise<Measured[]> {
  let seen: { text: string; reading: LinearReading }[] = [];
  const detector = createDetector({
    readAlong(text, _segment, via) {
      if (isLanguage(text, via)) seen.push({ text, reading: linear.read(text) });
      return true;
    },
  });
  const measured: Measured[] = [];
  for (const row of rows) {
    seen = [];
    const { riskScore } = detector.inspect([
      { direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text: row.text },
    ]);
    const worst = seen.sort((a, b) => b.reading.logit - a.reading.logit);
    const texts = textsToAsk(linear, worst);
    const answer = texts.length > 0 ? await classifier?.read(texts, 60_000) : undefined;
    if (answer?.kind === 'failed') throw new Error(answer.reason);
    measured.push({
      row,
      risk: riskScore,
      linear: worst[0]?.reading.logit ?? linear.read(row.text).logit,
      classifier: answer?.kind === 'read' ? Math.max(...answer.readings.map(({ logit }) => logit)) : undefined,
      english: isEnglish(worst[0]?.text ?? row.text),
    });
  }
  return measured;
}

/**
 * Weights from all sets together; the bounds are those at which no set raises more false alarms than it may. `others` are texts in
 * languages that the classifier does not read, `sets` all the rest.
 */
export function stack(sets: readonly MeasuredSet[], others: MeasuredSet): EnsembleSettings {
  const fast = stackOf(sets, ({ english }) => english);
  const other = stackOf([others], ({ english }) => !english);
  const isAsked = ({ english, classifier }: Measured) => english && classifier !== undefined;
  const full = sets.some(({ rows }) => rows.some(isAsked)) ? stackOf(sets, isAsked, true) : fast;
  // Of the first set, which is what clients send every day.
  const benign = (sets[0] as MeasuredSet).rows
    .filter(({ row, english }) => english && row.label === 'benign')
    .map((each) => sumOf(fast, each))
    .sort((a, b) => b - a);
  return {
    fast,
    full,
    other,
    mayLower: true,
    doubted: DOUBTED,
    consultFrom: round(benign[Math.floor(benign.length * ASKED)] as number),
  };
}

function stackOf(sets: readonly MeasuredSet[], which: (each: Measured) => boolean, withClassifier = false): Stacking {
  const some = sets.map((set) => ({ ...set, rows: set.rows.filter(which) }));
  return calibrated(
    fitStack(
      some.flatMap(({ rows }) => rows),
      withClassifier,
    ),
    some,
  );
}

export function sumOf({ bias, signatures, linear, classifier }: Stacking, each: Measured): number {
  return bias + signatures * certainty(each.risk) + linear * each.linear + classifier * (each.classifier ?? 0);
}

const STEPS = 4_000;

function fitStack(measured: readonly Measured[], withClassifier: boolean): Stacking {
  const groupOf = ({ row: { source, label, lang } }: Measured) => `${source} ${label} ${lang}`;
  const byGroup = Map.groupBy(measured, groupOf);
  const samples = measured.map((each) => ({
    x: [1, certainty(each.risk), each.linear, withClassifier ? (each.classifier ?? 0) : 0],
    y: each.row.label === 'attack' ? 1 : 0,
    weight: 1 / Math.sqrt((byGroup.get(groupOf(each)) as Measured[]).length),
  }));
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  const weights = [0, 0.3, 0.3, withClassifier ? 0.3 : 0];
  for (let step = 0; step < STEPS; step++) {
    const slope = [0, 0, 0, 0];
    for (const { x, y, weight } of samples) {
      const sum = x.reduce((all, value, i) => all + value * (weights[i] as number), 0);
      const error = (1 / (1 + Math.exp(-sum)) - y) * weight;
      for (let i = 0; i < x.length; i++) slope[i] = (slope[i] as number) + error * (x[i] as number);
    }
    for (let i = 0; i < weights.length; i++) {
      const next = (weights[i] as number) - (0.3 * (slope[i] as number)) / total;
      weights[i] = i === 0 ? next : Math.max(0, next);
    }
  }
  const [bias, signatures, linear, classifier] = weights.map(round) as [number, number, number, number];
  return { bias, signatures, linear, classifier, knots: [] };
}

/** Where the risk is 20 and 70 is where so many benign rows lie above; the rest follows the odds. */
function calibrated(stacking: Stacking, sets: readonly MeasuredSet[]): Stacking {
  const bound = (which: keyof Allowed): number =>
    Math.max(
      ...sets.map(({ rows, allowed }) => {
        const benign = rows
          .filter(({ row }) => row.label === 'benign')
          .map((each) => sumOf(stacking, each))
          .sort((a, b) => b - a);
        return round((benign[Math.floor(benign.length * allowed[which])] ?? Number.NEGATIVE_INFINITY) + 1e-3);
      }),
    );
  const [from, to] = [bound('alert'), bound('block')];
  return {
    ...stacking,
    knots: [
      [round(from - 6), 0],
      [from, ALERT_SCORE],
      [to, BLOCK_SCORE],
      [round(to + 4), 99],
    ],
  };
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;
