/**
 * Texts for the encoder: each row as the one window that matters, since the encoder reads 128 tokens at a time. Of a long
 * text that is where the linear model sees the attack (or, in a benign one, the false alarm), and of a benign one another,
 * anywhere.
 *
 * node models/train/windows.ts LINEAR.bin OUT.jsonl ROWS.jsonl…
 */
import { createWriteStream, readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { isEnglish } from '../../detection/guesses.ts';
import { WINDOW_CHARS } from '../../detection/model/doubt.ts';
import { type LinearModel, madeReadable, parseLinear } from '../../detection/model/linear.ts';
import { diceOf } from '../data/dice.ts';
import { classOf, isHarmful, readRows, type TrainingRow } from './rows.ts';

const STEP = 320;
interface Sample {
  text: string;
  attack: 0 | 1;
  /** Of an attack: which sort. */
  sort: 'injection' | 'jailbreak' | 'exfiltration' | null;
  harmful: 0 | 1;
  source: string;
  lang: string;
}

export function samplesOf(row: TrainingRow, linear: LinearModel, dice: () => number): Sample[] {
  const text = madeReadable(row.text);
  if (!isEnglish(text)) return [];
  const attack = row.label === 'attack' && !isHarmful(row) ? 1 : 0;
  const make = (from: number): Sample => ({
    // A window may begin or end in the middle of a pair.
    text: text.slice(from, from + WINDOW_CHARS).toWellFormed(),
    attack,
    sort: attack ? classOf(row) : null,
    harmful: isHarmful(row) ? 1 : 0,
    source: row.source,
    lang: row.lang,
  });
  if (text.length <= WINDOW_CHARS) return [make(0)];
  const starts: number[] = [];
  for (let from = 0; from + STEP < text.length; from += STEP) starts.push(from);
  const worst = starts
    .map((from) => ({ from, logit: linear.read(text.slice(from, from + WINDOW_CHARS)).logit }))
    .reduce((a, b) => (b.logit > a.logit ? b : a));
  if (attack) return [make(worst.from)];
  return [...new Set([worst.from, starts[Math.floor(dice() * starts.length)] as number])].map(make);
}

if (import.meta.main) {
  const [model, out, ...files] = process.argv.slice(2) as [string, string, ...string[]];
  const linear = parseLinear(readFileSync(model));
  const dice = diceOf('windows', 1);
  const stream = createWriteStream(out);
  let written = 0;
  for (const file of files) {
    for (const row of await readRows(file)) {
      for (const sample of samplesOf(row, linear, dice)) {
        stream.write(`${JSON.stringify(sample)}\n`);
        written += 1;
      }
    }
  }
  stream.end();
  await finished(stream);
  console.log(`${written} samples in ${out}`);
}
