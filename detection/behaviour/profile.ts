/**
 * What is remembered of one user or one agent, and what one more interaction says against it. The subtle point is the
 * order: recent counts take the interaction in first, then everything is compared with the baselines, and only then do
 * the baselines learn it. So a first burst is seen as one, and no value is compared with itself.
 */
import { compare, createBaselines, learn } from './estimators/baselines.ts';
import { createClock, hourShare, hoursAwake, tick, weekdayShare } from './estimators/clock.ts';
import { countItem, createCountMin, fade } from './estimators/count-min.ts';
import { addDistinct, createDistinct, distinct, turnTo } from './estimators/distinct.ts';
import { createFamiliar, type Familiar, meet } from './estimators/familiar.ts';
import { createPrompts, type Likeness, likeness, rememberPrompt } from './estimators/prompts.ts';
import { addQuantile, createQuantiles, rank } from './estimators/quantiles.ts';
import { addRates, createRates, DAY, HOUR, MINUTE, rateOf } from './estimators/rates.ts';
import { createVocabulary, distanceThenLearn } from './estimators/vocabulary.ts';
import { pairOf } from './hash.ts';
import { FLOORS, isDaily, M, METRIC_COUNT, METRIC_NAMES, scaled } from './metrics.ts';
import type { Observation } from './observation.ts';

/** What is counted over the last minute, hour and day. */
export const KINDS = [
  'requests',
  'tokens',
  'cost',
  'errors',
  'refusals',
  'blocked',
  'rejected',
  'personal',
  'toolCalls',
  'flagged',
  'variants',
  'responseChars',
  'news',
  'abandoned',
  'repeats',
] as const;
const KIND = Object.fromEntries(KINDS.map((kind, i) => [kind, i])) as Record<(typeof KINDS)[number], number>;
const MARKS = [
  'position',
  'at',
  'count',
  'latitude',
  'longitude',
  'placedAt',
  'reportedAt',
  'network',
  'networkAt',
  'sampledAt',
  'sampledDayAt',
] as const;

export type Profile = ReturnType<typeof createProfile>;

/** Half of what was learned two weeks ago is forgotten. */
const MEMORY_SECONDS = 20 * 86_400;
/**
 * Recent counts are learned at most this often, those of a day less: a burst does not teach its own height with each of
 * its requests. A user speaks for the peers once an hour: who sends most is not thereby what is usual.
 */
const SAMPLE_SECONDS = 600;
const SAMPLE_DAY_SECONDS = 6 * 3_600;
const REPORT_SECONDS = 3_600;
/** From here on the values are recent counts. */
const FIRST_COUNT = M.hourUsers;
const DAILY = METRIC_NAMES.filter(isDaily).map((name) => M[name]);
const HOUR_SECONDS = 3_600;
/** From here on an interaction counts as flagged by the signatures. */
const FLAGGED = 20;

export function createProfile(scope: 'user' | 'agent') {
  const agent = scope === 'agent';
  const marks = new Float64Array(MARKS.length);
  marks[0] = -1;
  const parts = {
    baselines: createBaselines(METRIC_COUNT),
    /** Of an agent: how its users are, each of them for itself. */
    peers: createBaselines(agent ? METRIC_COUNT : 0),
    lengths: createQuantiles(),
    tokens: createQuantiles(),
    rates: createRates(KINDS.length),
    clock: createClock(),
    vocabulary: createVocabulary(),
    prompts: createPrompts(8),
    promptRepeats: createCountMin(),
    callRepeats: createCountMin(),
    networksDay: createDistinct(),
    conversationsHour: createDistinct(),
    modelsDay: createDistinct(),
    toolsHour: createDistinct(),
    usersHour: createDistinct(),
    knownTools: createFamiliar(20),
    knownChains: createFamiliar(20),
    knownModels: createFamiliar(8),
    knownNetworks: createFamiliar(12),
    knownClients: createFamiliar(6),
    knownKeys: createFamiliar(6),
    knownCountries: createFamiliar(6),
    knownRegions: createFamiliar(4),
    knownVendors: createFamiliar(4),
    knownFormats: createFamiliar(4),
    knownLanguages: createFamiliar(6),
    knownSystems: createFamiliar(8),
    knownToolsets: createFamiliar(6),
    knownUsers: createFamiliar(4),
  };
  /** For what one interaction is to it. Lists this long lie outside the heap, where making some for each costs more than filling them. */
  const room = {
    values: new Float64Array(METRIC_COUNT),
    deviations: new Float64Array(METRIC_COUNT),
    peers: new Float64Array(METRIC_COUNT),
    learned: new Float64Array(METRIC_COUNT),
  };
  return { scope, marks, ...parts, room, fields: [marks, ...Object.values(parts).flatMap(({ fields }) => fields)] };
}

/** What one interaction is to a profile; its lists hold until the profile counts the next. Counts of "new" are 0 when the thing is known or there is none. */
export interface Facts {
  /** Interactions seen before this one, and on how many days. */
  count: number;
  days: number;
  values: Float64Array;
  /** Deviations from the own baseline, and how many observations stand behind each. */
  deviations: Float64Array;
  weights: Float32Array;
  rates: Rates;
  likeness: Likeness;
  promptRepeats: number;
  callRepeats: number;
  hourShare: number;
  weekdayShare: number;
  hoursAwake: number;
  lengthRank: number;
  tokensRank: number;
  gapSeconds: number;
  /** Since the last place, km/h; 0 when not known. */
  speed: number;
  /** Seconds since another network was used; infinite when none was. */
  networkChangeSeconds: number;
  networks: number;
  conversations: number;
  models: number;
  toolsInHour: number;
  users: number;
  newTools: number;
  newChains: number;
  newModel: boolean;
  newNetwork: boolean;
  newClient: boolean;
  newKey: boolean;
  newCountry: boolean;
  newRegion: boolean;
  newVendor: boolean;
  newFormat: boolean;
  newLanguage: boolean;
  newSystem: boolean;
  newToolset: boolean;
}

/** Decayed counts: kind and window. */
export type Rates = (kind: (typeof KINDS)[number], window: 'minute' | 'hour' | 'day') => number;

const WINDOWS = { minute: MINUTE, hour: HOUR, day: DAY } as const;
const amounts = new Float64Array(KINDS.length);

export function updateProfile(profile: Profile, observation: Observation, measured: Float64Array): Facts {
  const { marks, rates, baselines, clock } = profile;
  const o = observation;
  const now = o.at / 1_000;
  const last = marks[1] as number;
  const count = marks[2] as number;
  const elapsed = count === 0 ? 0 : Math.max(0, now - last);
  const days = clock.days[0] as number;

  const alike = likeness(profile.prompts, o.text.sketch, o.text.hash);
  fade(profile.promptRepeats, now, 6 * HOUR_SECONDS);
  fade(profile.callRepeats, now, HOUR_SECONDS);
  const promptRepeats = o.text.words < 3 || o.afterTool ? 0 : countItem(profile.promptRepeats, o.text.hash);
  let callRepeats = 0;
  for (const call of o.calls) callRepeats = Math.max(callRepeats, countItem(profile.callRepeats, call));

  const news = novelties(profile, o);
  const hour = Math.floor(now / HOUR_SECONDS);
  const day = Math.floor(hour / 24);
  countIn(profile.networksDay, day, o.network);
  countIn(profile.conversationsHour, hour, o.conversation);
  countIn(profile.modelsDay, day, o.model);
  turnTo(profile.toolsHour, hour);
  for (const tool of o.tools) addDistinct(profile.toolsHour, tool);
  countIn(profile.usersHour, hour, o.user);

  addRates(rates, elapsed, amountsOf(o, alike, promptRepeats, news));
  const rate: Rates = (kind, window) => rateOf(rates, KIND[kind], WINDOWS[window]);
  const users = distinct(profile.usersHour);
  const conversations = distinct(profile.conversationsHour);
  const networks = distinct(profile.networksDay);

  const { values, deviations, learned } = profile.room;
  values.set(measured);
  const set = (metric: number, value: number) => {
    values[metric] = scaled(metric, value);
  };
  values[M.vocabularyDistance] = o.text.words < 6 || o.afterTool ? Number.NaN : distanceThenLearn(profile.vocabulary, o.text.wordBins);
  set(M.gap, count === 0 ? Number.NaN : elapsed);
  set(M.hourUsers, users);
  const hourly = rateOf(rates, KIND.requests, HOUR);
  const daily = rateOf(rates, KIND.requests, DAY);
  set(M.minuteCount, rateOf(rates, KIND.requests, MINUTE));
  set(M.hourCount, hourly);
  set(M.dayCount, daily);
  set(M.hourTokens, rateOf(rates, KIND.tokens, HOUR));
  set(M.dayTokens, rateOf(rates, KIND.tokens, DAY));
  set(M.hourCost, rateOf(rates, KIND.cost, HOUR));
  set(M.dayCost, rateOf(rates, KIND.cost, DAY));
  set(M.hourPersonal, rateOf(rates, KIND.personal, HOUR));
  set(M.dayPersonal, rateOf(rates, KIND.personal, DAY));
  set(M.hourToolCalls, rateOf(rates, KIND.toolCalls, HOUR));
  set(M.minuteToolCalls, rateOf(rates, KIND.toolCalls, MINUTE));
  // Four imagined good ones keep the first bad one from being a ratio of 1.
  set(M.errorRatio, rateOf(rates, KIND.errors, HOUR) / (hourly + 4));
  set(M.refusalRatio, rateOf(rates, KIND.refusals, DAY) / (daily + 4));
  set(M.blockedRatio, rateOf(rates, KIND.blocked, DAY) / (daily + 4));
  set(M.hourVariants, rateOf(rates, KIND.variants, HOUR));
  set(M.hourConversations, conversations);
  set(M.dayNetworks, networks);
  set(M.hourResponseChars, rateOf(rates, KIND.responseChars, HOUR));

  compare(baselines, values, FLOORS, deviations);
  const facts: Facts = {
    count,
    days,
    values,
    deviations,
    weights: baselines.weight,
    rates: rate,
    likeness: alike,
    promptRepeats,
    callRepeats,
    hourShare: hourShare(clock, o.hour),
    weekdayShare: weekdayShare(clock, o.weekday),
    hoursAwake: hoursAwake(clock),
    lengthRank: rank(profile.lengths, o.text.chars),
    tokensRank: rank(profile.tokens, o.inputTokens + o.outputTokens),
    gapSeconds: elapsed,
    speed: travel(marks, o, now),
    networkChangeSeconds: networkChange(marks, o, now),
    networks,
    conversations,
    models: distinct(profile.modelsDay),
    toolsInHour: distinct(profile.toolsHour),
    users,
    ...news,
  };

  learned.set(values);
  if (now - (marks[9] as number) < SAMPLE_SECONDS) learned.fill(Number.NaN, FIRST_COUNT);
  else marks[9] = now;
  if (now - (marks[10] as number) < SAMPLE_DAY_SECONDS) for (const metric of DAILY) learned[metric] = Number.NaN;
  else marks[10] = now;
  learn(baselines, learned, Math.exp(-elapsed / MEMORY_SECONDS), FLOORS);
  addQuantile(profile.lengths, o.text.chars);
  addQuantile(profile.tokens, o.inputTokens + o.outputTokens);
  tick(clock, o.hour, o.weekday, day);
  if (!o.afterTool && o.text.words > 2) {
    rememberPrompt(profile.prompts, o.text.sketch, o.text.hash, outcomeOf(o));
  }
  marks[0] = o.position;
  marks[1] = Math.max(last, now);
  marks[2] = count + 1;
  return facts;
}

/** How a user's values stand among those of the agent's other users, and how many reports that rests on; then reports them. */
export function compareWithPeers(agent: Profile, user: Profile, facts: Facts, observation: Observation): Float64Array {
  const out = user.room.peers;
  compare(agent.peers, facts.values, FLOORS, out);
  const now = observation.at / 1_000;
  if (now - (user.marks[6] as number) >= REPORT_SECONDS) {
    user.marks[6] = now;
    learn(agent.peers, facts.values, PEER_KEEP, FLOORS);
    meet(agent.knownUsers, observation.user);
  }
  return out;
}

/** The last few hundred reports count. */
const PEER_KEEP = 1 - 1 / 500;

export function peerCount({ peers, knownUsers }: Profile): { reports: number; users: number } {
  let users = 0;
  for (const hash of knownUsers.hashes) if (hash !== 0) users++;
  return { reports: peers.weight[M.hourCount] ?? 0, users };
}

export function outcomeOf({ ending, signatureRisk }: Observation): number {
  if (ending === 'blocked' || signatureRisk >= FLAGGED) return 3;
  return ending === 'refused' || ending === 'rejected' ? 2 : 1;
}

type Novelties = Pick<
  Facts,
  | 'newTools'
  | 'newChains'
  | 'newModel'
  | 'newNetwork'
  | 'newClient'
  | 'newKey'
  | 'newCountry'
  | 'newRegion'
  | 'newVendor'
  | 'newFormat'
  | 'newLanguage'
  | 'newSystem'
  | 'newToolset'
>;

function novelties(profile: Profile, o: Observation): Novelties {
  let newTools = 0;
  let newChains = 0;
  for (let i = 0; i < o.tools.length; i++) {
    const tool = o.tools[i] as number;
    if (meet(profile.knownTools, tool) === 0) newTools++;
    if (i > 0 && meet(profile.knownChains, pairOf(o.tools[i - 1] as number, tool)) === 0) newChains++;
  }
  return {
    newTools,
    newChains,
    newModel: isNew(profile.knownModels, o.model),
    newNetwork: isNew(profile.knownNetworks, o.network),
    newClient: isNew(profile.knownClients, o.userAgent),
    newKey: isNew(profile.knownKeys, o.apiKey),
    newCountry: isNew(profile.knownCountries, o.country),
    newRegion: isNew(profile.knownRegions, o.region),
    newVendor: isNew(profile.knownVendors, o.vendor),
    newFormat: isNew(profile.knownFormats, o.wireFormat),
    newLanguage: isNew(profile.knownLanguages, o.text.words < 8 ? 0 : o.text.language),
    newSystem: isNew(profile.knownSystems, o.systemHash),
    newToolset: isNew(profile.knownToolsets, o.toolsHash),
  };
}

function isNew(known: Familiar, hash: number): boolean {
  return hash !== 0 && meet(known, hash) === 0;
}

function countIn(counter: Profile['networksDay'], period: number, hash: number): void {
  turnTo(counter, period);
  if (hash !== 0) addDistinct(counter, hash);
}

function amountsOf(o: Observation, alike: Likeness, promptRepeats: number, news: Novelties): Float64Array {
  amounts[KIND.requests] = 1;
  amounts[KIND.tokens] = o.inputTokens + o.outputTokens;
  amounts[KIND.cost] = o.costUsd > 0 ? o.costUsd * 1e6 : 0;
  amounts[KIND.errors] = o.ending === 'failed' || o.httpStatus >= 400 ? 1 : 0;
  amounts[KIND.refusals] = o.ending === 'refused' ? 1 : 0;
  amounts[KIND.blocked] = o.ending === 'blocked' ? 1 : 0;
  amounts[KIND.rejected] = o.ending === 'rejected' ? 1 : 0;
  amounts[KIND.personal] = o.personalData;
  amounts[KIND.toolCalls] = o.tools.length;
  amounts[KIND.flagged] = o.signatureRisk >= FLAGGED ? 1 : 0;
  amounts[KIND.variants] = alike.variants >= 2 && !o.afterTool ? 1 : 0;
  amounts[KIND.responseChars] = o.responseChars;
  amounts[KIND.news] =
    news.newTools + (news.newModel ? 1 : 0) + (news.newNetwork ? 1 : 0) + (news.newClient ? 1 : 0) + (news.newLanguage ? 1 : 0);
  amounts[KIND.abandoned] = o.ending === 'abandoned' ? 1 : 0;
  amounts[KIND.repeats] = promptRepeats > 0 ? 1 : 0;
  return amounts;
}

/** Great-circle speed from the last known place; under 50 km nobody travelled. */
function travel(marks: Float64Array, { latitude, longitude }: Observation, now: number): number {
  if (Number.isNaN(latitude)) return 0;
  const [, , , fromLatitude, fromLongitude, placedAt] = marks as unknown as [number, number, number, number, number, number];
  marks[3] = latitude;
  marks[4] = longitude;
  marks[5] = now;
  if (placedAt === 0) return 0;
  const rad = Math.PI / 180;
  const a =
    Math.sin(((latitude - fromLatitude) * rad) / 2) ** 2 +
    Math.cos(latitude * rad) * Math.cos(fromLatitude * rad) * Math.sin(((longitude - fromLongitude) * rad) / 2) ** 2;
  const km = 12_742 * Math.asin(Math.min(1, Math.sqrt(a)));
  return km < 50 ? 0 : km / Math.max(1 / 60, (now - placedAt) / HOUR_SECONDS);
}

function networkChange(marks: Float64Array, { network }: Observation, now: number): number {
  if (network === 0) return Number.POSITIVE_INFINITY;
  const changed = marks[7] !== 0 && marks[7] !== network;
  const since = changed ? Math.max(0, now - (marks[8] as number)) : Number.POSITIVE_INFINITY;
  marks[7] = network;
  marks[8] = now;
  return since;
}
