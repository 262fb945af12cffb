/**
 * Which incident a threat belongs to. Threats of one org, agent and type that follow each other within an hour are one
 * incident, until a person resolves it: what happens after that is another. A fold in the log's order over nothing but the
 * incidents as they stand, so it makes no difference where batches are cut, and an incident's id comes from the threat that
 * opened it, so a rebuild makes the same ones. Both who keep incidents go by it: the sink of PostgreSQL and `respond`.
 */
import { derivedId } from '../core/ids.ts';

/** A threat that opens an incident, or keeps one open. */
export interface Suspect {
  threatId: string;
  org: string;
  agentId: string;
  threatType: string;
  severity: string;
  /** Microseconds since 1970. */
  at: number;
}

export interface Incident {
  id: string;
  org: string;
  agentId: string;
  threatType: string;
  title: string;
  severity: string;
  threats: number;
  /** Microseconds since 1970. */
  firstSeen: number;
  lastSeen: number;
  /** When a person resolved it; null while nobody has. */
  resolvedAt: number | null;
}

export const QUIET_MICROS = 3_600_000_000;
/** Nobody writes a record for each threat of an incident, but one whenever its last grave threat is of another ten minutes. */
export const TOLD_MICROS = 600_000_000;
const RANK = ['low', 'medium', 'high', 'critical'];
const OPENS_INCIDENTS = ['high', 'critical'];

/** Whether an incident whose newest record says that it was seen then is over: no grave threat of it has come without a record. */
export function isQuiet(lastSeenAt: number, now: number): boolean {
  return lastSeenAt + TOLD_MICROS + QUIET_MICROS <= now;
}

/** Threats of lower severities open none. */
export function opensIncident(severity: string): boolean {
  return OPENS_INCIDENTS.includes(severity);
}

export function isGraver(severity: string, other: string): boolean {
  return RANK.indexOf(severity) > RANK.indexOf(other);
}

/**
 * The incidents that these threats (in the log's order) change or open, as they are afterwards. `standing` are those of the
 * same org, agent and type that may be near; `resolutions` says of incidents that are yet to be opened when a person resolved
 * them, which a rebuild knows beforehand.
 */
export function foldThreats(
  suspects: readonly Suspect[],
  standing: readonly Incident[],
  resolutions: ReadonlyMap<string, number>,
): Incident[] {
  const byKey = new Map<string, Incident[]>();
  const changed = new Set<Incident>();
  const of = (key: string) => byKey.get(key) ?? byKey.set(key, []).get(key) ?? [];
  for (const incident of standing) of(keyOf(incident)).push({ ...incident });
  for (const suspect of suspects) {
    const candidates = of(keyOf(suspect));
    let incident = nearest(candidates, suspect.at);
    if (incident === undefined) {
      incident = opened(suspect, resolutions);
      candidates.push(incident);
    }
    incident.threats += 1;
    incident.firstSeen = Math.min(incident.firstSeen, suspect.at);
    incident.lastSeen = Math.max(incident.lastSeen, suspect.at);
    if (isGraver(suspect.severity, incident.severity)) incident.severity = suspect.severity;
    changed.add(incident);
  }
  return [...changed];
}

export function keyOf({ org, agentId, threatType }: Pick<Suspect, 'org' | 'agentId' | 'threatType'>): string {
  return JSON.stringify([org, agentId, threatType]);
}

/** Of incidents of the same org, agent and type, the one that a threat of this time belongs to. */
export function nearest<T extends Span>(incidents: readonly T[], at: number): T | undefined {
  return latest(incidents.filter((incident) => isNear(incident, at)));
}

/** What of an incident says which threats belong to it. */
export type Span = Pick<Incident, 'id' | 'firstSeen' | 'lastSeen' | 'resolvedAt'>;

/** Threats arrive late by as much as a call takes, so an hour before the first counts like an hour after the last. */
function isNear({ firstSeen, lastSeen, resolvedAt }: Span, at: number): boolean {
  return at > firstSeen - QUIET_MICROS && at < lastSeen + QUIET_MICROS && (resolvedAt === null || at <= resolvedAt);
}

function latest<T extends Span>(incidents: readonly T[]): T | undefined {
  return incidents.reduce<T | undefined>((best, one) => {
    if (best === undefined || one.lastSeen > best.lastSeen) return one;
    return one.lastSeen === best.lastSeen && one.id > best.id ? one : best;
  }, undefined);
}

function opened({ threatId, org, agentId, threatType, severity, at }: Suspect, resolutions: ReadonlyMap<string, number>): Incident {
  const id = derivedId('incident', threatId);
  return {
    id,
    org,
    agentId,
    threatType,
    title: titleOf(threatType, agentId),
    severity,
    threats: 0,
    firstSeen: at,
    lastSeen: at,
    resolvedAt: resolutions.get(id) ?? null,
  };
}

/** Names and nothing that was said. */
export function titleOf(threatType: string, agentId: string): string {
  const words = threatType.replaceAll('_', ' ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)} by ${agentId}`;
}
