/**
 * The layers together: signatures, the linear model, and where these two leave it in doubt the classifier. Each layer's
 * certainty is a number that only ever adds, so no layer can talk another one's finding away, and the sum says how much
 * each had to do with it.
 *
 * The subtle point is doubt. The classifier costs a thousand times what the others do, so it is asked only about texts
 * whose sum is `consultFrom` or more: below, hardly any attack is left. Where signatures alone would block it is asked only
 * if they may have read a quotation, since nothing else that it says could change the verdict.
 */
import type { Segment } from '../../schemas/content.ts';
import type { ReadAlong } from '../detector.ts';
import { isEnglish, isLanguage } from '../guesses.ts';
import { ALERT_SCORE } from '../score.ts';
import type { Detector, Finding, Inspection, ThreatType } from '../types.ts';
import type { Classifier } from './classifier.ts';
import { type Doubt, type DoubtedRisks, doubtOf, isRead, WINDOW_CHARS } from './doubt.ts';
import { HARMFUL_LABEL, type HarmfulSettings, harmFinding, mayAsk, neededForHarm, probabilityOf } from './harmful.ts';
import type { AttackClass, LinearModel, LinearReading, Reading } from './linear.ts';

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
  /** The sum of the fast layers from which on the classifier is asked. */
  consultFrom: number;
  /** Whether the classifier's word may take back what the linear model says. */
  mayLower: boolean;
  /** Signatures' risks that it may bring down to an alert. Left out where no signature's word is ever taken back. */
  doubted?: DoubtedRisks;
  /** Left out where nobody wants to know of requests for harm. */
  harmful?: HarmfulSettings;
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

/** What the fast layers say of all texts together. */
interface Seen {
  base: Inspection;
  /** Texts that may hold an attack, the likeliest first. */
  worst: Candidate[];
  /** The text that likeliest asks for harm. */
  asking: Candidate | undefined;
  stacking: Stacking;
  sum: number;
  risk: number;
}

/** Texts that the classifier is asked about at once, each of about 128 tokens. */
const MOST_ASKED = 4;
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
  const { harmful } = settings;
  const harmFrom = harmful ? neededForHarm(harmful.fast) : Number.POSITIVE_INFINITY;
  let candidates: Candidate[] = [];
  let harm: Candidate | undefined;
  // What alone, without any signature, would be asked about or flagged is read again when it comes again.
  const clearBelow = Math.min(needed(settings.fast, settings.consultFrom), needed(settings.other, sumAt(settings.other, ALERT_SCORE)));
  const detector = makeDetector((text, segment, via) => {
    if (!isRead(segment) || text.length < SHORTEST || !isLanguage(text, via)) return true;
    const reading = linear.read(text);
    const asks = reading.harmful.logit >= harmFrom && mayAsk(segment);
    if (asks && (harm === undefined || reading.harmful.logit > harm.reading.harmful.logit)) harm = { text, segment, via, reading };
    if (reading.logit < clearBelow) return !asks;
    candidates.push({ text, segment, via, reading });
    return false;
  });
  const version = [detector.version, linear.version, ...(classifier ? [classifier.version] : [])].join('.');

  function lookAt(segments: readonly Segment[]): Seen {
    candidates = [];
    harm = undefined;
    const base = detector.inspect(segments);
    const worst = candidates.sort((a, b) => b.reading.logit - a.reading.logit);
    const asking = harm;
    candidates = [];
    harm = undefined;
    const stacking = stackingOf(worst);
    const sum = sumOf(stacking, base, worst);
    return { base, worst, asking, stacking, sum, risk: riskOf(stacking, sum) };
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

  /** What the others concluded, and beside it whether somebody asks for harm; `label` is the classifier's word on that. */
  function withHarm(inspection: Inspection, asking: Candidate | undefined, label?: number): Inspection {
    if (harmful === undefined || asking === undefined) return inspection;
    const { text, segment, via, reading } = asking;
    const logit = reading.harmful.logit;
    const [weights, logits] =
      harmful.full !== undefined && label !== undefined
        ? [harmful.full, { linear: logit, classifier: label }]
        : [harmful.fast, { linear: logit }];
    const probability = probabilityOf(weights, logits);
    if (probability < weights.alert) return { ...inspection, harmful: probability };
    const excerpt = hottest(linear, text, reading.harmful, { length: EXCERPT_CHARS, step: EXCERPT_CHARS / 2, logitOf: harmLogit });
    const finding = harmFinding(weights, probability, { segment, via, excerpt });
    return {
      ...inspection,
      findings: [...inspection.findings, finding],
      harmful: probability,
      ...(probability >= weights.block ? { surelyHarmful: true as const } : {}),
    };
  }

  function inspect(segments: readonly Segment[]): Inspection {
    const { base, worst, asking, risk } = lookAt(segments);
    return withHarm(conclude(base, worst, risk), asking);
  }

  function stackingOf([first]: Candidate[]): Stacking {
    return first !== undefined && !isEnglish(first.text) ? settings.other : settings.fast;
  }

  /** What to ask the classifier: nothing where all is clear. `doubt` is about what signatures alone would block. */
  function questions(seen: Seen, segments: readonly Segment[]): { texts: string[]; doubt: Doubt | undefined } {
    const { base, worst, stacking, sum } = seen;
    if (stacking !== settings.fast) return { texts: [], doubt: undefined };
    const { doubted, consultFrom } = settings;
    const doubt = doubted && doubtOf(base, segments, doubted);
    if (doubt === undefined) {
      const isSettled = sum < consultFrom || (doubted !== undefined && base.riskScore >= doubted.from);
      return { texts: isSettled ? [] : textsToAsk(linear, worst), doubt };
    }
    const disguised = worst.filter(({ via }) => via.length > 0);
    return { texts: [...new Set([...doubt.windows, ...textsToAsk(linear, disguised)])], doubt };
  }

  return {
    version,
    inspect,
    async inspectFully(segments, withinMs) {
      if (classifier === undefined) return inspect(segments);
      const seen = lookAt(segments);
      const { base, worst, asking, risk } = seen;
      const { texts, doubt } = questions(seen, segments);
      if (texts.length === 0) return withHarm(conclude(base, worst, risk), asking);
      const request = asking && isEnglish(asking.text) ? hottestHarm(linear, asking.text, asking.reading) : undefined;
      const all = [...new Set(request === undefined ? texts : [...texts, request])];
      const answer = await classifier.read(all, withinMs);
      if (answer.kind !== 'read') return withHarm(conclude(base, worst, risk, { classifier: answer.kind }), asking);
      const surest = Math.max(...answer.readings.slice(0, texts.length).map(({ logit }) => logit));
      const full = riskOf(settings.full, sumOf(settings.full, base, worst) + settings.full.classifier * surest);
      const heard = doubt && full <= doubt.risk ? { ...base, riskScore: doubt.risk } : base;
      const concluded = conclude(heard, worst, settings.mayLower ? full : Math.max(risk, full), { classifier: 'read' });
      const label = request === undefined ? undefined : answer.readings[all.indexOf(request)]?.labels[HARMFUL_LABEL];
      return withHarm(concluded, asking, label);
    },
  };
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
    .map(({ text, reading }) => hottest(linear, text, reading, { length: WINDOW_CHARS, step: ASKED_STEP }));
  return [...new Set(parts)];
}

/** Of a text that may ask for harm the part to ask the classifier about. */
export function hottestHarm(linear: LinearModel, text: string, reading: LinearReading): string {
  return hottest(linear, text, reading.harmful, { length: WINDOW_CHARS, step: ASKED_STEP, logitOf: harmLogit });
}

const harmLogit = ({ harmful }: LinearReading) => harmful.logit;

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
    excerpt: hottest(linear, text, reading, { length: EXCERPT_CHARS, step: EXCERPT_CHARS / 2 }),
  };
}

interface Stretch {
  length: number;
  step: number;
  /** By which head; by that of attacks when left out. */
  logitOf?: (reading: LinearReading) => number;
}

/** The stretch of so many characters, within the window that was read, which the head makes most of. */
export function hottest(
  linear: LinearModel,
  text: string,
  { from, to }: Pick<Reading, 'from' | 'to'>,
  { length, step, logitOf = ({ logit }) => logit }: Stretch,
): string {
  if (to - from <= length) return text.slice(from, to).toWellFormed();
  let best = { at: from, logit: Number.NEGATIVE_INFINITY };
  for (let at = from; at < to - length + step; at += step) {
    const begin = Math.min(at, to - length);
    const logit = logitOf(linear.read(text.slice(begin, begin + length)));
    if (logit > best.logit) best = { at: begin, logit };
  }
  return text.slice(best.at, best.at + length).toWellFormed();
}
