/**
 * The layers together: signatures, the linear model, and where these two leave it in doubt the classifier. Each layer's
 * certainty is a number that only ever adds, so no layer can talk another one's finding away, and the sum says how much
 * each had to do with it.
 *
 * The subtle point is doubt. The classifier costs a thousand times what the others do, so it is asked only about texts
 * whose sum lies between `consult.from` and `consult.to`: below, hardly any attack is left, and above, it is clear.
 */
import type { Segment } from '../../schemas/content.ts';
import type { ReadAlong } from '../detector.ts';
import { isEnglish, isLanguage } from '../guesses.ts';
import { ALERT_SCORE } from '../score.ts';
import type { Detector, Finding, Inspection, ThreatType } from '../types.ts';
import type { Classifier } from './classifier.ts';
import type { AttackClass, LinearModel, LinearReading } from './linear.ts';

/** The weights of a sum of log-odds, and what it means as risk. */
export interface Stacking {
  bias: number;
  signatures: number;
  linear: number;
  /** Nought where the classifier was not asked. */
  classifier: number;
  /** Sums and the risk (0–100) that they stand for, rising; between two of them in a straight line. */
  knots: [sum: number, risk: number][];
}

export interface EnsembleSettings {
  fast: Stacking;
  full: Stacking;
  /** Of texts in languages that the classifier does not read: what the linear model says means something else there. */
  other: Stacking;
  /** Sums of the fast layers between which the classifier is asked. */
  consult: { from: number; to: number };
  /** Whether the classifier's word may take back what the linear model says; a signature's it never takes back. */
  mayLower: boolean;
}

export interface Ensemble extends Detector {
  /** Signatures, linear model and, where in doubt, the classifier, for which it waits at most so long. */
  inspectFully(segments: readonly Segment[], withinMs: number): Promise<Inspection>;
}

export interface EnsembleParts {
  /** Makes the signatures' detector, which lets the ensemble read along. */
  detector(readAlong: ReadAlong): Detector;
  linear: LinearModel;
  classifier?: Classifier;
  settings: EnsembleSettings;
}

/** A text that the linear model has read. */
interface Candidate {
  text: string;
  segment: Segment;
  via: readonly string[];
  reading: LinearReading;
}

/** Texts that the classifier is asked about at once, each of about 128 tokens. */
const MOST_ASKED = 4;
const ASKED_CHARS = 480;
const ASKED_STEP = 160;
const EXCERPT_CHARS = 160;
/** Shorter texts hold no instruction. */
const SHORTEST = 8;

const SORTS: Record<AttackClass, { ruleId: string; threatType: ThreatType; techniques: string[] }> = {
  injection: { ruleId: 'MD-0001', threatType: 'prompt_injection', techniques: ['LLM01', 'ASI01', 'AML.T0051.000'] },
  jailbreak: { ruleId: 'MD-0002', threatType: 'jailbreak', techniques: ['LLM01', 'AML.T0054'] },
  exfiltration: { ruleId: 'MD-0003', threatType: 'data_exfiltration', techniques: ['LLM02', 'LLM07', 'AML.T0057'] },
};

export function createEnsemble({ detector: makeDetector, linear, classifier, settings }: EnsembleParts): Ensemble {
  let candidates: Candidate[] = [];
  // What alone, without any signature, would be asked about or flagged is read again when it comes again.
  const clearBelow = Math.min(needed(settings.fast, settings.consult.from), needed(settings.other, sumAt(settings.other, ALERT_SCORE)));
  const detector = makeDetector((text, segment, via) => {
    if (!isRead(segment) || text.length < SHORTEST || !isLanguage(text, via)) return true;
    const reading = linear.read(text);
    if (reading.logit < clearBelow) return true;
    candidates.push({ text, segment, via, reading });
    return false;
  });
  const version = [detector.version, linear.version, ...(classifier ? [classifier.version] : [])].join('.');

  function lookAt(segments: readonly Segment[]): { base: Inspection; worst: Candidate[] } {
    candidates = [];
    const base = detector.inspect(segments);
    const worst = candidates.sort((a, b) => b.reading.logit - a.reading.logit);
    candidates = [];
    return { base, worst };
  }

  function sumOf({ bias, signatures, linear: weight }: Stacking, base: Inspection, worst: Candidate[]): number {
    // Without a candidate the linear model saw nothing that would have mattered.
    const logit = worst[0]?.reading.logit ?? clearBelow;
    return bias + signatures * certainty(base.riskScore) + weight * logit;
  }

  function conclude(base: Inspection, worst: Candidate[], risk: number, extra: Partial<Inspection> = {}): Inspection {
    const first = worst[0];
    if (first === undefined || risk < ALERT_SCORE) return { ...base, ...extra };
    const findings = [...base.findings, findingOf(linear, first, risk)].sort((a, b) => b.score - a.score);
    return { ...base, ...extra, findings, riskScore: Math.max(base.riskScore, risk) };
  }

  function inspect(segments: readonly Segment[]): Inspection {
    const { base, worst } = lookAt(segments);
    const stacking = stackingOf(worst);
    return conclude(base, worst, riskOf(stacking, sumOf(stacking, base, worst)));
  }

  function stackingOf([first]: Candidate[]): Stacking {
    return first !== undefined && !isEnglish(first.text) ? settings.other : settings.fast;
  }

  return {
    version,
    inspect,
    async inspectFully(segments, withinMs) {
      if (classifier === undefined) return inspect(segments);
      const { base, worst } = lookAt(segments);
      const stacking = stackingOf(worst);
      const sum = sumOf(stacking, base, worst);
      const risk = riskOf(stacking, sum);
      const inDoubt = stacking === settings.fast && sum >= settings.consult.from && sum <= settings.consult.to;
      if (worst.length === 0 || !inDoubt) return conclude(base, worst, risk);
      const texts = textsToAsk(linear, worst);
      if (texts.length === 0) return conclude(base, worst, risk);
      const answer = await classifier.read(texts, withinMs);
      if (answer.kind !== 'read') return conclude(base, worst, risk, { classifier: answer.kind });
      const surest = Math.max(...answer.readings.map(({ logit }) => logit));
      const full = sumOf(settings.full, base, worst) + settings.full.classifier * surest;
      const fullRisk = riskOf(settings.full, full);
      return conclude(base, worst, settings.mayLower ? fullRisk : Math.max(risk, fullRisk), { classifier: 'read' });
    },
  };
}

/** What the operator wrote is trusted, and what the model answered is the signatures' matter: neither was it trained on. */
function isRead({ direction, role, kind }: Segment): boolean {
  return direction === 'request' && ((role !== 'system' && role !== 'developer') || kind === 'tool_definition');
}

/** Log-odds of a risk, never without end. */
export function certainty(risk: number): number {
  return Math.log((risk + 1) / (101 - risk));
}

/** 0–100, a whole number, never falling as the sum rises. */
export function riskOf({ knots }: Stacking, sum: number): number {
  const above = knots.findIndex(([from]) => sum < from);
  if (above === 0) return (knots[0] as [number, number])[1];
  const [fromSum, fromRisk] = knots[above < 0 ? knots.length - 1 : above - 1] as [number, number];
  if (above < 0) return fromRisk;
  const [toSum, toRisk] = knots[above] as [number, number];
  // Downwards, so that a bound on the risk is a bound on the sum.
  return Math.floor(fromRisk + ((sum - fromSum) / (toSum - fromSum)) * (toRisk - fromRisk));
}

/** The linear model's log-odds that make the sum without any signature's help. */
function needed({ bias, signatures, linear }: Stacking, sum: number): number {
  return linear > 0 ? (sum - bias - signatures * certainty(0)) / linear : Number.POSITIVE_INFINITY;
}

/** Where the knots reach this risk first. */
function sumAt({ knots }: Stacking, risk: number): number {
  const above = knots.findIndex(([, each]) => each >= risk);
  if (above < 0) return Number.POSITIVE_INFINITY;
  const [toSum, toRisk] = knots[above] as [number, number];
  const [fromSum, fromRisk] = knots[above - 1] ?? [toSum, toRisk];
  return toRisk === fromRisk ? toSum : fromSum + ((risk - fromRisk) / (toRisk - fromRisk)) * (toSum - fromSum);
}

/** Of the likeliest texts the parts where the linear model sees most. */
export function textsToAsk(linear: LinearModel, worst: readonly Pick<Candidate, 'text' | 'reading'>[]): string[] {
  const parts = worst
    .filter(({ text }) => isEnglish(text))
    .slice(0, MOST_ASKED)
    .map(({ text, reading }) => hottest(linear, text, reading, ASKED_CHARS, ASKED_STEP));
  return [...new Set(parts)];
}

function findingOf(linear: LinearModel, { text, segment, via, reading }: Candidate, risk: number): Finding {
  return {
    ...SORTS[linear.classOf(text, reading)],
    ruleVersion: 1,
    layer: 'model',
    severity: risk >= 70 ? 'high' : 'medium',
    score: risk / 100,
    direction: segment.direction,
    role: segment.role,
    path: segment.path,
    via: [...via],
    excerpt: hottest(linear, text, reading, EXCERPT_CHARS, EXCERPT_CHARS / 2),
  };
}

/** The stretch of so many characters, within the window that was read, which looks most like an attack. */
export function hottest(linear: LinearModel, text: string, { from, to }: LinearReading, length: number, step: number): string {
  if (to - from <= length) return text.slice(from, to).toWellFormed();
  let best = { at: from, logit: Number.NEGATIVE_INFINITY };
  for (let at = from; at < to - length + step; at += step) {
    const begin = Math.min(at, to - length);
    const { logit } = linear.read(text.slice(begin, begin + length));
    if (logit > best.logit) best = { at: begin, logit };
  }
  return text.slice(best.at, best.at + length).toWellFormed();
}
