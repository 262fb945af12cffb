/**
 * The values of which every key has a baseline. Amounts are compared as logarithms (twice as much is the same step
 * anywhere), shares as they are. `floor` is the least deviation that is believed: below it a difference is no news.
 */
import type { Observation } from './observation.ts';

interface Metric {
  scale: 'log' | 'plain';
  floor: number;
  unit: string;
  /** From the interaction alone; absent when the state's recent counts say it. */
  of?: (observation: Observation) => number;
}

const amount = (unit: string, floor: number, of?: Metric['of']): Metric => ({ scale: 'log', floor, unit, of });
const share = (unit: string, floor: number, of?: Metric['of']): Metric => ({ scale: 'plain', floor, unit, of });

export const METRICS = {
  promptChars: amount('characters', 0.4, (o) => o.text.chars),
  responseChars: amount('characters', 0.4, (o) => o.responseChars),
  inputTokens: amount('tokens', 0.4, (o) => o.inputTokens),
  outputTokens: amount('tokens', 0.4, (o) => o.outputTokens),
  cost: amount('millionths of a US dollar', 0.4, (o) => o.costUsd * 1e6),
  latency: amount('ms', 0.4, (o) => o.latencyMs),
  firstToken: amount('ms', 0.4, (o) => o.firstTokenMs),
  requestBytes: amount('bytes', 0.4, (o) => o.requestBytes),
  messages: amount('messages', 0.4, (o) => o.messages),
  reasoningTokens: amount('tokens', 0.8, (o) => o.reasoningTokens),
  outputPerInput: amount('%', 0.4, (o) => (o.inputTokens > 0 ? (100 * o.outputTokens) / o.inputTokens : Number.NaN)),
  toolCalls: amount('calls', 0.3, (o) => o.tools.length),
  toolsOffered: amount('tools', 0.2, (o) => o.toolsOffered),
  toolResultChars: amount('characters', 0.8, (o) => (o.toolResultChars > 0 ? o.toolResultChars : Number.NaN)),
  systemChars: amount('characters', 0.2, (o) => o.systemChars),
  temperature: share('', 0.15, (o) => o.temperature),
  maxTokens: amount('tokens', 0.4, (o) => o.maxTokens),
  entropy: share('bits', 0.2, (o) => (o.text.chars >= 40 ? o.text.entropy : Number.NaN)),
  symbolShare: share('of characters', 0.04, (o) => (o.text.chars >= 40 ? o.text.symbolShare : Number.NaN)),
  upperShare: share('of characters', 0.05, (o) => (o.text.chars >= 40 ? o.text.upperShare : Number.NaN)),
  digitShare: share('of characters', 0.05, (o) => (o.text.chars >= 40 ? o.text.digitShare : Number.NaN)),
  variety: share('different words of all', 0.08, (o) => (o.text.words >= 20 ? o.text.variety : Number.NaN)),
  longestWord: amount('characters', 0.3, (o) => o.text.longestWord),
  links: amount('links', 0.4, (o) => o.text.links),
  attackLikeness: share('of twelve word pairs', 0.06, (o) => o.text.attackLikeness),
  signatureRisk: share('risk', 0.1, (o) => o.signatureRisk / 100),
  personalData: amount('items', 0.5, (o) => o.personalData),
  vocabularyDistance: share('distance', 0.08),
  gap: amount('seconds', 0.8),
  // From here on, recent counts of the state (profile.ts relies on this order).
  hourUsers: amount('users in an hour', 0.3),
  minuteCount: amount('requests a minute', 0.35),
  hourCount: amount('requests an hour', 0.35),
  dayCount: amount('requests a day', 0.35),
  hourTokens: amount('tokens an hour', 0.4),
  dayTokens: amount('tokens a day', 0.4),
  hourCost: amount('millionths of a US dollar an hour', 0.4),
  dayCost: amount('millionths of a US dollar a day', 0.4),
  hourPersonal: amount('items an hour', 0.5),
  dayPersonal: amount('items a day', 0.5),
  hourToolCalls: amount('calls an hour', 0.4),
  minuteToolCalls: amount('calls a minute', 0.35),
  errorRatio: share('of requests', 0.06),
  refusalRatio: share('of requests', 0.05),
  blockedRatio: share('of requests', 0.04),
  hourVariants: amount('variants an hour', 0.4),
  hourConversations: amount('conversations an hour', 0.4),
  dayNetworks: amount('networks in two days', 0.3),
  hourResponseChars: amount('characters an hour', 0.4),
} satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
export const METRIC_COUNT = METRIC_NAMES.length;
export const M = Object.fromEntries(METRIC_NAMES.map((name, i) => [name, i])) as Record<MetricName, number>;
export const FLOORS = Float64Array.from(METRIC_NAMES, (name) => METRICS[name].floor);

const all: Metric[] = METRIC_NAMES.map((name) => METRICS[name]);
const isLog = all.map(({ scale }) => scale === 'log');

const measured = new Float64Array(METRIC_COUNT);

/** What the interaction says, the same for all its states, until the next call; what a state's counts say is the caller's to fill in. */
export function measure(observation: Observation): Float64Array {
  for (let i = 0; i < METRIC_COUNT; i++) {
    const { of } = all[i] as Metric;
    measured[i] = of === undefined ? 0 : scaled(i, of(observation));
  }
  return measured;
}

export function scaled(metric: number, value: number): number {
  return isLog[metric] ? Math.log(1 + value) : value;
}

/** Back to what a person reads. */
export function unscaled(metric: number, value: number): number {
  return isLog[metric] ? Math.expm1(value) : value;
}

/** Sums over a day move slowly, so they are sampled seldom and fewer samples do. */
export function isDaily(name: MetricName): boolean {
  return name.startsWith('day');
}
