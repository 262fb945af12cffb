/**
 * Trains the linear model: logistic regression by stochastic gradient descent. The subtle point is the window: of a long
 * text only the one that scores highest now is learnt from, for an attack because the rest of the document is not one, for
 * a benign text because that is the one which would raise the false alarm.
 */
import { createFeatureReader, FEATURES, windowsOf } from '../../detection/model/features.ts';
import { HEADS, type Head, madeReadable, type Weights } from '../../detection/model/linear.ts';
import { type Dice, diceOf, shuffled } from '../data/dice.ts';
import { classOf, isHarmful, type TrainingRow } from './rows.ts';

export interface LinearOptions {
  epochs: number;
  /** Of the first step; it falls to nearly nothing in a straight line. */
  rate: number;
  /** How much each step shrinks the weights that it touches. */
  shrink: number;
  seed: number;
  /** Heads to train; all when left out. */
  heads?: readonly Head[];
  onProgress?: (says: string) => void;
}

export const LINEAR_OPTIONS: LinearOptions = { epochs: 8, rate: 15, shrink: 2e-4, seed: 1 };

/** Windows of one text that are learnt from at most; of longer texts they are spread over the whole. */
const TRAINING_WINDOWS = 12;
/** Rows of one source, language and label count in full up to so many; of more, each counts less. */
const FULL_ROWS = 300;

/** A row as the features of its windows. */
interface Encoded {
  row: TrainingRow;
  weight: number;
  windows: Uint32Array[];
}

export interface FloatWeights {
  bias: number;
  values: Float32Array;
}

/** Weights in full precision, by head. */
export function trainLinear(rows: readonly TrainingRow[], options: LinearOptions): Map<Head, FloatWeights> {
  const { onProgress = () => {} } = options;
  const encoded = encode(rows);
  onProgress(`${rows.length} rows read`);
  const plainRows = encoded.filter(({ row }) => !isHarmful(row));
  const trained = new Map<Head, FloatWeights>();
  for (const head of options.heads ?? HEADS) {
    const dice = diceOf(options.seed, head);
    if (head === 'attack') {
      weigh(plainRows, ({ label }) => label === 'attack');
      trained.set(
        head,
        fitHead(plainRows, ({ label }) => label === 'attack', options, dice),
      );
    } else if (head === 'harmful') {
      const some = encoded.filter(({ row }) => isHarmful(row) || row.label === 'benign');
      weigh(some, isHarmful);
      trained.set(head, fitHead(some, isHarmful, options, dice));
    } else {
      const attacks = plainRows.filter(({ row }) => row.label === 'attack');
      weigh(attacks, (row) => classOf(row) === head);
      trained.set(
        head,
        fitHead(attacks, (row) => classOf(row) === head, options, dice),
      );
    }
    onProgress(`head ${head} trained`);
  }
  return trained;
}

/** A byte a weight: the scores move by less than the noise between two seeds. */
export function quantised({ bias, values }: FloatWeights): Weights {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const scale = largest === 0 ? 1 : largest / 127;
  const bytes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round((values[i] as number) / scale);
  return { scale, bias, values: bytes };
}

function encode(rows: readonly TrainingRow[]): Encoded[] {
  const read = createWindowReader();
  return rows.map((row) => ({ row, weight: 1, windows: read(row.text) }));
}

/** Reads a text as the features of its windows. */
export function createWindowReader(): (text: string) => Uint32Array[] {
  const reader = createFeatureReader();
  return (given) => {
    const text = madeReadable(given);
    return windowsOf(text.length, TRAINING_WINDOWS).map((from) => {
      const { list, count } = reader.read(text, from);
      return list.slice(0, count);
    });
  };
}

/** No source and no language may outvote the others, and in none may one label be the likelier guess. */
function weigh(encoded: readonly Encoded[], isPositive: (row: TrainingRow) => boolean): void {
  const bySource = Map.groupBy(encoded, ({ row }) => `${row.source} ${row.lang} ${isPositive(row)}`);
  for (const group of bySource.values()) {
    for (const each of group) each.weight = Math.min(1, Math.sqrt(FULL_ROWS / group.length));
  }
  const byLanguage = Map.groupBy(encoded, ({ row }) => row.lang);
  for (const group of byLanguage.values()) {
    const total = (side: boolean) => group.reduce((sum, { row, weight }) => sum + (isPositive(row) === side ? weight : 0), 0);
    const [yes, no] = [total(true), total(false)];
    for (const each of group) {
      const [own, other] = isPositive(each.row) ? [yes, no] : [no, yes];
      if (own > other) each.weight *= Math.max(0.1, Math.sqrt(Math.max(other, 0.5) / own));
    }
  }
}

function fitHead(
  encoded: readonly Encoded[],
  isPositive: (row: TrainingRow) => boolean,
  { epochs, rate, shrink }: LinearOptions,
  dice: Dice,
): FloatWeights {
  const values = new Float32Array(FEATURES);
  let bias = 0;
  let step = 0;
  const steps = encoded.length * epochs;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { row, weight, windows } of shuffled(encoded, dice)) {
      const pace = rate * (1 - step++ / steps + 0.02);
      const [logit, window] = worst(values, windows);
      const error = (1 / (1 + Math.exp(-(logit + bias))) - (isPositive(row) ? 1 : 0)) * weight;
      const change = (pace * error) / Math.sqrt(window.length || 1);
      const keep = 1 - pace * shrink;
      for (let i = 0; i < window.length; i++) {
        const feature = window[i] as number;
        values[feature] = (values[feature] as number) * keep - change;
      }
      bias -= 0.01 * pace * error;
    }
  }
  return { bias, values };
}

/** The window that scores highest by these weights, and its score without a bias. */
export function worst(values: Float32Array, windows: readonly Uint32Array[]): [logit: number, window: Uint32Array] {
  let best: [number, Uint32Array] = [Number.NEGATIVE_INFINITY, windows[0] as Uint32Array];
  for (const window of windows) {
    let sum = 0;
    for (let i = 0; i < window.length; i++) sum += values[window[i] as number] as number;
    const logit = sum / Math.sqrt(window.length || 1);
    if (logit > best[0]) best = [logit, window];
  }
  return best;
}
