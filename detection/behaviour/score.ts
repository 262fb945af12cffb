/**
 * From evidence to one number that explains itself. Each indicator adds its weight times its evidence to the log-odds of
 * "not this user's own doing, or not in good faith"; the risk is how far those odds come up from where they began. Of one
 * family the strongest counts whole and the others little: ten names for one fact are one fact. Monotone: more evidence
 * never lowers the risk.
 */
import { ALERT_SCORE } from '../score.ts';
import type { Finding } from '../types.ts';
import { indicators as allIndicators } from './indicators/index.ts';
import type { Indicator } from './indicators/indicator.ts';
import type { Moment, Scope } from './state.ts';

export interface Contribution {
  indicatorId: string;
  name: string;
  scope: Scope;
  /** 0–1. */
  evidence: number;
  /** What it adds to the risk; all of them together are the risk. */
  points: number;
}

export interface Behaviour {
  /** 0–100. */
  riskScore: number;
  /** Most points first; only indicators that moved the risk. */
  contributions: Contribution[];
  /** Empty below the alert. */
  findings: Finding[];
}

/** Log-odds with no evidence at all, and how far to believe the sum. Chosen by hand on simulated traffic, see docs/behaviour.md. */
export const PRIOR = -4;
export const SLOPE = 1;
/** What the others of a family count beside its strongest. */
const OTHERS = 0.2;
/**
 * At or above it an analyst should look: the same as the signatures'. On simulated honest weeks 0.1 % of interactions come
 * up to it.
 */
export const BEHAVIOUR_ALERT = ALERT_SCORE;
/** Findings name the indicators that explain most of an alert. */
const MOST_FINDINGS = 5;
/** Peers are a crowd only from three on. */
const CROWD = 3;

/** `version` is recorded with every finding: raised when weights, indicators or estimators change their meaning. */
export const BEHAVIOUR_VERSION = 1;

const NOTHING: Behaviour = { riskScore: 0, contributions: [], findings: [] };

export function createScorer({ indicators = allIndicators }: { indicators?: readonly Indicator[] } = {}): (moment: Moment) => Behaviour {
  const families = [...new Set(indicators.map(({ family }) => family))];
  const familyOf = indicators.map(({ family }) => families.indexOf(family));
  const evidences = new Float64Array(indicators.length);
  const room = roomFor(indicators.length, families.length);

  return (moment) => {
    let any = false;
    for (let i = 0; i < indicators.length; i++) {
      const indicator = indicators[i] as Indicator;
      const evidence = maySpeak(indicator, moment) ? indicator.evidence(moment) : 0;
      evidences[i] = evidence;
      if (evidence > 0) any = true;
    }
    if (!any) return NOTHING;
    const odds = logOdds(indicators, familyOf, families.length, evidences, room);
    let total = 0;
    for (let i = 0; i < odds.length; i++) total += odds[i] as number;
    const riskScore = riskOf(total);
    const contributions: Contribution[] = [];
    indicators.forEach(({ id, name, scope }, i) => {
      const part = odds[i] as number;
      if (part > 0)
        contributions.push({ indicatorId: id, name, scope, evidence: evidences[i] as number, points: (riskScore * part) / total });
    });
    contributions.sort((a, b) => b.points - a.points);
    return { riskScore, contributions, findings: riskScore >= BEHAVIOUR_ALERT ? findingsOf(indicators, contributions, moment) : [] };
  };
}

/** Cold start: whoever compares with a past waits until there is one. */
export function maySpeak({ compares, scope, minimum, minimumDays }: Indicator, { user, agent, conversation, peers }: Moment): boolean {
  if (compares === 'peers') return peers !== undefined && peers.users >= CROWD && peers.reports >= minimum;
  if (minimum === 0) return true;
  const facts = scope === 'user' ? user : scope === 'agent' ? agent : conversation;
  if (facts === undefined || facts.count < minimum) return false;
  return minimumDays === 0 || !('days' in facts) || facts.days >= minimumDays;
}

const roomFor = (indicators: number, families: number) => {
  return { sum: new Float64Array(families), most: new Float64Array(families), odds: new Float64Array(indicators) };
};

/** What each indicator adds to the log-odds, its family considered. What it gives lies in `room` and holds until that is used again. */
export function logOdds(
  indicators: readonly Indicator[],
  familyOf: readonly number[],
  families: number,
  evidences: Float64Array,
  room = roomFor(indicators.length, families),
): Float64Array {
  const { sum, most, odds } = room;
  sum.fill(0);
  most.fill(0);
  for (let i = 0; i < indicators.length; i++) {
    const own = (evidences[i] as number) * (indicators[i] as Indicator).weight;
    if (own === 0) continue;
    const family = familyOf[i] as number;
    sum[family] = (sum[family] as number) + own;
    if (own > (most[family] as number)) most[family] = own;
  }
  for (let i = 0; i < indicators.length; i++) {
    const own = (evidences[i] as number) * (indicators[i] as Indicator).weight;
    odds[i] = 0;
    if (own === 0) continue;
    const family = familyOf[i] as number;
    const all = sum[family] as number;
    const strongest = most[family] as number;
    odds[i] = (own * (strongest + OTHERS * (all - strongest))) / all;
  }
  return odds;
}

/** 0 without evidence, towards 100 with ever more. */
export function riskOf(total: number): number {
  const none = 1 / (1 + Math.exp(-PRIOR));
  const now = 1 / (1 + Math.exp(-(PRIOR + SLOPE * total)));
  return (100 * (now - none)) / (1 - none);
}

function findingsOf(indicators: readonly Indicator[], contributions: readonly Contribution[], moment: Moment): Finding[] {
  return contributions.slice(0, MOST_FINDINGS).map(({ indicatorId, evidence, points }) => {
    const indicator = indicators.find(({ id }) => id === indicatorId) as Indicator;
    const { version, name, scope, threatType, severity, techniques } = indicator;
    return {
      ruleId: indicatorId,
      ruleVersion: version,
      layer: 'behaviour',
      threatType,
      severity,
      score: points / 100,
      techniques,
      direction: threatType === 'data_exfiltration' ? 'response' : 'request',
      role: moment.observation.afterTool ? 'tool' : 'user',
      path: `behaviour.${scope}`,
      via: [],
      excerpt: `${name} (evidence ${evidence.toFixed(2)}, ${points.toFixed(1)} of the risk's points)`,
    };
  });
}
