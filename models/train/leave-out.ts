/**
 * How well a model does on sources it has never seen. Most sources are attacks alone or benign texts alone, so a source is set against all
 * others of the other label, each counting the same; each row is scored by a model that was trained without its source.
 */
import { HEADS, type Head, type LinearModel, parseLinear, serialiseLinear, type Weights } from '../../detection/model/linear.ts';
import { diceOf, shuffled } from '../data/dice.ts';
import { type LinearOptions, quantised, trainLinear } from './linear.ts';
import { isHarmful, type TrainingRow } from './rows.ts';

/** Trains on the first rows and gives log-odds of each of the second. */
export type TrainAndScore = (train: readonly TrainingRow[], held: readonly TrainingRow[]) => Promise<number[]>;

export interface LeaveOutOptions {
  folds: number;
  seed: number;
  /** Rows that are scored of one source and label; all of them when left out. */
  most?: number;
  onProgress?: (says: string) => void;
}

export interface SourceFigure {
  source: string;
  label: TrainingRow['label'];
  rows: number;
  /** Chance that one of its attacks scores above a benign row of any source, or one of its benign rows below an attack. */
  auc: number;
}

export interface LeftOut {
  bySource: SourceFigure[];
  meanAuc: number;
}

/** Smaller sources say little. */
const FEWEST_ROWS = 20;

export async function leaveOut(
  rows: readonly TrainingRow[],
  trainAndScore: TrainAndScore,
  { folds, seed, most = Number.POSITIVE_INFINITY, onProgress }: LeaveOutOptions,
): Promise<LeftOut> {
  const judged = rows.filter((row) => !isHarmful(row));
  const sources = shuffled([...new Set(judged.map(sourceOf))], diceOf(seed, 'folds'));
  const foldOf = new Map(sources.map((source, i) => [source, i % folds]));
  const scored: { row: TrainingRow; logit: number }[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const isHeld = (row: TrainingRow) => foldOf.get(sourceOf(row)) === fold;
    const held = fewOfEach(judged.filter(isHeld), most, 'held');
    const logits = await trainAndScore(
      judged.filter((row) => !isHeld(row)),
      held,
    );
    held.forEach((row, i) => {
      scored.push({ row, logit: logits[i] as number });
    });
    onProgress?.(`fold ${fold + 1} of ${folds}`);
  }
  const others = { attack: ladderOf(scored, 'benign'), benign: ladderOf(scored, 'attack') };
  const groups = Map.groupBy(scored, ({ row }) => `${row.label} ${sourceOf(row)}`);
  const bySource = [...groups.values()]
    .filter((group) => group.length >= FEWEST_ROWS)
    .map((group): SourceFigure => {
      const { row } = group[0] as (typeof group)[number];
      const above = group.reduce((sum, { logit }) => sum + shareBelow(others[row.label], logit), 0) / group.length;
      return { source: sourceOf(row), label: row.label, rows: group.length, auc: row.label === 'attack' ? above : 1 - above };
    })
    .sort((a, b) => a.auc - b.auc);
  return { bySource, meanAuc: bySource.reduce((sum, { auc }) => sum + auc, 0) / bySource.length };
}

/** The linear model alone. */
export const linearAlone =
  (options: LinearOptions): TrainAndScore =>
  async (train, held) => {
    const { model } = attackModel(train, options);
    return held.map(({ text }) => model.read(text).logit);
  };

/** At most so many of each source and label, by the chance of these dice. */
export function fewOfEach(rows: readonly TrainingRow[], most: number, dice: string): TrainingRow[] {
  const groups = Map.groupBy(rows, ({ source, label }) => `${source} ${label}`);
  return [...groups].flatMap(([name, group]) => shuffled(group, diceOf(dice, name)).slice(0, most));
}

/** Attacks and benign texts of one origin (`bipia_train_attack`, `bipia_train_context`) share their documents: they go together. */
const sourceOf = ({ source }: TrainingRow) => source.split('_', 1)[0] as string;

/** Its other heads are that of attacks too. */
export function attackModel(rows: readonly TrainingRow[], options: LinearOptions): { model: LinearModel; bytes: Uint8Array } {
  const trained = trainLinear(rows, { ...options, heads: ['attack'], onProgress: () => {} }).get('attack');
  if (trained === undefined) throw new Error('nothing was trained');
  const weights = quantised(trained);
  const bytes = serialiseLinear(new Map(HEADS.map((head): [Head, Weights] => [head, weights])));
  return { model: parseLinear(bytes), bytes };
}

/** Rising logits of one label, and how much weight lies below each: every source has the same in all. */
interface Ladder {
  logits: Float64Array;
  below: Float64Array;
}

function ladderOf(scored: readonly { row: TrainingRow; logit: number }[], label: TrainingRow['label']): Ladder {
  const mine = scored.filter(({ row }) => row.label === label).sort((a, b) => a.logit - b.logit);
  const sizes = new Map<string, number>();
  for (const { row } of mine) sizes.set(sourceOf(row), (sizes.get(sourceOf(row)) ?? 0) + 1);
  const below = new Float64Array(mine.length + 1);
  mine.forEach(({ row }, i) => {
    below[i + 1] = (below[i] as number) + 1 / (sizes.get(sourceOf(row)) as number);
  });
  return { logits: Float64Array.from(mine, ({ logit }) => logit), below: below.map((weight) => weight / (below.at(-1) as number)) };
}

/** Share of the weight that lies below the value, ties counting half. */
function shareBelow({ logits, below }: Ladder, value: number): number {
  const at = (isBelow: (other: number) => boolean) => {
    let [low, high] = [0, logits.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBelow(logits[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return below[low] as number;
  };
  return (at((other) => other < value) + at((other) => other <= value)) / 2;
}
