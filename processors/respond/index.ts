/**
 * Turns threats into incidents, trust and quarantine. All three are of one agent, whose threats come in one partition, so
 * they are a fold over its records. The subtle points: a threat may come more than once (`detect` and `behave` may repeat
 * theirs, and a replay does) and counts once; and time is the events' own, so that a replay of last month makes last month's
 * incidents again. Only a quarantine looks at the clock: it is for what happens now, and old events bring none about.
 */

import { derivedId } from '../../core/ids.ts';
import { HARMFUL_REQUEST } from '../../detection/types.ts';
import type { Controls } from '../../log/controls.ts';
import { controlKey } from '../../log/controls.ts';
import { findQuarantine, type HeldQuarantine, instantOf, quarantineControl } from '../../log/quarantine.ts';
import { RESPONSE_STATES } from '../../log/topics.ts';
import type { Control, Threat } from '../../schemas/types.ts';
import type { Emission, Memory, Outcome, Placed, StatefulProcessor, StepInput } from '../step.ts';
import { forgetCases, incidentRecord, isPowerOfTwo, joinCase, LATE_MICROS, settleCases, standingOf } from './cases.ts';
import { type AgentState, type Case, chargeMore, countOnce, markOf } from './state.ts';
import { createAgentStates } from './states.ts';
import { costOf, lowered, recovered } from './trust.ts';

const MINUTE_MICROS = 60_000_000;
/** An event that is older brings no quarantine about. */
const FRESH_MICROS = 10 * MINUTE_MICROS;
/** A gateway's clock may be ahead by so much; an event of later than that counts as of now. */
const AHEAD_MICROS = 5 * MINUTE_MICROS;
/** A control that was asked for so long ago and is not there was taken back. */
const HEARD_MICROS = 10_000_000;
/** Trust is told of when it has changed by so much. */
const TRUST_STEP = 5;
const ACTOR = 'respond';
export const TRUST = 'trust';

export interface QuarantineRule {
  /** Trust below which an agent is quarantined. */
  below: number;
  minutes: number;
}

export interface RespondParts {
  controls: Pick<Controls, 'find'>;
  /** Undefined when nobody is to be quarantined. */
  quarantine?: QuarantineRule | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export function createRespond({ controls, quarantine, now = Date.now }: RespondParts): StatefulProcessor<'threats'> {
  function remember(): Memory<Threat> {
    const states = createAgentStates();

    function step({ value: threat, key, timestamp, offset }: StepInput<Threat> & Placed): Outcome {
      if (threat.threatType === HARMFUL_REQUEST) return { kind: 'drop', reason: 'to ask for harm is no attack on the application' };
      const clock = now() * 1_000;
      const at = Math.min(threat.occurredAt, clock + AHEAD_MICROS);
      const state = states.take(key, at);
      if (offset <= state.position) return { kind: 'drop', reason: 'it was counted before' };
      if (at < state.newest - LATE_MICROS) return { kind: 'drop', reason: 'it comes too late to be told from one that was counted' };
      if (!countOnce(state, markOf('threat', threat.threatId))) return { kind: 'drop', reason: 'this threat was counted before' };
      state.position = offset;
      state.newest = Math.max(state.newest, at);
      const held = findQuarantine(controls, threat.org, threat.agentId);
      state.trust = recovered(state.trust, at);
      // What a quarantine refused reached no vendor: a client that only tries again must not keep its agent in.
      const refused = held !== undefined && at >= held.since && at < held.until;
      if (!refused) state.trust = lowered(state.trust, chargeMore(state, markOf(threat.interactionId), costOf(threat)));

      const before = new Map(state.cases.map((each) => [each.id, standingOf(each, state.newest)]));
      const joined = joinCase(state, threat, at);
      const records: Emission[] = [];
      const emit = (control: Control) => records.push({ topic: 'controls', key: controlKey(control), timestamp, value: control });
      if (joined) contain(state, joined, threat, { held, at, clock, timestamp }, records, emit);
      settleCases(state);
      for (const each of state.cases) {
        const grown = each === joined && isPowerOfTwo(each.threats);
        if (!grown && before.get(each.id) === standingOf(each, state.newest)) continue;
        records.push({ topic: 'incidents', key, timestamp, value: incidentRecord(each, threat.org, threat.agentId, state) });
      }
      forgetCases(state);
      const score = Math.round(state.trust.score);
      if (Math.abs(score - state.published) >= TRUST_STEP) {
        state.published = score;
        const value = JSON.stringify({ score, at: state.trust.at });
        emit({ org: threat.org, kind: TRUST, key: threat.agentId, issuedAt: at, actor: ACTOR, value });
      }
      states.keep(key, state);
      return { kind: 'emit', records };
    }

    return {
      restore: states.restore,
      step,
      changes: () =>
        states
          .changes(now() * 1_000)
          .map(({ key, bytes }) => ({ topic: RESPONSE_STATES, key, timestamp: now(), headers: {}, value: bytes })),
    };
  }

  interface Moment {
    /** The control that is there, over or not. */
    held: HeldQuarantine | undefined;
    at: number;
    clock: number;
    timestamp: number;
  }

  /** Asks for a quarantine when there is a reason for one and none holds; notes what a person did about the last. */
  function contain(
    state: AgentState,
    incident: Case,
    { org, agentId }: Threat,
    { held, at, clock, timestamp }: Moment,
    records: Emission[],
    emit: (control: Control) => void,
  ): void {
    const heard = state.asked !== null && clock - state.asked.askedAt > HEARD_MICROS;
    if (heard && held === undefined) excuse(state, incident);
    if (at < clock - FRESH_MICROS) return;
    if (held && held.until > at) {
      // Also one that a person set.
      markContained(state, held.until);
      return;
    }
    if (quarantine === undefined || state.trust.score >= quarantine.below || incident.excused) return;
    // Asked for just now, and not heard of yet.
    if (state.asked !== null && !heard && at < state.asked.until) return;
    const until = at + quarantine.minutes * MINUTE_MICROS;
    if (until <= clock) return;
    state.asked = { askedAt: clock, until };
    markContained(state, until);
    const reason = `trust ${Math.floor(state.trust.score)} is below ${quarantine.below}`;
    emit(quarantineControl({ org, agentId, actor: ACTOR, issuedAt: clock, until, reason, incidentId: incident.id }));
    records.push({
      topic: 'audit',
      key: `${org}/${ACTOR}`,
      timestamp,
      value: {
        auditId: derivedId('quarantine', incident.id, String(until)),
        org,
        occurredAt: clock,
        actor: ACTOR,
        action: 'quarantine.set',
        target: `${org}/${agentId}`,
        outcome: 'success',
        details: { until: instantOf(until), reason, incident: incident.id },
        interactionId: null,
        traceId: null,
      },
    });
  }

  return { name: 'respond', input: 'threats', states: RESPONSE_STATES, remember };
}

/** It is of the agent, so of all that is open. */
function markContained({ cases }: AgentState, until: number): void {
  for (const each of cases) if (!each.closed) each.containedUntil = until;
}

/** A person let the agent call again, and knows of what was there by then; an incident that this very threat opened is another. */
function excuse(state: AgentState, joined: Case): void {
  state.asked = null;
  for (const each of state.cases) {
    each.containedUntil = null;
    each.excused ||= each !== joined || each.threats > 1;
  }
}
