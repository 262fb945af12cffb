/** An audit event as a record of the log: who did what to the system, and when. The one place that makes them. */
import { newId, nowMicros } from '../core/ids.ts';
import type { Codec } from '../schemas/codec.ts';
import type { LogRecord } from './port.ts';
import { TOPICS } from './topics.ts';

export interface AuditFacts {
  org: string;
  /** Who: a person, an agent or a part of Parapet, e.g. `gateway/gw-1`. */
  actor: string;
  /** What, as noun.verb, e.g. `gateway.started`. */
  action: string;
  target: string;
  details: Record<string, string>;
}

export function auditRecord(codec: Codec, { org, actor, action, target, details }: AuditFacts): LogRecord {
  const occurredAt = nowMicros();
  return {
    topic: TOPICS.audit.name,
    key: `${org}/${actor}`,
    timestamp: Math.floor(occurredAt / 1_000),
    headers: {},
    value: codec.encode('audit', {
      auditId: newId(),
      org,
      occurredAt,
      actor,
      action,
      target,
      outcome: 'success',
      details,
      interactionId: null,
      traceId: null,
    }),
  };
}
