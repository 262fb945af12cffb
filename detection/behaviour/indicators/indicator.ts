/**
 * What an indicator is: one thing that an analyst would want to know, with the arithmetic that says how much of it there
 * is. The subtle point is evidence: 0 while nothing is unusual, 1 when it could hardly be more so, and never falling while
 * the deviation grows; what the evidence is worth is said apart, in `weight`.
 */
import type { Severity, ThreatType } from '../../types.ts';
import { isDaily, M, type MetricName } from '../metrics.ts';
import type { Moment, Scope } from '../state.ts';
import { type Script, type Traits, team, usual } from '../testing/script.ts';

export interface Indicator {
  /** `BH-0001`, never reused. */
  id: string;
  version: number;
  name: string;
  description: string;
  scope: Scope;
  compares: 'own' | 'peers' | 'absolute';
  /** Indicators of one family are names for one fact: together they count little more than the strongest. */
  family: string;
  /** So many observations of the scope (reports of peers) come first; 0 speaks from the first interaction on. */
  minimum: number;
  /** And on so many different days. */
  minimumDays: number;
  threatType: ThreatType;
  severity: Severity;
  techniques: string[];
  /** Natural log-odds that full evidence adds. */
  weight: number;
  evidence: (moment: Moment) => number;
  /** Scripted traffic whose last interaction fires it, or does not. */
  examples: { fires: Script; quiet: Script };
}

/** What an indicator's author writes; the rest comes from the theme. */
export interface Entry
  extends Pick<Indicator, 'name' | 'description' | 'scope' | 'compares' | 'evidence' | 'examples'>,
    Partial<Pick<Indicator, 'family' | 'minimum' | 'minimumDays' | 'threatType' | 'severity' | 'techniques' | 'weight' | 'version'>> {
  n: number;
}

export interface Theme extends Pick<Indicator, 'family' | 'threatType' | 'severity' | 'techniques' | 'weight'> {
  entries: Entry[];
}

const MINIMUM = { own: 30, peers: 30, absolute: 0 } as const;

export function indicatorsOf({ entries, ...shared }: Theme): Indicator[] {
  return entries.map(({ n, ...entry }) => ({
    version: 1,
    minimum: MINIMUM[entry.compares],
    minimumDays: 0,
    ...shared,
    ...entry,
    id: `BH-${String(n).padStart(4, '0')}`,
  }));
}

/** 0 up to `from`, 1 from `to` on, straight between. */
export function ramp(value: number, from: number, to: number): number {
  if (!(value > from)) return 0;
  return value >= to ? 1 : (value - from) / (to - from);
}

/** 0 down to `from`, 1 from `to` on downwards. */
export function fall(value: number, from: number, to: number): number {
  return ramp(-value, -from, -to);
}

/** Deviations: at the first it begins to be unusual, at the second there is no doubt. */
const FROM = 4;
const TO = 9;

type Spike = Omit<Entry, 'scope' | 'compares' | 'evidence' | 'examples'> & {
  metric: MetricName;
  /** What the last interaction is like when it fires, and when it does not. */
  high: Script | Traits;
  low?: Script | Traits;
  from?: number;
  to?: number;
  history?: Script;
};

/** Higher than the user's own baseline. */
export function aboveOwn({ metric, high, low = {}, from = FROM, to = TO, history = usual(), ...entry }: Spike): Entry {
  const at = M[metric];
  const needed = isDaily(metric) ? 3 : 20;
  return {
    ...entry,
    scope: 'user',
    compares: 'own',
    evidence: ({ user }) => (user && (user.weights[at] as number) > needed ? ramp(user.deviations[at] as number, from, to) : 0),
    examples: { fires: [...history, ...listOf(high)], quiet: [...history, ...listOf(low)] },
  };
}

/** Higher than the agent's other users, each of them counted for itself. */
export function abovePeers({ metric, high, low = {}, from = FROM + 0.5, to = TO + 1, history = team(), ...entry }: Spike): Entry {
  const at = M[metric];
  return {
    ...entry,
    scope: 'user',
    compares: 'peers',
    evidence: ({ peers }) => (peers ? ramp(peers.deviations[at] as number, from, to) : 0),
    examples: { fires: [...history, ...listOf(high)], quiet: [...history, ...listOf(low)] },
  };
}

/** Higher than what the agent as a whole is used to. */
export function aboveAgent({ metric, high, low = {}, from = FROM, to = TO, history = team(), ...entry }: Spike): Entry {
  const at = M[metric];
  return {
    ...entry,
    scope: 'agent',
    compares: 'own',
    minimum: entry.minimum ?? 60,
    evidence: ({ agent }) => ((agent.weights[at] as number) > 40 ? ramp(agent.deviations[at] as number, from, to) : 0),
    examples: { fires: [...history, ...listOf(high)], quiet: [...history, ...listOf(low)] },
  };
}

function listOf(steps: Script | Traits): Script {
  return Array.isArray(steps) ? steps : [steps as Traits];
}
