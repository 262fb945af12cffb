/**
 * A firm at work, and those who misuse it: honest traffic of many users over weeks (office hours, bursts, holidays, new
 * staff, deployments with another model) and scripted attackers among them. All dice are seeded, so a figure can be had
 * again. It stands for nobody's real traffic; it shows that what is usual stays quiet and what is scripted is found.
 */

import type { Behaviour } from '../score.ts';
import { createScorer } from '../score.ts';
import { createState, type Moment, type States, update } from '../state.ts';
import { observationOf, ordinary, type Traits } from './script.ts';

export interface Event extends Traits {
  at: number;
  user: string;
  agent: string;
  conversation: string;
  /** Name of the attack; absent when honest. */
  attack?: string;
}

export interface Judged {
  event: Event;
  behaviour: Behaviour;
  moment: Moment;
}

const START = Date.UTC(2026, 1, 2);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CITIES = [
  { country: 'DE', latitude: 52.5, longitude: 13.4 },
  { country: 'FR', latitude: 48.9, longitude: 2.4 },
  { country: 'US', latitude: 40.7, longitude: -74 },
];

export type Dice = () => number;

/** Small seeded dice: numbers in [0, 1), the same for the same seed. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Honest traffic of one firm: two assistants that people talk to, and an agent that works with tools. */
export function honest({ seed, days = 28, users = 24 }: { seed: number; days?: number; users?: number }): Event[] {
  const dice = diceOf(seed);
  const events: Event[] = [];
  for (let u = 0; u < users; u++) {
    const person = personOf(dice, u, days);
    for (let day = person.from; day < days; day++) {
      const weekday = new Date(START + day * DAY).getUTCDay();
      const off = weekday === 0 || weekday === 6;
      if ((off && dice() > 0.04) || (day >= person.holiday && day < person.holiday + 5)) continue;
      workDay(events, dice, person, day);
    }
  }
  return events.sort((a, b) => a.at - b.at);
}

type Person = ReturnType<typeof personOf>;

function personOf(dice: Dice, number: number, days: number) {
  const city = CITIES[Math.floor(dice() * CITIES.length)] as (typeof CITIES)[number];
  return {
    name: `user ${number}`,
    agent: ['assistant', 'assistant', 'support', 'worker'][number % 4] as string,
    city,
    begins: 7 + dice() * 3 + (city.country === 'US' ? 5 : 0),
    talks: 2 + Math.floor(dice() * 5),
    words: 25 + Math.floor(dice() * 60),
    /** Some join later. */
    from: dice() < 0.15 ? Math.floor(dice() * days * 0.6) : 0,
    holiday: dice() < 0.3 ? Math.floor(dice() * days) : days,
    home: `198.51.${number}.0/24`,
    handlesPeople: dice() < 0.25,
  };
}

function workDay(events: Event[], dice: Dice, person: Person, day: number): void {
  const fromHome = dice() < 0.2;
  const busy = dice() < 0.1 ? 3 : 1;
  const deployed = day >= 15;
  for (let talk = 0; talk < person.talks * busy; talk++) {
    let at = START + day * DAY + (person.begins + dice() * 8.5) * HOUR;
    const turns = 1 + Math.floor(dice() * 5);
    const worker = person.agent === 'worker';
    for (let turn = 1; turn <= turns; turn++) {
      const long = dice() < 0.06 ? 8 : 1;
      const words = Math.max(4, Math.floor(person.words * long * (0.4 + dice() * 1.3)));
      const steps = worker ? 1 + Math.floor(dice() * 4) : 1;
      for (let step = 0; step < steps; step++) {
        at += step === 0 ? (25 + dice() * 150) * 1_000 : (2 + dice() * 6) * 1_000;
        const inputTokens = Math.floor(words * 1.4 + 60 + turn * 120 + step * 200);
        const outputTokens = Math.floor(40 + dice() * 350 * (dice() < 0.05 ? 4 : 1));
        const tool = ['search', 'read_file', 'list_issues', 'get_ticket'][Math.floor(dice() * dice() * 4)] as string;
        const roll = dice();
        events.push({
          at,
          user: person.name,
          agent: person.agent,
          conversation: `${person.name} ${day} ${talk}`,
          network: fromHome ? person.home : `192.0.2.0/24 ${person.city.country}`,
          userAgent: person.agent === 'worker' ? 'worker/3' : 'browser/1',
          ...person.city,
          model: deployed ? 'large-2' : 'large-1',
          systemHash: deployed ? 22 : 21,
          say: ordinary(Math.floor(dice() * 1e9), words),
          inputTokens,
          outputTokens,
          responseChars: outputTokens * 4,
          costUsd: (inputTokens * 2 + outputTokens * 8) / 1e6,
          requestBytes: inputTokens * 6,
          latencyMs: 400 + outputTokens * 12 + dice() * 500,
          firstTokenMs: 150 + dice() * 300,
          messages: turn * 2 - 1 + step * 2,
          turn,
          personalData: person.handlesPeople ? Math.floor(dice() * 4) : dice() < 0.05 ? 1 : 0,
          ending: roll < 0.01 ? 'failed' : roll < 0.025 ? 'refused' : roll < 0.035 ? 'abandoned' : 'answered',
          httpStatus: roll < 0.01 ? 502 : 200,
          signatureRisk: dice() < 0.008 ? 25 : 0,
          ...(worker && step < steps - 1 ? { tools: [tool], toolKinds: { reads: true } } : {}),
          afterTool: step > 0,
          toolResultChars: step > 0 ? Math.floor(200 + dice() * 3_000) : 0,
          toolsOffered: worker ? 6 : 0,
          toolsHash: worker ? (deployed ? 42 : 41) : 0,
        });
      }
    }
  }
}

/** Runs events in order through states and score, as the stream would. */
export function judge(events: readonly Event[]): Judged[] {
  const scorer = createScorer();
  const agents = new Map<string, States['agent']>();
  const users = new Map<string, States['user']>();
  const conversations = new Map<string, States['conversation']>();
  return events.map((event, position) => {
    const { agent, attack, ...traits } = event;
    const states: States = {
      agent: known(agents, agent, () => createState('agent') as States['agent']),
      user: known(users, `${agent}/${event.user}`, () => createState('user') as States['user']),
      conversation: known(conversations, `${agent}/${event.conversation}`, () => createState('conversation') as States['conversation']),
    };
    const moment = update(states, observationOf(traits, position, event.at)) as Moment;
    return { event, moment, behaviour: scorer(moment) };
  });
}

function known<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key) ?? make();
  all.set(key, found);
  return found;
}
