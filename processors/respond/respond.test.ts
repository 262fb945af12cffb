import { describe, expect, it } from 'vitest';
import { foldThreats, isQuiet, TOLD_MICROS } from '../../detection/incidents.ts';
import { QUARANTINE, quarantineControl } from '../../log/quarantine.ts';
import { SAMPLES } from '../../schemas/samples.ts';
import type { Control, Incident, Threat } from '../../schemas/types.ts';
import { createRespond, type QuarantineRule, TRUST } from './index.ts';

const BEGIN = Date.UTC(2026, 8, 1, 9);
const micros = (minutes: number) => (BEGIN + minutes * 60_000) * 1_000;
let made = 0;

function threat(minutes: number, change: Partial<Threat> = {}): Threat {
  const id = `t-${++made}`;
  return {
    ...(SAMPLES.Threat as Threat),
    threatId: id,
    interactionId: `of-${id}`,
    org: 'acme',
    agentId: 'bot',
    occurredAt: micros(minutes),
    threatType: 'prompt_injection',
    severity: 'high',
    riskScore: 100,
    actionTaken: 'none',
    ...change,
  };
}

/** One partition, its log of outputs, and a clock that stands at the newest event unless it is said otherwise. */
function setUp({ quarantine, clock }: { quarantine?: QuarantineRule; clock?: () => number } = {}) {
  let now = BEGIN;
  const held = new Map<string, Control>();
  const nameOf = (org: string, kind: string, key: string) => `${org}/${kind}/${key}`;
  const controls = { find: (org: string, kind: string, key: string) => held.get(nameOf(org, kind, key)) };
  const respond = createRespond({ controls, quarantine, now: clock ?? (() => now) });
  let memory = respond.remember();
  let offset = 0;
  const incidents: Incident[] = [];
  const told: Control[] = [];
  const audited: string[] = [];
  const states = new Map<string, Buffer>();

  function keep(): void {
    for (const { key, value } of memory.changes()) {
      if (value.length === 0) states.delete(key);
      else states.set(key, value);
    }
  }

  return {
    incidents,
    told,
    audited,
    states,
    held,
    /** The quarantines that were asked for. */
    quarantines: () => told.filter(({ kind }) => kind === QUARANTINE),
    trust: () => told.filter(({ kind }) => kind === TRUST).map(({ value }) => (JSON.parse(value ?? '') as { score: number }).score),
    lift: (agentId: string) => held.delete(nameOf('acme', QUARANTINE, agentId)),
    hold: (control: Control) => held.set(nameOf(control.org, control.kind, control.key), control),
    /** What became of each. */
    see(...threats: Threat[]): string[] {
      return threats.map((value) => {
        now = Math.max(now, value.occurredAt / 1_000);
        const key = `${value.org}/${value.agentId}`;
        const outcome = memory.step({ value, key, timestamp: value.occurredAt / 1_000, headers: {}, offset: offset++ });
        if (outcome.kind !== 'emit') return outcome.kind;
        for (const record of outcome.records) {
          if (record.topic === 'incidents') incidents.push(record.value);
          if (record.topic === 'audit') audited.push(record.value.action);
          if (record.topic !== 'controls') continue;
          told.push(record.value);
          held.set(record.key, record.value);
        }
        return 'emit';
      });
    },
    seeAgain(at: number, value: Threat) {
      return memory.step({ value, key: 'acme/bot', timestamp: 0, headers: {}, offset: at }).kind;
    },
    keep,
    /** Another process takes the partition. */
    move() {
      keep();
      memory = respond.remember();
      for (const [key, value] of states) memory.restore({ key, value } as never);
    },
  };
}

describe('incidents', () => {
  it('are opened by high and critical threats, and joined by lower ones', () => {
    const { see, incidents } = setUp();
    see(threat(0, { severity: 'medium' }));
    expect(incidents).toEqual([]);
    const first = threat(1, { techniques: ['LLM01'] });
    see(first, threat(2, { severity: 'low', techniques: ['AML.T0051'], actionTaken: 'blocked' }));
    expect(incidents.at(-1)).toMatchObject({
      openedBy: first.threatId,
      title: 'Prompt injection by bot',
      severity: 'high',
      status: 'open',
      threats: 2,
      blocked: 1,
      interactions: 2,
      techniques: ['AML.T0051', 'LLM01'],
      firstSeenAt: micros(1),
      lastSeenAt: micros(2),
    });
  });

  it('are not made of requests for harm, which are no attack, nor does trust fall by them', () => {
    const { see, incidents, told } = setUp({ quarantine: { below: 99, minutes: 60 } });
    const asked = Array.from({ length: 20 }, (_, i) => threat(i, { threatType: 'harmful_request', severity: 'critical' }));
    expect(new Set(see(...asked))).toEqual(new Set(['drop']));
    expect([incidents, told]).toEqual([[], []]);
  });

  it('are of one agent and type, and have the ids that every keeper of incidents gives them', () => {
    const { see, incidents } = setUp();
    const threats = [0, 30, 89, 150, 152].flatMap((at) => [
      threat(at),
      threat(at, { agentId: 'other' }),
      threat(at, { threatType: 'secret_leak', severity: 'critical' }),
      threat(at + 20, { severity: 'low' }),
    ]);
    see(...threats);
    const grave = threats.filter(({ severity }) => severity !== 'low').map((each) => ({ ...each, at: each.occurredAt }));
    const expected = foldThreats(grave, [], new Map()).map(({ id }) => id);
    expect(expected).toHaveLength(6);
    expect([...new Set(incidents.map(({ incidentId }) => incidentId))].sort()).toEqual(expected.sort());
  });

  it('are told of when they grow twofold or become graver, not with every threat', () => {
    const { see, incidents } = setUp();
    for (let i = 0; i < 1_000; i++) see(threat(i / 100));
    expect(incidents.map(({ threats }) => threats)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    see(threat(11, { severity: 'critical' }));
    expect(incidents.at(-1)).toMatchObject({ threats: 1_001, severity: 'critical' });
  });

  it('are told of as time passes, so that nobody takes a slow attack for over', () => {
    const { see, incidents } = setUp();
    for (let i = 0; i < 40; i++) {
      see(threat(i * 55), threat(i * 55 + 20, { severity: 'low' }));
      // To whoever looks just before the next threat.
      const newest = incidents.at(-1) as Incident;
      expect(micros(i * 55) - newest.lastSeenAt).toBeLessThan(TOLD_MICROS);
      expect(isQuiet(newest.lastSeenAt, micros(i * 55 + 54))).toBe(false);
    }
    expect(new Set(incidents.map(({ incidentId, status }) => `${incidentId} ${status}`)).size).toBe(1);
    const { lastSeenAt } = incidents.at(-1) as Incident;
    expect(isQuiet(lastSeenAt, micros(39 * 55 + 90))).toBe(true);
  });

  it('are not told of more often than that, however many threats there are', () => {
    const { see, incidents } = setUp();
    for (let i = 0; i < 3_000; i++) see(threat(i / 50));
    // By count up to 2,048, and five times as another ten minutes had begun.
    expect(incidents).toHaveLength(12 + 5);
  });

  it('close when an hour has passed, with the next threat of the agent', () => {
    const { see, incidents } = setUp();
    see(threat(0), threat(10), threat(11), threat(71, { threatType: 'secret_leak' }));
    const [opened, , closed, next] = incidents;
    expect(closed).toMatchObject({ incidentId: opened?.incidentId, status: 'closed', threats: 3 });
    expect(next).toMatchObject({ threatType: 'secret_leak', status: 'open' });
    // One that comes late shows that it was not over.
    see(threat(70));
    expect(incidents.at(-1)).toMatchObject({ incidentId: opened?.incidentId, status: 'open', threats: 4 });
  });

  it('count a threat once, however often it comes, and whoever counts', () => {
    const { see, seeAgain, incidents, move } = setUp();
    const again = threat(0);
    expect(see(again, again, threat(1))).toEqual(['emit', 'drop', 'emit']);
    move();
    expect(see(again)).toEqual(['drop']);
    expect(seeAgain(2, threat(2))).toBe('drop');
    expect(incidents.at(-1)).toMatchObject({ threats: 2 });
  });

  it('do not count what comes a day late: nobody could say whether it came before', () => {
    const { see } = setUp();
    expect(see(threat(0), threat(-23 * 60), threat(-25 * 60))).toEqual(['emit', 'emit', 'drop']);
  });

  it('are not closed by a clock that is ahead', () => {
    const { see, incidents } = setUp({ clock: () => BEGIN });
    see(threat(0), threat(10_000_000, { threatType: 'secret_leak' }), threat(1));
    expect(incidents.map(({ status }) => status)).toEqual(['open', 'open', 'open']);
  });
});

describe('trust', () => {
  it('falls with severity and risk, less with what was blocked, and is told of in steps of five', () => {
    const { see, trust } = setUp();
    see(threat(0, { severity: 'critical' }), threat(0, { severity: 'low' }), threat(0, { severity: 'low' }));
    expect(trust()).toEqual([80]);
    see(threat(0, { severity: 'critical', riskScore: 0 }));
    expect(trust()).toEqual([80, 68]);
    see(threat(0, { severity: 'critical', actionTaken: 'blocked' }));
    expect(trust()).toEqual([80, 68, 63]);
  });

  it('is charged once for an interaction, by its dearest threat', () => {
    const { see, trust, incidents } = setUp();
    const same = { interactionId: 'one' };
    see(threat(0, { ...same, severity: 'medium' }), threat(0, { ...same, severity: 'critical' }), threat(0, { ...same }));
    expect(trust()).toEqual([80]);
    expect(incidents.at(-1)).toMatchObject({ trustScore: 80, interactions: 1, threats: 2 });
  });

  it('comes back by the events’ own time', () => {
    const { see, trust } = setUp();
    see(threat(0, { severity: 'critical' }), threat(0, { severity: 'critical' }));
    see(threat(10 * 60, { severity: 'low' }), threat(9 * 60, { severity: 'low' }));
    expect(trust()).toEqual([80, 60, 79]);
    see(threat(40 * 60, { severity: 'low' }));
    expect(trust().at(-1)).toBe(99);
  });
});

describe('quarantine', () => {
  const rule: QuarantineRule = { below: 25, minutes: 60 };
  const four = (minutes: number, change: Partial<Threat> = {}) =>
    [0, 1, 2, 3].map((n) => threat(minutes + n, { severity: 'critical', ...change }));

  it('comes when trust is below the bound, once, and the incident says so', () => {
    const { see, quarantines, incidents, audited } = setUp({ quarantine: rule });
    see(...four(0), ...four(4));
    expect(quarantines()).toHaveLength(1);
    expect(quarantines()[0]).toMatchObject({ org: 'acme', key: 'bot', actor: 'respond' });
    expect(JSON.parse(quarantines()[0]?.value ?? '')).toEqual({
      until: micros(63),
      reason: 'trust 20 is below 25',
      incidentId: incidents[0]?.incidentId,
    });
    expect(incidents.at(-1)).toMatchObject({ status: 'contained', containment: 'quarantine until 2026-09-01T10:03:00Z' });
    expect(audited).toEqual(['quarantine.set']);
  });

  it('comes for nobody when it is off, nor without an incident', () => {
    const off = setUp();
    off.see(...four(0));
    expect(off.quarantines()).toEqual([]);
    const low = setUp({ quarantine: rule });
    low.see(...Array.from({ length: 120 }, () => threat(0, { severity: 'low' })));
    expect(low.trust().at(-1)).toBe(0);
    expect(low.quarantines()).toEqual([]);
  });

  it('comes for nobody from events of last month, and they have the same incidents all the same', () => {
    const live = setUp({ quarantine: rule });
    const replayed = setUp({ quarantine: rule, clock: () => BEGIN + 30 * 86_400_000 });
    const threats = four(0);
    live.see(...threats);
    replayed.see(...threats);
    expect(live.quarantines()).toHaveLength(1);
    expect(replayed.quarantines()).toEqual([]);
    expect(replayed.incidents[0]).toEqual(live.incidents[0]);
    expect(replayed.trust()).toEqual(live.trust());
  });

  it('comes again when it ended by itself and the incident goes on', () => {
    const { see, quarantines, incidents } = setUp({ quarantine: rule });
    see(...four(0), threat(40), threat(70));
    expect(quarantines().map(({ value }) => (JSON.parse(value ?? '') as { until: number }).until)).toEqual([micros(63), micros(130)]);
    expect(incidents.at(-1)).toMatchObject({ status: 'contained', containment: 'quarantine until 2026-09-01T11:10:00Z' });
  });

  it('that a person lifted comes again only with the next incident', () => {
    const { see, quarantines, incidents, lift, move } = setUp({ quarantine: rule });
    const other = { threatType: 'burst' };
    see(...four(0), threat(4, other));
    lift('bot');
    move();
    see(threat(10));
    expect(incidents.slice(-2)).toMatchObject([
      { status: 'open', containment: null },
      { status: 'open', containment: null },
    ]);
    see(threat(11, other), threat(50), threat(51, other), threat(80));
    expect(quarantines()).toHaveLength(1);
    see(threat(81, { threatType: 'secret_leak' }));
    expect(quarantines()).toHaveLength(2);
  });

  it('is not made longer by a client that only tries again', () => {
    const { see, quarantines, trust, incidents } = setUp({ quarantine: rule });
    see(...four(0), ...Array.from({ length: 500 }, (_, i) => threat(4 + i / 10, { threatType: 'burst' })));
    expect(trust()).toEqual([80, 60, 40, 20]);
    expect(quarantines()).toHaveLength(1);
    expect(incidents.at(-1)).toMatchObject({ threatType: 'burst', status: 'contained', threats: 461 });
  });

  it('that a person set is left as it is', () => {
    const { see, quarantines, incidents, hold } = setUp({ quarantine: rule });
    const by = { org: 'acme', agentId: 'bot', actor: 'cli', issuedAt: micros(0), reason: 'odd', incidentId: null };
    hold(quarantineControl({ ...by, until: micros(1_000) }));
    see(...four(0));
    expect(quarantines()).toEqual([]);
    expect(incidents.at(-1)).toMatchObject({ status: 'contained' });
  });
});

describe('what is remembered', () => {
  it('is the same bytes wherever it is cut into batches and whoever goes on', () => {
    const threats = Array.from({ length: 600 }, (_, i) =>
      threat(i * 3, {
        threatId: `s-${i % 571}`,
        interactionId: `i-${i >> 1}`,
        agentId: `bot-${i % 7}`,
        threatType: i % 3 === 0 ? 'secret_leak' : 'burst',
        severity: (['low', 'medium', 'high', 'critical'] as const)[i % 4] as Threat['severity'],
        riskScore: i % 100,
      }),
    );
    const clock = () => BEGIN + 40 * 86_400_000;
    const whole = setUp({ clock });
    whole.see(...threats);
    whole.keep();
    const moved = setUp({ clock });
    for (const [i, each] of threats.entries()) {
      moved.see(each);
      if (i % 11 === 0) moved.move();
    }
    moved.keep();
    expect(moved.states).toEqual(whole.states);
    expect(moved.incidents).toEqual(whole.incidents);
    expect(moved.told).toEqual(whole.told);
    expect(whole.states.size).toBe(7);
    expect(Math.max(...[...whole.states.values()].map(({ length }) => length))).toBeLessThan(12_000);
  });
});
