/**
 * The linear model: for each of its heads one weight a feature, as a byte. A text's score is that of its worst window, so
 * that an instruction hidden in a long document counts as much as the same alone. The file is a line of JSON that says
 * what it holds, and the weights behind it.
 */
import { createHash } from 'node:crypto';
import { ParapetError } from '../../core/errors.ts';
import { plain } from '../normalise.ts';
import { createFeatureReader, FEATURES, WINDOW, windowsOf } from './features.ts';
import { type Tuning, unpackSteps } from './tuning.ts';

/** What the model tells apart: `attack` from benign, then of attacks which sort; a harmful request is neither. */
export const HEADS = ['attack', 'injection', 'jailbreak', 'exfiltration', 'harmful'] as const;
export type Head = (typeof HEADS)[number];
export type AttackClass = 'injection' | 'jailbreak' | 'exfiltration';
const CLASSES: AttackClass[] = ['injection', 'jailbreak', 'exfiltration'];

export interface Weights {
  /** What the weights of this head are multiplied by. */
  scale: number;
  bias: number;
  values: Int8Array;
}

/** What a head says of a text: of its worst window. */
export interface Reading {
  /** Log-odds. */
  logit: number;
  /** Where that window lies in the text. */
  from: number;
  to: number;
}

/** That the text is an attack, and beside it whether it asks for harm. */
export interface LinearReading extends Reading {
  harmful: Reading;
}

export interface LinearModel {
  /** Of the file's bytes: recorded with every verdict. */
  readonly version: string;
  /** `maxWindows` bounds the work: of longer texts that many windows are read, spread over the whole. */
  read(text: string, maxWindows?: number): LinearReading;
  /** The likeliest sort of attack. */
  classOf(text: string, window: Pick<Reading, 'from' | 'to'>): AttackClass;
  /** What tells attacks from the rest. */
  readonly attack: Readonly<Weights>;
  /** The same model as it was tuned. Throws PARAPET_MODEL_INVALID when the tuning is of another base. */
  tuned(tuning: Tuning): LinearModel;
}

interface Header {
  format: 'parapet-linear/1';
  features: number;
  heads: { name: Head; scale: number; bias: number }[];
}

const NOTHING_READ: Reading = { logit: Number.NEGATIVE_INFINITY, from: 0, to: 0 };
/** More than this many windows (about 800 characters each) are not read by default. */
const MAX_WINDOWS = 24;

/** Throws PARAPET_MODEL_INVALID for anything that is not a model of this format. */
export function parseLinear(bytes: Uint8Array): LinearModel {
  const { header, weights } = parse(bytes);
  const missing = HEADS.find((name) => !header.heads.some((head) => head.name === name));
  if (missing !== undefined) throw invalid(`it has no head "${missing}"`);
  return modelOf(weights, createHash('sha256').update(bytes).digest('hex').slice(0, 12));
}

function modelOf(weights: ReadonlyMap<Head, Weights>, version: string): LinearModel {
  const reader = createFeatureReader();

  function logitOf({ scale, bias, values }: Weights, { list, count }: { list: Uint32Array; count: number }): number {
    if (count === 0) return bias;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[list[i] as number] as number;
    return bias + (sum * scale) / Math.sqrt(count);
  }

  const of = (head: Head) => weights.get(head) as Weights;
  const attack = of('attack');
  const harm = of('harmful');
  // Side by side: every text is read by both, and what a second weight costs is the way to it.
  const pairs = new Int8Array(2 * FEATURES);
  for (let i = 0; i < FEATURES; i++) {
    pairs[2 * i] = attack.values[i] as number;
    pairs[2 * i + 1] = harm.values[i] as number;
  }

  return {
    version,
    attack,
    read(text, maxWindows = MAX_WINDOWS) {
      const readable = madeReadable(text);
      let worst: Reading = NOTHING_READ;
      let harmful: Reading = NOTHING_READ;
      for (const from of windowsOf(readable.length, maxWindows)) {
        const to = Math.min(readable.length, from + WINDOW);
        const { list, count } = reader.read(readable, from, to);
        let attackSum = 0;
        let harmSum = 0;
        for (let i = 0; i < count; i++) {
          const at = 2 * (list[i] as number);
          attackSum += pairs[at] as number;
          harmSum += pairs[at + 1] as number;
        }
        const root = Math.sqrt(Math.max(1, count));
        const logit = attack.bias + (attackSum * attack.scale) / root;
        if (logit > worst.logit) worst = { logit, from, to };
        const harmLogit = harm.bias + (harmSum * harm.scale) / root;
        if (harmLogit > harmful.logit) harmful = { logit: harmLogit, from, to };
      }
      return { ...worst, harmful };
    },
    classOf(text, { from, to }) {
      const readable = madeReadable(text);
      const features = reader.read(readable, from, to);
      const logits = CLASSES.map((name) => logitOf(of(name), features));
      return CLASSES[logits.indexOf(Math.max(...logits))] as AttackClass;
    },
    tuned(tuning) {
      if (tuning.base !== version) throw invalid(`it is ${version}, and was tuned as ${tuning.base}`);
      const steps = unpackSteps(tuning.steps, FEATURES);
      if (steps === undefined) throw invalid('its tuning cannot be read');
      const values = attack.values.map((value, i) => Math.max(-127, Math.min(127, value + (steps[i] as number))));
      const changed = new Map(weights).set('attack', { scale: attack.scale, bias: attack.bias, values });
      const name = createHash('sha256').update(version).update(JSON.stringify(tuning)).digest('hex').slice(0, 12);
      return modelOf(changed, name);
    },
  };
}

/** The file of a model. */
export function serialiseLinear(weights: ReadonlyMap<Head, Weights>): Buffer {
  const heads = HEADS.map((name) => {
    const { scale, bias } = weights.get(name) as Weights;
    return { name, scale, bias };
  });
  const header: Header = { format: 'parapet-linear/1', features: FEATURES, heads };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    ...HEADS.map((name) => Buffer.from((weights.get(name) as Weights).values.buffer)),
  ]);
}

function parse(bytes: Uint8Array): { header: Header; weights: Map<Head, Weights> } {
  const end = bytes.indexOf(10);
  let header: Header;
  try {
    header = JSON.parse(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString()) as Header;
  } catch (error) {
    throw invalid('its first line is no header', error);
  }
  if (header?.format !== 'parapet-linear/1' || !Array.isArray(header.heads)) throw invalid('its format is another');
  if (header.features !== FEATURES) throw invalid(`it has ${header.features} features, not ${FEATURES}`);
  const body = bytes.subarray(end + 1);
  if (body.length !== FEATURES * header.heads.length) throw invalid('it was cut short, or something follows it');
  const weights = new Map<Head, Weights>();
  header.heads.forEach(({ name, scale, bias }, i) => {
    if (!Number.isFinite(scale) || !Number.isFinite(bias)) throw invalid(`the head "${name}" has no scale`);
    weights.set(name, { scale, bias, values: new Int8Array(body.subarray(i * FEATURES, (i + 1) * FEATURES)) });
  });
  return { header, weights };
}

function invalid(why: string, cause?: unknown): ParapetError {
  return new ParapetError('PARAPET_MODEL_INVALID', {
    message: `The linear model cannot be used: ${why}.`,
    hint: 'Name a file that `parapet train` wrote, or leave PARAPET_MODEL_LINEAR unset for the built-in one.',
    cause,
  });
}

const NOT_ASCII = /[^\x00-\x7f]/;

/** Styled letters and invisible signs are undone as for the signatures; plain ASCII has none. */
export function madeReadable(text: string): string {
  return NOT_ASCII.test(text) ? plain(text).text : text;
}
