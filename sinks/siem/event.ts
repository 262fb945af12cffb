/**
 * What a record of each topic is to a SIEM: its id, its time, its severity. The formats are made from this. The subtle
 * point is the filter: a record below the wanted severity is not an error, so it is neither written nor set aside. It keeps no
 * verdict back: whoever was told of a threat must hear that it was a false alarm.
 */
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import type { Refused, SinkBatch, SinkRecord } from '../port.ts';

export const SEVERITIES = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The record each topic of the SIEM sinks carries. */
export interface SiemRecords {
  threats: Threat;
  audit: AuditEvent;
  verdicts: AnalystVerdict;
}
export type SiemTopic = keyof SiemRecords;

interface Common {
  /** The record's own id: the same in every repetition, so that a receiver can tell one. */
  id: string;
  /** Microseconds since 1970, within the years that every format can write. */
  atMicros: number;
  /** `unknown` when the record names one that this version does not know; no filter drops it. */
  severity: Severity | 'unknown';
  /** What happened, in words: `Prompt Injection Detected`. */
  title: string;
}
export type SiemEvent = Common &
  ({ topic: 'threats'; record: Threat } | { topic: 'audit'; record: AuditEvent } | { topic: 'verdicts'; record: AnalystVerdict });

/** An event with its place in the batch and in the log. */
export interface Placed {
  index: number;
  offset: number;
  key: string;
  event: SiemEvent;
}

/** Year 9999: what RFC 3339 can still write. */
const LAST_MICROS = 253_402_300_799_000_000;

const EVENTS: { [Id in SiemTopic]: (record: SiemRecords[Id]) => SiemEvent } = {
  threats: threatEvent,
  audit: auditEvent,
  verdicts: verdictEvent,
};

export function toEvent<Id extends SiemTopic>(topic: Id, value: SiemRecords[Id]): SiemEvent {
  return EVENTS[topic](value);
}

/** The events of a batch that pass the filter, and what cannot be told as an event at all. */
export function eventsOf<Id extends SiemTopic>(
  topic: Id,
  batch: SinkBatch<SiemRecords[Id]>,
  minSeverity: Severity,
): { events: Placed[]; refused: Refused[] } {
  const events: Placed[] = [];
  const refused: Refused[] = [];
  batch.records.forEach(({ value, offset, key }: SinkRecord<SiemRecords[Id]>, index) => {
    const { occurredAt } = value;
    if (!(occurredAt >= 0 && occurredAt <= LAST_MICROS)) {
      refused.push({ index, reason: 'occurredAt is not a time between 1970 and 9999.' });
      return;
    }
    const event = toEvent(topic, value);
    if (topic === 'verdicts' || passes(event.severity, minSeverity)) events.push({ index, offset, key, event });
  });
  return { events, refused };
}

export function passes(severity: SiemEvent['severity'], minSeverity: Severity): boolean {
  return severity === 'unknown' || SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minSeverity);
}

/** Milliseconds since 1970. */
export function millisOf({ atMicros }: SiemEvent): number {
  return Math.floor(atMicros / 1_000);
}

/** `2026-03-01T00:00:00.000250Z`. */
export function timestampOf(event: SiemEvent): string {
  const micros = String(event.atMicros % 1_000).padStart(3, '0');
  return new Date(millisOf(event)).toISOString().replace('Z', `${micros}Z`);
}

function threatEvent(record: Threat): SiemEvent {
  const known = SEVERITIES.find((severity) => severity === record.severity);
  const title = `${inWords(record.threatType)} Detected`;
  return { topic: 'threats', id: record.threatId, atMicros: record.occurredAt, severity: known ?? 'unknown', title, record };
}

/** An audit event has no severity of its own: what worked is for the record, what failed is worth a look. */
function auditEvent(record: AuditEvent): SiemEvent {
  const failed = record.outcome === 'failure';
  const title = `${inWords(record.action)}${failed ? ' Failed' : ''}`;
  return { topic: 'audit', id: record.auditId, atMicros: record.occurredAt, severity: failed ? 'medium' : 'informational', title, record };
}

const VERDICT_SEVERITY = new Map<string, Severity>([
  // An attack that went through, and no rule saw it.
  ['missed', 'high'],
  ['true_positive', 'medium'],
  ['false_positive', 'informational'],
  ['withdrawn', 'informational'],
]);

/** The threat's own severity is not in the verdict: this says how much the word is worth a look. */
function verdictEvent(record: AnalystVerdict): SiemEvent {
  const { verdict, verdictId, occurredAt, threatType } = record;
  const title =
    verdict === 'missed'
      ? 'Missed Attack Reported'
      : verdict === 'withdrawn'
        ? 'Verdict Withdrawn'
        : `${inWords(threatType)} Judged ${inWords(verdict)}`;
  return { topic: 'verdicts', id: verdictId, atMicros: occurredAt, severity: VERDICT_SEVERITY.get(verdict) ?? 'unknown', title, record };
}

function inWords(name: string): string {
  return name
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
