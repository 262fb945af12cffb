/**
 * Quarantine: a control that keeps one agent of one organisation from every vendor until a time. It ends by itself, so that a
 * mistake mends even when nobody looks. A value that says nothing which can be obeyed quarantines nobody, and neither does one
 * for `*`: a control names the agent that it holds for, and there is none for all.
 */
import type { Control } from '../schemas/types.ts';
import type { Controls } from './controls.ts';

export const QUARANTINE = 'quarantine';
const EVERYBODY = '*';

export interface Quarantine {
  /** Microseconds since 1970. */
  until: number;
  reason: string;
  /** Null when a person set it. */
  incidentId: string | null;
}

/** As a control says it. */
export interface HeldQuarantine extends Quarantine {
  /** Microseconds since 1970. */
  since: number;
}

export interface QuarantineFacts extends Quarantine {
  org: string;
  agentId: string;
  actor: string;
  /** Microseconds since 1970. */
  issuedAt: number;
}

export function quarantineControl({ org, agentId, actor, issuedAt, until, reason, incidentId }: QuarantineFacts): Control {
  return { org, kind: QUARANTINE, key: agentId, issuedAt, actor, value: JSON.stringify({ until, reason, incidentId }) };
}

/** Undefined when it is none that can be obeyed. */
export function quarantineOf({ org, key, value }: Pick<Control, 'org' | 'key' | 'value'>): Quarantine | undefined {
  if (value === null || org === EVERYBODY || key === EVERYBODY) return undefined;
  try {
    const { until, reason, incidentId } = JSON.parse(value) as Record<string, unknown>;
    if (!Number.isSafeInteger(until)) return undefined;
    return { until: until as number, reason: String(reason ?? ''), incidentId: typeof incidentId === 'string' ? incidentId : null };
  } catch {
    return undefined;
  }
}

/** What is known of an agent's quarantine, over or not; undefined when there is none, or it was lifted. */
export function findQuarantine(controls: Pick<Controls, 'find'>, org: string, agentId: string): HeldQuarantine | undefined {
  const control = controls.find(org, QUARANTINE, agentId);
  const quarantine = control && quarantineOf(control);
  return quarantine && { ...quarantine, since: control.issuedAt };
}

/** To the second, for people. */
export function instantOf(micros: number): string {
  return new Date(micros / 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}
