import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indicators } from './indicators/index.ts';
import { BEHAVIOUR_ALERT, createScorer, logOdds, riskOf } from './score.ts';
import { createState, decodeState, encodeState, SCOPES, type State, type States, stateKeys, update } from './state.ts';
import { ATTACKERS, withAttack } from './testing/attackers.ts';
import { observationOf, play } from './testing/script.ts';
import { diceOf, honest, judge } from './testing/simulate.ts';

const fresh = (): States => ({
  user: createState('user') as States['user'],
  agent: createState('agent') as States['agent'],
  conversation: createState('conversation') as States['conversation'],
});
const all = (states: States): State[] => [states.user as State, states.agent, states.conversation];

/** Everything about it is another each time: what grows with the number of names would grow here. */
const hostile = (i: number) =>
  observationOf(
    {
      user: `u${i}`,
      conversation: `c${i}`,
      network: `n${i}`,
      model: `m${i}`,
      userAgent: `a${i}`,
      apiKey: `k${i}`,
      country: `l${i}`,
      region: `r${i}`,
      say: `${i} ${'\ud800'} ${i * 7}`,
      tools: [`t${i}`, `t${i + 1}`],
      costUsd: 1e9 * i,
      inputTokens: Number.MAX_SAFE_INTEGER,
      personalData: 1e12,
      latitude: (i % 180) - 90,
      longitude: i % 360,
    },
    i,
    Date.UTC(2026, 0, 1) + (i % 1_000) * (i % 7) * 1_000,
  );

describe('the state of a key', () => {
  it('is below 4 KiB and never grows, whatever the traffic', () => {
    const states = fresh();
    const before = all(states).map((state) => encodeState(state).length);
    for (let i = 0; i < 20_000; i++) update(states, hostile(i));
    expect(all(states).map((state) => encodeState(state).length)).toEqual(before);
    for (const size of before) expect(size).toBeLessThan(4_096);
  });

  it('keeps its numbers finite, so that one absurd event spoils nothing', () => {
    const states = fresh();
    for (let i = 0; i < 2_000; i++) update(states, hostile(i));
    for (const { baselines } of [states.user, states.agent] as NonNullable<States['user']>[]) {
      for (const field of baselines.fields) for (const value of field) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it('goes on after a restart as if there had been none', () => {
    const script = Array.from({ length: 80 }, (_, i) =>
      observationOf({ tools: [`t${i % 3}`], network: `n${i % 2}` }, i, 1e12 + i * 60_000),
    );
    const whole = fresh();
    let restarted = fresh();
    for (const observation of script) {
      update(whole, observation);
      update(restarted, observation);
      const [user, agent, conversation] = all(restarted).map((state) => decodeState(encodeState(state)));
      restarted = { user, agent, conversation } as States;
    }
    expect(all(restarted).map(encodeState)).toEqual(all(whole).map(encodeState));
  });

  it('counts nothing twice: what comes again changes no state', () => {
    const states = fresh();
    for (let i = 0; i < 30; i++) update(states, observationOf({}, i, 1e12 + i * 60_000));
    const once = all(states).map(encodeState);
    for (let i = 10; i < 30; i++) expect(update(states, observationOf({}, i, 1e12 + i * 60_000))).toBeNull();
    expect(all(states).map(encodeState)).toEqual(once);
  });

  it('leaves a state alone that is ahead of the others after a crash', () => {
    const states = fresh();
    const ahead = fresh();
    for (let i = 0; i < 30; i++) update(ahead, observationOf({}, i, 1e12 + i * 60_000));
    const user = encodeState(ahead.user as State);
    for (let i = 0; i < 30; i++) expect(update({ ...states, user: ahead.user }, observationOf({}, i, 1e12 + i * 60_000))).not.toBeNull();
    expect(encodeState(ahead.user as State)).toEqual(user);
    expect(states.agent.marks[2]).toBe(30);
  });

  it('refuses bytes that are no state, and starts anew for another format', () => {
    expect(() => decodeState(new Uint8Array(9))).toThrow(expect.objectContaining({ code: 'PARAPET_BEHAVIOUR_STATE_UNREADABLE' }));
    for (const scope of SCOPES) {
      const bytes = encodeState(createState(scope));
      expect(() => decodeState(bytes.slice(0, -1))).toThrow(/bytes/);
      bytes[1] = 99;
      expect(decodeState(bytes)).toBeUndefined();
    }
  });

  it('has keys that no name can forge', () => {
    expect(stateKeys({ org: 'o', agentId: 'a/b', userId: 'c', conversationId: 'd' })).not.toEqual(
      stateKeys({ org: 'o', agentId: 'a', userId: 'b/c', conversationId: 'd' }),
    );
  });
});

describe('the score', () => {
  const evidences = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: indicators.length, maxLength: indicators.length });
  const families = [...new Set(indicators.map(({ family }) => family))];
  const familyOf = indicators.map(({ family }) => families.indexOf(family));
  const risk = (given: Float64Array) => riskOf(logOdds(indicators, familyOf, families.length, given).reduce((a, b) => a + b, 0));

  it('never falls when there is more evidence', () => {
    fc.assert(
      fc.property(evidences, fc.nat(indicators.length - 1), fc.double({ min: 0, max: 1, noNaN: true }), (given, which, more) => {
        const one = Float64Array.from(given);
        const other = Float64Array.from(given, (evidence, i) => (i === which ? Math.max(evidence, more) : evidence));
        expect(risk(other)).toBeGreaterThanOrEqual(risk(one) - 1e-9);
        expect(risk(other)).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('is 0 without evidence', () => {
    expect(risk(new Float64Array(indicators.length))).toBe(0);
  });

  it('counts names for one fact little more than the strongest of them', () => {
    const size = indicators.map(({ family }) => (family === 'size' ? 1 : 0));
    const one = size.map((evidence, i) => (i === size.indexOf(1) ? evidence : 0));
    const odds = (given: number[]) => logOdds(indicators, familyOf, families.length, Float64Array.from(given)).reduce((a, b) => a + b, 0);
    expect(odds(size)).toBeLessThan(odds(one) * 3);
  });

  it('is explained: the points of its contributions are the risk', () => {
    const score = createScorer();
    let explained = 0;
    for (const moment of play(indicators.slice(0, 60).flatMap(({ examples }) => examples.fires.slice(-1)))) {
      const { riskScore, contributions, findings } = score(moment);
      expect(contributions.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(riskScore, 6);
      expect(findings.length > 0).toBe(riskScore >= BEHAVIOUR_ALERT);
      if (contributions.length > 0) explained++;
    }
    expect(explained).toBeGreaterThan(0);
  });

  it('says nothing of what is unusual before it knows what is usual', () => {
    const [first] = play([{ responseChars: 50_000, inputTokens: 90_000, network: 'x', model: 'y', at: Date.UTC(2026, 2, 1, 3) }]);
    expect(createScorer()(first as NonNullable<typeof first>).riskScore).toBe(0);
  });
});

/** Weights and thresholds were chosen on seed 1; these are others. */
describe.each([11, 12])('a simulated firm, seed %i', (seed) => {
  it('has at most one false alarm in a hundred interactions', () => {
    const judged = judge(honest({ seed }));
    const alarms = judged.filter(({ behaviour }) => behaviour.riskScore >= BEHAVIOUR_ALERT).length;
    expect(judged.length).toBeGreaterThan(5_000);
    expect(alarms / judged.length).toBeLessThanOrEqual(0.01);
  }, 60_000);

  it.each(ATTACKERS.map((attacker) => [attacker.name, attacker] as const))(
    'finds: %s',
    (_name, attacker) => {
      const acts = judge(withAttack(attacker, seed, diceOf(seed))).filter(({ event }) => event.attack !== undefined);
      const first = acts.findIndex(({ behaviour }) => behaviour.riskScore >= BEHAVIOUR_ALERT) + 1;
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThanOrEqual(attacker.before);
    },
    60_000,
  );
});
