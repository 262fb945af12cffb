/**
 * What is remembered of one conversation: how it goes from turn to turn. It has no baseline of its own, it is too short;
 * it keeps a quick and a slow average of what may escalate, and the runs and cycles that an agent falls into.
 */
import { countItem, createCountMin } from './estimators/count-min.ts';
import { createFamiliar, meet } from './estimators/familiar.ts';
import { createPrompts, type Likeness, likeness, rememberPrompt } from './estimators/prompts.ts';
import { createVocabulary, distanceThenLearn } from './estimators/vocabulary.ts';
import type { Observation } from './observation.ts';
import { outcomeOf } from './profile.ts';

const MARKS = [
  'position',
  'at',
  'count',
  'startedAt',
  'riskQuick',
  'riskSlow',
  'likenessQuick',
  'likenessSlow',
  'lengthQuick',
  'lengthSlow',
  'refusals',
  'blocked',
  'flagged',
  'personal',
  'cost',
  'firstInput',
  'inputRun',
  'lastInput',
  'agentRun',
  'lastCall',
  'callBefore',
  'sameCallRun',
  'pingPong',
  'errorRun',
  'failRun',
  'answerRun',
  'lastAnswer',
  'messages',
  'turn',
  'system',
  'toolset',
  'network',
  'model',
  'language',
  'user',
  'quickTurns',
  'indirect',
  'lastOutcome',
  'readAt',
  'climb',
] as const;
type Mark = (typeof MARKS)[number];
const I = Object.fromEntries(MARKS.map((name, i) => [name, i])) as Record<Mark, number>;

export type Thread = ReturnType<typeof createThread>;

export function createThread() {
  const marks = new Float64Array(MARKS.length);
  marks[0] = -1;
  const parts = {
    prompts: createPrompts(8),
    calls: createCountMin(),
    tools: createFamiliar(12),
    languages: createFamiliar(4),
    vocabulary: createVocabulary(),
  };
  return { scope: 'conversation' as const, marks, ...parts, fields: [marks, ...Object.values(parts).flatMap(({ fields }) => fields)] };
}

/** What one more interaction is to its conversation. `changed…` is false on the first. */
export interface ThreadFacts {
  /** Interactions before this one. */
  count: number;
  turn: number;
  minutes: number;
  /** How far the quick average stands above the slow one: 0–1 each. */
  riskRise: number;
  likenessRise: number;
  /** Doublings of the prompt's length above the slow average. */
  lengthRise: number;
  /** Turns in a row of which each was more like an attack than the one before. */
  climb: number;
  refusals: number;
  blocked: number;
  flagged: number;
  personal: number;
  costUsd: number;
  inputGrowth: number;
  inputRun: number;
  /** Model calls in a row without a word of a person. */
  agentRun: number;
  sameCallRun: number;
  pingPong: number;
  callRepeats: number;
  errorRun: number;
  failRun: number;
  answerRun: number;
  quickTurns: number;
  likeness: Likeness;
  topicDistance: number;
  languages: number;
  newLanguage: boolean;
  newTools: number;
  /** Answered now, after the last attempt that is alike was refused or stopped. */
  gaveIn: boolean;
  changedSystem: boolean;
  changedToolset: boolean;
  changedNetwork: boolean;
  changedModel: boolean;
  changedUser: boolean;
  /** The history became shorter although the conversation went on. */
  rewritten: boolean;
  /** The last interaction brought something that looked like an attack in a tool's result. */
  afterIndirect: boolean;
  /** A tool that reads was called at most this many interactions ago; infinite when none was. */
  sinceRead: number;
}

const QUICK = 0.5;
const SLOW = 0.12;
/** Turns closer than this are no person's. */
const HUMAN_SECONDS = 2;

export function updateThread(thread: Thread, o: Observation): ThreadFacts {
  const { marks } = thread;
  const get = (mark: number) => marks[mark] as number;
  const set = (mark: number, value: number) => {
    marks[mark] = value;
  };
  const now = o.at / 1_000;
  const count = get(I.count);
  const first = count === 0;
  const elapsed = first ? 0 : Math.max(0, now - get(I.at));
  const run = (mark: number, goesOn: boolean): number => {
    const length = goesOn ? get(mark) + 1 : 0;
    set(mark, length);
    return length;
  };
  const add = (mark: number, amount: number): number => {
    set(mark, get(mark) + amount);
    return get(mark);
  };
  /** Says whether something known became something else, and remembers it. */
  const changed = (mark: number, to: number): boolean => {
    const from = get(mark);
    if (to !== 0) set(mark, to);
    return from !== 0 && to !== 0 && from !== to;
  };
  const rise = (quick: number, slow: number, value: number): number => {
    set(quick, first ? value : get(quick) + QUICK * (value - get(quick)));
    set(slow, first ? value : get(slow) + SLOW * (value - get(slow)));
    return get(quick) - get(slow);
  };
  const alike = likeness(thread.prompts, o.text.sketch, o.text.hash);
  const topic = o.text.words < 6 || o.afterTool ? Number.NaN : distanceThenLearn(thread.vocabulary, o.text.wordBins);
  const call = o.calls[0] ?? 0;
  const pingPong = call !== 0 && call === get(I.callBefore) && call !== get(I.lastCall);
  const sameCall = call !== 0 && call === get(I.lastCall);
  let callRepeats = 0;
  for (const each of o.calls) callRepeats = Math.max(callRepeats, countItem(thread.calls, each));
  let newTools = 0;
  for (const tool of o.tools) if (meet(thread.tools, tool) === 0) newTools++;
  const likenessBefore = get(I.likenessQuick);
  const likenessRise = rise(I.likenessQuick, I.likenessSlow, o.text.attackLikeness);
  const stoppedBefore = get(I.lastOutcome) > 1;
  const outcome = outcomeOf(o);
  const previousRead = get(I.readAt);
  const language = o.text.words < 8 ? 0 : o.text.language;

  const facts: ThreadFacts = {
    count,
    turn: o.turn,
    minutes: first ? 0 : (now - get(I.startedAt)) / 60,
    riskRise: rise(I.riskQuick, I.riskSlow, o.signatureRisk / 100),
    likenessRise,
    lengthRise: rise(I.lengthQuick, I.lengthSlow, Math.log2(1 + o.text.chars)),
    climb: run(I.climb, !first && o.text.attackLikeness > likenessBefore + 0.02),
    refusals: add(I.refusals, o.ending === 'refused' ? 1 : 0),
    blocked: add(I.blocked, o.ending === 'blocked' ? 1 : 0),
    flagged: add(I.flagged, o.signatureRisk >= 20 ? 1 : 0),
    personal: add(I.personal, o.personalData),
    costUsd: add(I.cost, Number.isNaN(o.costUsd) ? 0 : o.costUsd),
    inputGrowth: first || get(I.firstInput) === 0 ? 1 : o.inputTokens / get(I.firstInput),
    inputRun: run(I.inputRun, !first && o.inputTokens > get(I.lastInput) * 1.15),
    agentRun: run(I.agentRun, o.afterTool || (!first && o.turn === get(I.turn) && o.tools.length > 0)),
    sameCallRun: run(I.sameCallRun, sameCall),
    pingPong: run(I.pingPong, pingPong),
    callRepeats,
    errorRun: run(I.errorRun, o.toolErrors > 0),
    failRun: run(I.failRun, o.ending === 'failed' || o.ending === 'rejected'),
    answerRun: run(I.answerRun, o.responseHash !== 0 && o.responseHash === get(I.lastAnswer)),
    quickTurns: run(I.quickTurns, !first && !o.afterTool && elapsed < HUMAN_SECONDS),
    likeness: alike,
    topicDistance: topic,
    languages: 0,
    newLanguage: language !== 0 && meet(thread.languages, language) === 0 && !first,
    newTools: first ? 0 : newTools,
    gaveIn: stoppedBefore && outcome !== 3 && o.ending === 'answered' && alike.closestStopped >= 0.3,
    changedSystem: changed(I.system, o.systemHash),
    changedToolset: changed(I.toolset, o.toolsHash),
    changedNetwork: changed(I.network, o.network),
    changedModel: changed(I.model, o.model),
    changedUser: changed(I.user, o.user),
    rewritten: !first && o.messages < get(I.messages) - 1 && o.turn >= get(I.turn),
    afterIndirect: o.indirectRisk >= 40 || get(I.indirect) > 0,
    sinceRead: previousRead === 0 ? (o.toolKinds.reads ? 0 : Number.POSITIVE_INFINITY) : count + 1 - previousRead,
  };
  facts.languages = thread.languages.hashes.reduce((sum, hash) => sum + (hash === 0 ? 0 : 1), 0);

  set(I.position, o.position);
  set(I.at, Math.max(get(I.at), now));
  set(I.count, count + 1);
  if (first) {
    set(I.startedAt, now);
    set(I.firstInput, o.inputTokens);
  }
  set(I.lastInput, o.inputTokens);
  set(I.messages, o.messages);
  set(I.turn, o.turn);
  set(I.callBefore, get(I.lastCall));
  set(I.lastCall, call);
  set(I.lastAnswer, o.responseHash);
  set(I.indirect, o.indirectRisk >= 40 ? 1 : 0);
  if (o.toolKinds.reads) set(I.readAt, count + 1);
  if (!o.afterTool && o.text.words > 2) {
    set(I.lastOutcome, outcome);
    rememberPrompt(thread.prompts, o.text.sketch, o.text.hash, outcome);
  }
  return facts;
}
