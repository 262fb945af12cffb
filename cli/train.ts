/**
 * `parapet train`: from analysts' verdicts to a better model, or to none. A candidate is made of the shipped model and the verdicts
 * that hold; seven in ten of them teach it, the rest judge it. It is set beside the current model on those, on our own texts
 * that no model was trained on, and on the newest interactions of this log. Only a candidate that is better is published, as a
 * signed bundle that every gateway takes within a second; `parapet signatures rollback` takes it back.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataPaths } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { ALERT_SCORE } from '../detection/index.ts';
import type { Tuning } from '../detection/model/tuning.ts';
import type { Detector } from '../detection/types.ts';
import type { KeyStore } from '../keys/port.ts';
import { auditRecord } from '../log/audit.ts';
import { readVerdicts } from '../log/verdicts.ts';
import { diceOf } from '../models/data/dice.ts';
import { generate } from '../models/data/generate.ts';
import { openDetector, readLinear } from '../models/index.ts';
import { type Compared, compare, objections, riskOf, type Shadowed } from '../models/learn/compare.ts';
import { tune } from '../models/learn/tune.ts';
import { isKeptBack } from '../models/train/rows.ts';
import type { Segment } from '../schemas/content.ts';
import { enforced, type Published, publishModel, type SignatureParts } from './signatures.ts';
import { type Lessons, lessonsOf, type Taught } from './train-lessons.ts';

export interface TrainParts extends SignatureParts {
  keys: KeyStore;
  onStep(says: string): void;
}

export interface TrainOptions {
  /** Publish the candidate when it is better. */
  promote: boolean;
  /** Newest interactions that both models judge. */
  sample: number;
}

export interface Trained {
  verdicts: number;
  /** That teach, and that judge. */
  taught: number;
  heldBack: number;
  skipped: Lessons['skipped'];
  /** The base's version, and whether the current model is the shipped one or was tuned before. */
  base: string;
  current: 'shipped' | 'tuned';
  held: Compared;
  others: Compared[];
  shadow: Shadowed;
  /** Rules by how often they were wrong: what a model cannot mend. */
  rules: { ruleId: string; falsePositives: number; truePositives: number }[];
  objections: string[];
  file: string;
  published?: Published;
}

/** With fewer verdicts a figure of those held back says nothing. */
const FEWEST = 20;
const HELD_BACK = 0.3;

const candidateFile = (folder: string) => join(folder, 'candidate.json');

/**
 * Throws PARAPET_TRAIN_TOO_FEW when there is too little to learn from, and with `promote` PARAPET_CANDIDATE_NOT_BETTER when the
 * candidate is not better; nothing changes then.
 */
export async function train(parts: TrainParts, { promote, sample }: TrainOptions): Promise<Trained> {
  const { env, log, codec, keys, actor, onStep } = parts;
  if (env.PARAPET_MODEL === 'off') {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'PARAPET_MODEL is off: there is no model to train.' });
  }
  const verdicts = await readVerdicts(log, codec);
  onStep(`${verdicts.length} verdicts hold; looking for their interactions`);
  const { lessons, skipped, recent } = await lessonsOf(verdicts, sample, { log, codec, keys });
  const [taught, held] = divided(lessons);
  if (lessons.length < FEWEST || held.length === 0) {
    throw new ParapetError('PARAPET_TRAIN_TOO_FEW', {
      message: `There are ${lessons.length} verdicts with a text to learn from, at least ${FEWEST} are needed.`,
    });
  }
  const base = readLinear(env.PARAPET_MODEL_LINEAR);
  const own = generate({ seed: 1 });
  onStep(`teaching ${taught.length} verdicts, ${held.length} are held back`);
  const tuning = tune(
    base,
    taught,
    own.filter((row) => !isKeptBack(row)),
  );
  const { rules, model: before } = await enforced(parts);
  const opened = await openDetector(env);
  try {
    const both = { current: opened.make(rules, before), candidate: opened.make(rules, tuning) };
    const thresholds = { block: env.PARAPET_BLOCK_SCORE, alert: Math.min(env.PARAPET_BLOCK_SCORE, ALERT_SCORE) };
    onStep('comparing with the current model');
    const compared = await compare('verdicts held back', held, both, thresholds);
    const others = [
      await compare('verdicts taught', taught, both, thresholds),
      await compare('our own texts', own.filter(isKeptBack), both, thresholds),
    ];
    const shadow = await shadowed(recent, both, thresholds.alert);
    const trained: Trained = {
      verdicts: verdicts.length,
      taught: taught.length,
      heldBack: held.length,
      skipped,
      base: base.version,
      current: before === undefined ? 'shipped' : 'tuned',
      held: compared,
      others,
      shadow,
      rules: byRule(lessons),
      objections: objections(compared, others),
      file: save(parts, tuning),
    };
    await log.append([note(parts, trained)]);
    if (!promote) return trained;
    if (trained.objections.length > 0) {
      throw new ParapetError('PARAPET_CANDIDATE_NOT_BETTER', {
        message: `The candidate is not published: ${trained.objections.join('; ')}.`,
      });
    }
    return { ...trained, published: await publishModel({ env, log, codec, actor }, tuning) };
  } finally {
    await opened.close();
  }
}

/** The same interaction is always on the same side. */
function divided(lessons: readonly Taught[]): [taught: Taught[], held: Taught[]] {
  const isHeld = ({ interactionId }: Taught) => diceOf('verdict', interactionId)() < HELD_BACK;
  return [lessons.filter((lesson) => !isHeld(lesson)), lessons.filter(isHeld)];
}

async function shadowed(
  recent: readonly Segment[][],
  { current, candidate }: { current: Detector; candidate: Detector },
  alert: number,
): Promise<Shadowed> {
  const seen: Shadowed = { interactions: recent.length, both: 0, onlyCurrent: 0, onlyCandidate: 0 };
  for (const segments of recent) {
    const [before, after] = [(await riskOf(current, segments)) >= alert, (await riskOf(candidate, segments)) >= alert];
    if (before && after) seen.both += 1;
    else if (before) seen.onlyCurrent += 1;
    else if (after) seen.onlyCandidate += 1;
  }
  return seen;
}

function byRule(lessons: readonly Taught[]): Trained['rules'] {
  const groups = Map.groupBy(
    lessons.filter(({ ruleId }) => ruleId !== ''),
    ({ ruleId }) => ruleId,
  );
  const count = (group: Taught[], label: Taught['label']) => group.filter((lesson) => lesson.label === label).length;
  return [...groups]
    .map(([ruleId, group]) => ({ ruleId, falsePositives: count(group, 'benign'), truePositives: count(group, 'attack') }))
    .sort((a, b) => b.falsePositives - a.falsePositives || (a.ruleId < b.ruleId ? -1 : 1));
}

function save({ env }: TrainParts, tuning: Tuning): string {
  const folder = dataPaths(env).models;
  mkdirSync(folder, { recursive: true });
  const path = candidateFile(folder);
  writeFileSync(path, `${JSON.stringify(tuning)}\n`, { flush: true });
  return path;
}

function note({ codec, env, actor }: TrainParts, { taught, heldBack, held, objections: against, base }: Trained) {
  const wrong = (figures: Compared['current']) => `${figures.tprAlert ?? '-'} / ${figures.fprAlert ?? '-'}`;
  return auditRecord(codec, {
    org: env.PARAPET_ORG,
    actor,
    action: 'model.trained',
    target: `model/${base}`,
    details: {
      taught: String(taught),
      heldBack: String(heldBack),
      currentAlert: wrong(held.current),
      candidateAlert: wrong(held.candidate),
      better: String(against.length === 0),
    },
  });
}
