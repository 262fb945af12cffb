/**
 * Makes the shipped models anew, from the permissive files, our own data and all-MiniLM-L6-v2:
 *
 *   node models/train/index.ts --data ../shared/data/threats [--python python3] [--only linear,encoder,stack,leave-out,leave-out-all]
 *
 * `linear` takes seconds, `encoder` some twenty minutes on two cores (it needs models/train/requirements.txt), `stack` a
 * few minutes, `leave-out` a minute a fold, `leave-out-all` (only when asked for) some seven a fold. Each step stands on the
 * files of those before.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EnsembleSettings } from '../../detection/model/ensemble.ts';
import { type Head, serialiseLinear, type Weights } from '../../detection/model/linear.ts';
import { generate } from '../data/generate.ts';
import { readLinear, SHIPPED, SHIPPED_ENCODER } from '../index.ts';
import { openClassifier } from '../serve/classifier.ts';
import { harmfulOf, judgesHarm, measureHarm } from './harmful.ts';
import { attackModel, fewOfEach, type LeaveOutOptions, leaveOut, linearAlone, type TrainAndScore } from './leave-out.ts';
import { LINEAR_OPTIONS, quantised, trainLinear } from './linear.ts';
import { isKeptBack, isPermissive, readRows, type TrainingRow } from './rows.ts';
import { type Allowed, measure, stack, sumOf } from './stack.ts';

const STEPS = ['linear', 'encoder', 'stack', 'leave-out', 'leave-out-all'];
const ATTACK_FILES = ['train.jsonl', 'train-more-attacks.jsonl', 'train-more-benign.jsonl'];
/** Model outputs, and requests for harm: neither is what these layers are there for. */
const isJudged = ({ source, label }: TrainingRow) => source !== 'tensor_trust_detection' && !(source === 'xstest' && label === 'attack');
/** Of the development rows, of our own in English that were kept back, and of those in other languages: look-alikes of attacks, most of them. */
const ALLOWED: Record<'development' | 'own' | 'others', Allowed> = {
  development: { alert: 0.066, block: 0.02 },
  own: { alert: 1, block: 0.023 },
  others: { alert: 0.3, block: 0.095 },
};
/** Of the rows that ask for no harm. */
const ALLOWED_HARM: Allowed = { alert: 0.01, block: 0.002 };
/** The second time, the encoder reads our own texts and so many of each other source. */
const READ_ALONG = 70;
const SECOND_RATE = '8e-5';
/** torch asks for much memory and gives it back at once, at each step: without these a third of the time goes there. */
const ALLOCATOR = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '100000000000', MALLOC_TOP_PAD_: '500000000' };
/** Of each other source and label, where an encoder is trained only to be judged. */
const READ_QUICKLY = 200;
const isOwn = ({ source }: TrainingRow) => source.startsWith('own_');
const not =
  (is: (row: TrainingRow) => boolean) =>
  (row: TrainingRow): boolean =>
    !is(row);

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/threats' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: 'linear,encoder,stack,leave-out' },
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
if (steps.includes('leave-out')) await leaveSourcesOut('leave-out.json', linearAlone(LINEAR_OPTIONS), { folds: 10 });
// Few folds: each is a training of some minutes.
if (steps.includes('leave-out-all')) await leaveSourcesOut('leave-out-all.json', allLayers(), { folds: 4, most: 300 });

async function leaveSourcesOut(name: string, score: TrainAndScore, options: Pick<LeaveOutOptions, 'folds' | 'most'>): Promise<void> {
  const { meanAuc, bySource } = await leaveOut(rows, score, { ...options, seed: LINEAR_OPTIONS.seed, onProgress: console.log });
  writeFileSync(join(SHIPPED, name), `${JSON.stringify({ meanAuc, bySource }, null, 1)}\n`);
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
  await inTemporaryFolder((folder) => {
    const linear = join(SHIPPED, 'linear.bin');
    const first = encode(join(folder, 'first'), rows, linear, ['--epochs', values.epochs]);
    const goOn = ['--start', join(first, 'encoder.pt'), '--rate', SECOND_RATE];
    const out = encode(join(folder, 'second'), ownAmongOthers(), linear, goOn);
    for (const name of ['encoder.int8.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json']) {
      copyFileSync(join(out, name), join(SHIPPED_ENCODER, name));
    }
  });
}

/** A classifier of these rows, in a folder of its own. */
function encode(folder: string, some: readonly TrainingRow[], linear: string, options: string[]): string {
  const [all, samples] = [join(folder, 'rows.jsonl'), join(folder, 'samples.jsonl')];
  mkdirSync(folder);
  writeFileSync(all, some.map((row) => JSON.stringify(row)).join('\n'));
  run(process.execPath, [join(import.meta.dirname, 'windows.ts'), linear, samples, all]);
  run(values.python, [join(import.meta.dirname, 'encoder.py'), samples, folder, ...options]);
  return folder;
}

async function inTemporaryFolder<T>(work: (folder: string) => T): Promise<Awaited<T>> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-train-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All layers as they are joined in `ensemble.json`, the classifier asked about every English text. It reads fewer rows than the shipped one, in one go. */
function allLayers(): TrainAndScore {
  const settings = JSON.parse(readFileSync(join(SHIPPED, 'ensemble.json'), 'utf8')) as EnsembleSettings;
  return (train, held) =>
    inTemporaryFolder(async (folder) => {
      const linear = attackModel(train, LINEAR_OPTIONS);
      const path = join(folder, 'linear.bin');
      writeFileSync(path, linear.bytes);
      const some = [...train.filter(isOwn), ...fewOfEach(train.filter(not(isOwn)), READ_QUICKLY, 'quick')];
      const classifier = await openClassifier({ folder: encode(join(folder, 'encoder'), some, path, []), threads: 2 });
      try {
        return (await measure(held, linear.model, classifier)).map((each) => {
          const { fast, full, other } = settings;
          return sumOf(each.english ? (each.classifier === undefined ? fast : full) : other, each);
        });
      } finally {
        await classifier.close();
      }
    });
}

function ownAmongOthers(): TrainingRow[] {
  return [...rows.filter(isOwn), ...fewOfEach(rows.filter(not(isOwn)), READ_ALONG, 'along')];
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
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...ALLOCATOR } });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed${error ? `: ${error.message}` : ` with ${status}`}`);
}
