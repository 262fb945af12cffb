/** Puts the layers of detection together as the settings say. The one place that knows where the shipped models lie. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { canaryRules, createDetector, type Detector, type Signature, signatures } from '../detection/index.ts';
import type { Classifier } from '../detection/model/classifier.ts';
import { createEnsemble, type EnsembleSettings } from '../detection/model/ensemble.ts';
import { type LinearModel, parseLinear } from '../detection/model/linear.ts';
import type { Tuning } from '../detection/model/tuning.ts';

export const SHIPPED = join(import.meta.dirname, 'shipped');
export const SHIPPED_ENCODER = join(SHIPPED, 'encoder');

/** Under 1 MB. */
const REMEMBERED_TEXTS = 4_096;

export type DetectionSettings = Pick<Environment, Extract<keyof Environment, `PARAPET_MODEL${string}`>> &
  Partial<Pick<Environment, 'PARAPET_CANARIES' | 'PARAPET_HARMFUL'>>;

export interface OpenDetector {
  detector: Detector;
  /** The same layers with other signatures, and the linear model as it was tuned if it is of this one; the models are not loaded again. */
  make(signatures: readonly Signature[], tuning?: Tuning): Detector;
  /** The version of the linear model, which tunings are of; undefined when there is none. */
  base: string | undefined;
  close(): Promise<void>;
}

/**
 * The detector of gateway and stream; its classifier remembers its answers. `remember`: characters of clean texts to remember too, as in
 * `createDetector`. Throws PARAPET_MODEL_INVALID when a model cannot be loaded: nobody who set one wants to run without it.
 */
export async function openDetector(settings: DetectionSettings, { remember = 0 }: { remember?: number } = {}): Promise<OpenDetector> {
  const canaries = canaryRules(settings.PARAPET_CANARIES ?? []);
  if (settings.PARAPET_MODEL === 'off') {
    const make = (rules: readonly Signature[]) => createDetector({ signatures: [...rules, ...canaries], remember });
    return { detector: make(signatures), make, base: undefined, close: async () => undefined };
  }
  const linear = readLinear(settings.PARAPET_MODEL_LINEAR);
  const classifier = settings.PARAPET_MODEL === 'full' ? await openClassifierOf(settings, REMEMBERED_TEXTS) : undefined;
  const weights = settingsOf(settings);
  const make = (rules: readonly Signature[], tuning?: Tuning) =>
    createEnsemble({
      detector: (readAlong) => createDetector({ signatures: [...rules, ...canaries], remember, readAlong }),
      linear: tuning?.base === linear.version ? linear.tuned(tuning) : linear,
      ...(classifier ? { classifier } : {}),
      settings: weights,
    });
  return {
    detector: make(signatures),
    make,
    base: linear.version,
    async close() {
      await classifier?.close();
    },
  };
}

export function readLinear(path = join(SHIPPED, 'linear.bin')): LinearModel {
  if (!existsSync(path)) throw new ParapetError('PARAPET_MODEL_INVALID', { message: `There is no linear model at ${path}.` });
  return parseLinear(readFileSync(path));
}

/** How the layers add up. */
export function settingsOf({ PARAPET_MODEL_PATH, PARAPET_HARMFUL }: DetectionSettings): EnsembleSettings {
  const shipped = JSON.parse(readFileSync(join(SHIPPED, 'ensemble.json'), 'utf8')) as EnsembleSettings;
  const { harmful, ...attacks } = PARAPET_MODEL_PATH === undefined ? shipped : withOther(shipped);
  return PARAPET_HARMFUL === 'off' || harmful === undefined ? attacks : { ...attacks, harmful };
}

/** The shipped classifier, or the one that the settings name. `remember`: texts that it need not read again. */
export async function openClassifierOf(
  { PARAPET_MODEL_PATH, PARAPET_MODEL_ATTACK_LABELS, PARAPET_MODEL_THREADS }: DetectionSettings,
  remember = 0,
): Promise<Classifier> {
  // Loaded only when asked for: the runtime of the classifier is large.
  const { openClassifier } = await import('./serve/classifier.ts');
  return openClassifier({
    folder: PARAPET_MODEL_PATH ?? SHIPPED_ENCODER,
    ...(PARAPET_MODEL_ATTACK_LABELS === undefined ? {} : { attackLabels: PARAPET_MODEL_ATTACK_LABELS }),
    threads: PARAPET_MODEL_THREADS,
    remember,
  });
}

/**
 * Of another classifier nobody has measured how its odds add up with the rest: its probability is taken for the risk, and
 * it can raise what the fast layers say and not lower it.
 */
function withOther({ doubted: _, ...settings }: EnsembleSettings): EnsembleSettings {
  const knots = Array.from({ length: 41 }, (_, i): [number, number] => [(i - 20) / 2, Math.round(100 / (1 + Math.exp(-(i - 20) / 2)))]);
  const full = { bias: 0, signatures: 0, linear: 0, classifier: 1, knots };
  return { ...settings, mayLower: false, full, ...(settings.harmful ? { harmful: { fast: settings.harmful.fast } } : {}) };
}
