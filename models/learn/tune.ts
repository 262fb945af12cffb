/**
 * Teaches the linear model by verdicts: the shipped weights, moved where the judged texts have features and nowhere else. Our own
 * training texts are read along, so that what one text teaches does not undo what a thousand had taught. A candidate begins at
 * the shipped model each time and learns all verdicts that hold: one that was withdrawn, or whose person was erased, is gone
 * from the next.
 */
import { FEATURES } from '../../detection/model/features.ts';
import type { LinearModel } from '../../detection/model/linear.ts';
import { packSteps, type Tuning } from '../../detection/model/tuning.ts';
import { diceOf, shuffled } from '../data/dice.ts';
import { createWindowReader, worst } from '../train/linear.ts';

export interface Lesson {
  text: string;
  label: 'attack' | 'benign';
}

const EPOCHS = 20;
/** Of the first step; it falls to nothing. A tenth of what training began with. */
const RATE = 1.5;
/** How much each step draws a weight back to where it was. */
const BACK = 2e-3;
/** The texts that are read along weigh as much as the lessons together, times this; each at most as much as a lesson. */
const ALONG = 30;

interface Encoded {
  windows: Uint32Array[];
  wanted: 0 | 1;
  weight: number;
}

/** The same lessons in the same order give the same tuning. */
export function tune(base: LinearModel, lessons: readonly Lesson[], along: readonly Lesson[]): Tuning {
  const { scale, bias, values: start } = base.attack;
  const taught = encode(lessons, 1);
  const others = encode(along, along.length === 0 ? 0 : Math.min(1, (ALONG * lessons.length) / along.length));
  const mayMove = new Uint8Array(FEATURES);
  for (const { windows } of taught) for (const window of windows) for (const feature of window) mayMove[feature] = 1;
  const values = Float32Array.from(start, (value) => value * scale);
  const before = Float32Array.from(values);
  const dice = diceOf('tune', lessons.length);
  const all = [...taught, ...others];
  let step = 0;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const { windows, wanted, weight } of shuffled(all, dice)) {
      const pace = RATE * (1 - step++ / (all.length * EPOCHS));
      const [logit, window] = worst(values, windows);
      const error = (1 / (1 + Math.exp(-(logit + bias))) - wanted) * weight;
      const change = (pace * error) / Math.sqrt(window.length || 1);
      for (let i = 0; i < window.length; i++) {
        const feature = window[i] as number;
        if (mayMove[feature] === 0) continue;
        const value = values[feature] as number;
        values[feature] = value - change - pace * BACK * (value - (before[feature] as number));
      }
    }
  }
  const steps = new Int8Array(FEATURES);
  for (let i = 0; i < FEATURES; i++) {
    if (mayMove[i] === 0) continue;
    const to = Math.max(-127, Math.min(127, Math.round((values[i] as number) / scale)));
    steps[i] = Math.max(-128, Math.min(127, to - (start[i] as number)));
  }
  return { base: base.version, steps: packSteps(steps) };
}

function encode(lessons: readonly Lesson[], weight: number): Encoded[] {
  const read = createWindowReader();
  return lessons.map(({ text, label }) => ({ windows: read(text), wanted: label === 'attack' ? 1 : 0, weight }));
}
