/**
 * From a threat to the incidents of its agent. Which one it belongs to is the rule that all keepers of incidents share
 * (`detection/incidents.ts`): high and critical threats open incidents and keep them open, so that the ids are the same
 * wherever they are made. Lower ones join an incident of their type that is open, and open none.
 */
import { foldThreats, isGraver, nearest, opensIncident, QUIET_MICROS, TOLD_MICROS, titleOf } from '../../detection/incidents.ts';
import { instantOf } from '../../log/quarantine.ts';
import type { Incident, Threat } from '../../schemas/types.ts';
import { type AgentState, type Case, countOnce, markOf } from './state.ts';

const DAY_MICROS = 86_400_000_000;
/** An incident that is over is remembered for as long as a threat of its time may still come. */
export const LATE_MICROS = DAY_MICROS;
const CASES = 64;
const TECHNIQUES = 32;

/** The incident that the threat joins or opens, counted; undefined when it belongs to none. */
export function joinCase(state: AgentState, threat: Threat, at: number): Case | undefined {
  const found = opensIncident(threat.severity) ? opened(state, threat, at) : standing(state, threat, at);
  if (found === undefined) return undefined;
  found.threats += 1;
  found.blocked += threat.actionTaken === 'blocked' ? 1 : 0;
  found.interactions += countOnce(state, markOf('interaction', found.id, threat.interactionId)) ? 1 : 0;
  found.riskScore = Math.max(found.riskScore, threat.riskScore);
  if (isGraver(threat.severity, found.severity)) found.severity = threat.severity;
  found.techniques = [...new Set([...found.techniques, ...threat.techniques])].sort().slice(0, TECHNIQUES);
  if (at >= found.newestAt) {
    found.newestAt = at;
    found.newestThreatId = threat.threatId;
    found.newestInteractionId = threat.interactionId;
  }
  return found;
}

function ofType({ cases }: AgentState, type: string): Case[] {
  return cases.filter(({ threatType }) => threatType === type);
}

function standing(state: AgentState, { threatType }: Threat, at: number): Case | undefined {
  const found = nearest(ofType(state, threatType), at);
  return found?.closed ? undefined : found;
}

function opened(state: AgentState, { threatId, org, agentId, threatType, severity, ...threat }: Threat, at: number): Case {
  const known = ofType(state, threatType);
  const title = titleOf(threatType, agentId);
  const [folded] = foldThreats(
    [{ threatId, org, agentId, threatType, severity, at }],
    known.map(({ id, ...each }) => ({ ...each, id, org, agentId, title })),
    new Map(),
  );
  const { id, firstSeen, lastSeen } = folded as { id: string; firstSeen: number; lastSeen: number };
  const before = known.find((each) => each.id === id);
  if (before) return Object.assign(before, { firstSeen, lastSeen });
  const made: Case = {
    id,
    threatType,
    severity,
    firstSeen,
    lastSeen,
    resolvedAt: null,
    threats: 0,
    blocked: 0,
    interactions: 0,
    riskScore: 0,
    techniques: [],
    openedBy: threatId,
    newestThreatId: threatId,
    newestInteractionId: threat.interactionId,
    newestAt: at,
    closed: false,
    containedUntil: null,
    excused: false,
  };
  state.cases.push(made);
  return made;
}

/** An incident is over when an hour has passed without a grave threat; one that comes late may show that it was not. */
export function settleCases(state: AgentState): void {
  const { newest } = state;
  for (const each of state.cases) each.closed = newest >= each.lastSeen + QUIET_MICROS;
}

/** Forgets what is long over. */
export function forgetCases(state: AgentState): void {
  state.cases = state.cases.filter(({ lastSeen }) => lastSeen > state.newest - LATE_MICROS - QUIET_MICROS).slice(-CASES);
}

/**
 * What tells of an incident that there is something to be told anew, beside its count. Time is: of a slow attack the counts that
 * are told lie hours apart, and whoever reads the records would take the incident for over.
 */
export function standingOf({ severity, closed, containedUntil, lastSeen }: Case, now: number): string {
  return [severity, closed, isContained({ containedUntil }, now), Math.floor(lastSeen / TOLD_MICROS)].join();
}

export function isContained({ containedUntil }: Pick<Case, 'containedUntil'>, now: number): boolean {
  return containedUntil !== null && now < containedUntil;
}

export const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0;

export function incidentRecord(each: Case, org: string, agentId: string, { trust, newest }: AgentState): Incident {
  const contained = isContained(each, newest);
  return {
    incidentId: each.id,
    org,
    agentId,
    threatType: each.threatType,
    techniques: each.techniques,
    title: titleOf(each.threatType, agentId),
    severity: each.severity as Incident['severity'],
    status: each.closed ? 'closed' : contained ? 'contained' : 'open',
    threats: each.threats,
    blocked: each.blocked,
    interactions: each.interactions,
    riskScore: each.riskScore,
    trustScore: Math.round(trust.score),
    openedBy: each.openedBy,
    newestThreatId: each.newestThreatId,
    newestInteractionId: each.newestInteractionId,
    firstSeenAt: each.firstSeen,
    lastSeenAt: Math.max(each.lastSeen, each.newestAt),
    containment: each.containedUntil === null ? null : `quarantine until ${instantOf(each.containedUntil)}`,
  };
}
