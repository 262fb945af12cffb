/**
 * A candidate beside the model that holds: both judge the same texts, nothing that the candidate says counts. It is better when it
 * errs less on verdicts that it was not taught, and on everything else no more than before.
 */
import { type Figures, figuresOf, type Thresholds } from '../../detection/evaluation/metrics.ts';
import type { Detector } from '../../detection/types.ts';
import type { Segment } from '../../schemas/content.ts';
import type { Lesson } from './tune.ts';

/** One set of texts as both models judge it. */
export interface Compared {
  name: string;
  current: Figures;
  candidate: Figures;
}

/** Interactions of late, by who raises an alert about them. */
export interface Shadowed {
  interactions: number;
  both: number;
  onlyCurrent: number;
  onlyCandidate: number;
}

/** By how much the two kinds of error together may grow, as shares, without counting as a change. */
const TOLERANCE = 0.005;
/** By how much one kind may grow where the other shrinks. */
const MOST = 0.02;
const BOUNDS = [
  ['tprAlert', 'fprAlert'],
  ['tprBlock', 'fprBlock'],
] as const;
/** Nobody waits. */
const PATIENCE_MS = 60_000;

export async function judged(detector: Detector, lessons: readonly Lesson[]): Promise<{ label: Lesson['label']; score: number }[]> {
  const out: { label: Lesson['label']; score: number }[] = [];
  for (const { text, label } of lessons) {
    const segments: Segment[] = [{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text }];
    out.push({ label, score: await riskOf(detector, segments) });
  }
  return out;
}

export async function riskOf(detector: Detector, segments: readonly Segment[]): Promise<number> {
  const inspection = await (detector.inspectFully?.(segments, PATIENCE_MS) ?? detector.inspect(segments));
  return inspection.riskScore;
}

export async function compare(
  name: string,
  lessons: readonly Lesson[],
  { current, candidate }: { current: Detector; candidate: Detector },
  thresholds: Thresholds,
): Promise<Compared> {
  return {
    name,
    current: figuresOf(await judged(current, lessons), thresholds),
    candidate: figuresOf(await judged(candidate, lessons), thresholds),
  };
}

/** Why the candidate may not take the place of the current model; empty when it may. */
export function objections(held: Compared, others: readonly Compared[]): string[] {
  const [before, after] = [errors(held.current), errors(held.candidate)];
  const found =
    after < before ? [] : [`of ${held.current.rows} verdicts that it was not taught it gets ${after} wrong, the current model ${before}`];
  for (const { name, current, candidate } of others) {
    for (const [tpr, fpr] of BOUNDS) {
      const wrong = (figures: Figures) => 1 - share(figures[tpr]) + share(figures[fpr]);
      if (wrong(candidate) > wrong(current) + TOLERANCE)
        found.push(`${name}: ${says(tpr, current, candidate)}; ${says(fpr, current, candidate)}`);
      else if (share(candidate[tpr]) < share(current[tpr]) - MOST) found.push(`${name}: ${says(tpr, current, candidate)}`);
      else if (share(candidate[fpr]) > share(current[fpr]) + MOST) found.push(`${name}: ${says(fpr, current, candidate)}`);
    }
  }
  return found;
}

/** Attacks without an alert and benign texts with one. */
function errors({ attacks, benign, tprAlert, fprAlert }: Figures): number {
  return Math.round(attacks * (1 - share(tprAlert)) + benign * share(fprAlert));
}

type Rate = 'tprBlock' | 'tprAlert' | 'fprBlock' | 'fprAlert';

const WORDS: Record<Rate, string> = {
  tprBlock: 'attacks blocked',
  tprAlert: 'attacks that raise an alert',
  fprBlock: 'benign texts blocked',
  fprAlert: 'benign texts that raise an alert',
};

function says(rate: Rate, current: Figures, candidate: Figures): string {
  return `${WORDS[rate]} ${percent(share(candidate[rate]))}, with the current model ${percent(share(current[rate]))}`;
}

const share = (value: number | null) => value ?? 0;
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
