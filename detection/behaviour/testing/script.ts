/**
 * Traffic in shorthand: what differs from an ordinary interaction, step by step. Made for the examples of indicators, so
 * that each can be read next to the rule it proves, and run as a test.
 */
import { hashOf } from '../hash.ts';
import { NO_KINDS, type Observation, type ToolKinds } from '../observation.ts';
import { createState, type Moment, type States, update } from '../state.ts';
import { shapeOf, type TextShape } from '../text.ts';

/** Names stand for their hashes; `after` is seconds since the step before, `say` the prompt itself. */
export type Traits = Partial<Omit<Observation, 'text' | 'toolKinds' | Named | 'tools' | 'calls'>> &
  Partial<Record<Named, string>> & {
    after?: number;
    times?: number;
    say?: string;
    text?: Partial<TextShape>;
    tools?: string[];
    calls?: string[];
    toolKinds?: Partial<ToolKinds>;
    answer?: string;
    /** Differs with each repetition: adds its number to these names. */
    vary?: Named[];
  };

const NAMED = [
  'user',
  'conversation',
  'apiKey',
  'network',
  'country',
  'region',
  'vendor',
  'model',
  'wireFormat',
  'userAgent',
] as const satisfies (keyof Observation)[];
type Named = (typeof NAMED)[number];
export type Script = Traits[];

/** Monday, 9:00 UTC. */
const MONDAY = Date.UTC(2026, 2, 2, 9);
export const DAY_SECONDS = 86_400;

const WORDS =
  'please compare our quarterly report draft list team meeting notes customer order delivery table column summary translate paragraph polite answer invoice date product price garden holiday plan route train city budget chart explain short simple example function value return email subject friendly reminder project deadline recipe soup bread history museum music'.split(
    ' ',
  );

/** A harmless prompt of about sixty words, another for each number. */
export function ordinary(number: number, words = 60): string {
  let seed = number * 2_654_435_761 + 12_345;
  const out: string[] = [];
  for (let i = 0; i < words; i++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    out.push(WORDS[(seed >>> 8) % WORDS.length] as string);
  }
  return `${out.join(' ')}.`;
}

/** A week of one user's office days: ten prompts a day, one every ten minutes. */
export function usual(traits: Traits = {}, days = 7): Script {
  return Array.from({ length: days * 10 }, (_, i) => ({
    ...traits,
    at: MONDAY + (Math.floor(i / 10) * DAY_SECONDS + (i % 10) * 600) * 1_000,
    conversation: `day ${Math.floor(i / 10)}`,
  }));
}

/** Four users of one agent, by turns, for a week; then the first of them acts. */
export function team(traits: Traits = {}, days = 7): Script {
  return Array.from({ length: days * 40 }, (_, i) => ({
    ...traits,
    at: MONDAY + (Math.floor(i / 40) * DAY_SECONDS + (i % 40) * 300) * 1_000,
    user: `user ${(i + 1) % 4}`,
    conversation: `user ${(i + 1) % 4}, day ${Math.floor(i / 40)}`,
  }));
}

/** The moments of a script, one for each interaction. */
export function play(script: Script): Moment[] {
  const agent = createState('agent') as States['agent'];
  const users = new Map<number, States['user']>();
  const conversations = new Map<number, States['conversation']>();
  const moments: Moment[] = [];
  let at = MONDAY;
  let number = 0;
  for (const step of script) {
    for (let i = 0; i < (step.times ?? 1); i++) {
      at = (i === 0 ? step.at : undefined) ?? at + (step.after ?? 600) * 1_000;
      const observation = observationOf(step, number++, at, i);
      const { user, conversation } = observation;
      if (!users.has(user)) users.set(user, createState('user') as States['user']);
      if (!conversations.has(conversation)) conversations.set(conversation, createState('conversation') as States['conversation']);
      const states = { user: users.get(user), agent, conversation: conversations.get(conversation) as States['conversation'] };
      moments.push(update(states, observation) as Moment);
    }
  }
  return moments;
}

export function observationOf(step: Traits, number: number, at: number, repetition = 0): Observation {
  const { after, times, say, text, tools = [], calls, toolKinds, answer, vary = [], ...rest } = step;
  const traits: Record<string, unknown> = { ...rest };
  for (const name of NAMED) {
    const value = step[name] ?? DEFAULTS[name];
    traits[name] = value === '' ? 0 : hashOf(vary.includes(name) ? `${value} ${repetition}` : value);
  }
  const date = new Date(at);
  const shape = shapeOf(say ?? ordinary(number, 55 + (number % 11)));
  const answerShape = shapeOf(answer ?? ordinary(number + 1_000_000));
  return {
    ...PLAIN,
    responseChars: 380 + (number % 7) * 15,
    inputTokens: 100 + (number % 5) * 4,
    outputTokens: 90 + (number % 7) * 4,
    responseHash: answerShape.hash,
    responseSketch: answerShape.sketch,
    tools: tools.map(hashOf),
    calls: (calls ?? tools.map((tool) => `${tool} ${number}`)).map(hashOf),
    ...(traits as Pick<Observation, Named>),
    position: number,
    at,
    hour: date.getUTCHours(),
    weekday: date.getUTCDay(),
    text: { ...shape, ...text },
    toolKinds: { ...NO_KINDS, ...toolKinds },
  };
}

const DEFAULTS: Record<Named, string> = {
  user: 'user 0',
  conversation: 'now',
  apiKey: 'key',
  network: '192.0.2.0/24',
  country: '',
  region: 'eu-west',
  vendor: 'vendor',
  model: 'model',
  wireFormat: 'openai.chat',
  userAgent: 'client/1',
};

const PLAIN: Omit<
  Observation,
  Named | 'text' | 'position' | 'at' | 'hour' | 'weekday' | 'responseSketch' | 'responseHash' | 'tools' | 'calls'
> = {
  latitude: Number.NaN,
  longitude: Number.NaN,
  ending: 'answered',
  httpStatus: 200,
  cutShort: false,
  filtered: false,
  attempts: 1,
  responseChars: 400,
  systemHash: 7,
  systemChars: 300,
  inputTokens: 110,
  outputTokens: 100,
  cachedShare: 0,
  reasoningTokens: 0,
  costUsd: 0.001,
  latencyMs: 900,
  firstTokenMs: 200,
  requestBytes: 900,
  messages: 2,
  turn: 1,
  temperature: Number.NaN,
  maxTokens: Number.NaN,
  toolsOffered: 0,
  toolsHash: 0,
  toolKinds: NO_KINDS,
  unofferedCalls: 0,
  toolErrors: 0,
  toolResultChars: 0,
  afterTool: false,
  personalData: 0,
  personalKinds: 0,
  signatureRisk: 0,
  indirectRisk: 0,
  canaries: 0,
};
