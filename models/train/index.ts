/**
 * Makes the shipped models anew, from the permissive files, our own data and all-MiniLM-L6-v2:
 *
 *   node models/train/index.ts --data ../shared/data/threats [--python python3] [--only linear,encoder,stack,leave-out]
 *
 * `linear` takes seconds, `encoder` some half an hour on two cores (it needs models/train/requirements.txt), `stack` a
 * few minutes, `leave-out` a minute a fold. Each step stands on the files of those before.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Head, serialiseLinear, type Weights } from '../../detection/model/linear.ts';
import { diceOf, shuffled } from '../data/dice.ts';
import { generate } from '../data/generate.ts';
import { readLinear, SHIPPED, SHIPPED_ENCODER } from '../index.ts';
import { openClassifier } from '../serve/classifier.ts';
import { harmfulOf, judgesHarm, measureHarm } from './harmful.ts';
import { leaveOut } from './leave-out.ts';
import { LINEAR_OPTIONS, quantised, trainLinear } from './linear.ts';
import { isKeptBack, isPermissive, readRows, type TrainingRow } from './rows.ts';
import { type Allowed, measure, stack } from './stack.ts';

const STEPS = ['linear', 'encoder', 'stack', 'leave-out'];
const ATTACK_FILES = ['train.jsonl', 'train-more-attacks.jsonl', 'train-more-benign.jsonl'];
/** Model outputs, and requests for harm: neither is what these layers are there for. */
const isJudged = ({ source, label }: TrainingRow) => source !== 'tensor_trust_detection' && !(source === 'xstest' && label === 'attack');
/** Of the development rows, of our own in English that were kept back, and of those in other languages: look-alikes of attacks, most of them. */
const ALLOWED: Record<'development' | 'own' | 'others', Allowed> = {
  development: { alert: 0.055, block: 0.02 },
  own: { alert: 1, block: 0.055 },
  others: { alert: 0.25, block: 0.08 },
};
/** Of the rows that ask for no harm. */
const ALLOWED_HARM: Allowed = { alert: 0.01, block: 0.002 };
/** The second time, the encoder reads our own texts and so many of each other source. */
const READ_ALONG = 70;
const SECOND_RATE = '4e-5';
const FOLDS = 10;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/threats' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: STEPS.join(',') },
    epochs: { type: 'string', default: '1' },
  },
});
const steps = values.only.split(',');
const strange = steps.filter((step) => !STEPS.includes(step));
if (strange.length > 0) throw new Error(`unknown step ${strange.join(', ')} (there are ${STEPS.join(', ')})`);

mkdirSync(SHIPPED_ENCODER, { recursive: true });
const own: TrainingRow[] = generate({ seed: 1 });
const rows = await trainingRows();
console.log(`${rows.length} rows to train on`);
if (steps.includes('linear')) makeLinear();
if (steps.includes('encoder')) await makeEncoder();
if (steps.includes('stack')) await makeStack();
if (steps.includes('leave-out')) {
  const { meanAuc, bySource } = leaveOut(rows, { ...LINEAR_OPTIONS, onProgress: console.log }, FOLDS);
  writeFileSync(join(SHIPPED, 'leave-out.json'), `${JSON.stringify({ meanAuc, bySource }, null, 1)}\n`);
  console.log(`leave one source out: mean AUC ${meanAuc.toFixed(3)} over ${bySource.length} sources`);
}

async function trainingRows(): Promise<TrainingRow[]> {
  const files = await Promise.all([...ATTACK_FILES, 'harmful.jsonl'].map((name) => readRows(join(values.data, name))));
  return [...files.flat().filter(isPermissive), ...own.filter((row) => !isKeptBack(row))];
}

function makeLinear(): void {
  const trained = trainLinear(rows, { ...LINEAR_OPTIONS, onProgress: console.log });
  const weights = new Map([...trained].map(([head, each]): [Head, Weights] => [head, quantised(each)]));
  writeFileSync(join(SHIPPED, 'linear.bin'), serialiseLinear(weights));
}

/** In two goes: everything once, then once more our own texts among some of the rest, as they are few and meant to be learnt. */
async function makeEncoder(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-train-'));
  const encode = (name: string, some: readonly TrainingRow[], options: string[]): string => {
    const [all, samples, out] = ['rows.jsonl', 'samples.jsonl', ''].map((file) => join(folder, name, file)) as [string, string, string];
    mkdirSync(out);
    writeFileSync(all, some.map((row) => JSON.stringify(row)).join('\n'));
    run(process.execPath, [join(import.meta.dirname, 'windows.ts'), join(SHIPPED, 'linear.bin'), samples, all]);
    run(values.python, [join(import.meta.dirname, 'encoder.py'), samples, out, ...options]);
    return out;
  };
  try {
    const first = encode('first', rows, ['--epochs', values.epochs]);
    const out = encode('second', ownAmongOthers(), ['--start', join(first, 'encoder.pt'), '--rate', SECOND_RATE]);
    for (const name of ['encoder.int8.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json']) {
      copyFileSync(join(out, name), join(SHIPPED_ENCODER, name));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ownAmongOthers(): TrainingRow[] {
  const isOwn = ({ source }: TrainingRow) => source.startsWith('own_');
  const groups = Map.groupBy(
    rows.filter((row) => !isOwn(row)),
    ({ source, label }) => `${source} ${label}`,
  );
  const along = [...groups].flatMap(([name, group]) => shuffled(group, diceOf('along', name)).slice(0, READ_ALONG));
  return [...rows.filter(isOwn), ...along];
}

async function makeStack(): Promise<void> {
  const classifier = await openClassifier({ folder: SHIPPED_ENCODER, threads: 2 });
  try {
    const linear = readLinear();
    const all = await readRows(join(values.data, 'dev.jsonl'));
    const development = all.filter(isJudged);
    const kept = await measure(own.filter(isKeptBack), linear, classifier);
    const settings = stack(
      [
        { rows: await measure(development, linear, classifier), allowed: ALLOWED.development },
        { rows: kept.filter(({ row }) => row.lang === 'en'), allowed: ALLOWED.own },
      ],
      { rows: kept.filter(({ row }) => row.lang !== 'en'), allowed: ALLOWED.others },
    );
    const harmful = harmfulOf(await measureHarm(all.filter(judgesHarm), linear, classifier), ALLOWED_HARM);
    writeFileSync(join(SHIPPED, 'ensemble.json'), `${JSON.stringify({ ...settings, harmful }, null, 1)}\n`);
    console.log(JSON.stringify({ ...settings, harmful }));
  } finally {
    await classifier.close();
  }
}

function run(command: string, args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed${error ? `: ${error.message}` : ` with ${status}`}`);
}
