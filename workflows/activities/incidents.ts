/** What is done about an incident: calling people, keeping its agent from vendors, and writing down how it went. */
import { nowMicros } from '../../core/ids.ts';
import { type AuditFacts, auditRecord } from '../../log/audit.ts';
import { controlRecord, followControls } from '../../log/controls.ts';
import type { EventLog } from '../../log/port.ts';
import { findQuarantine, instantOf, QUARANTINE, quarantineControl } from '../../log/quarantine.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { IncidentInput, IncidentReview } from '../contract.ts';
import type { Step } from './step.ts';

type Facts = Pick<IncidentInput, 'incidentId' | 'org' | 'agentId' | 'title'>;

export type IncidentActivities = ReturnType<typeof createIncidentActivities>;

export function createIncidentActivities({ log, codec }: { log: EventLog; codec: Codec }, step: Step) {
  const note = async (facts: Omit<AuditFacts, 'actor'>) => {
    await log.append([auditRecord(codec, { actor: 'worker', ...facts })]);
  };

  return {
    /** Does nothing where the agent is in quarantine already, for this incident or for longer. */
    containAgent: ({ incidentId, org, agentId, title }: Facts, minutes: number): Promise<void> =>
      step(`contain ${incidentId}`, async () => {
        const controls = await followControls(log, codec);
        try {
          const issuedAt = nowMicros();
          const until = issuedAt + minutes * 60_000_000;
          const held = findQuarantine(controls, org, agentId);
          if (held !== undefined && (held.incidentId === incidentId || held.until >= until)) return;
          const reason = `Nobody looked at a critical incident in time: ${title}`;
          const control = quarantineControl({ org, agentId, actor: 'worker', issuedAt, until, reason, incidentId });
          const details = { until: instantOf(until), reason, incident: incidentId };
          const event = auditRecord(codec, { org, actor: 'worker', action: `${QUARANTINE}.set`, target: `${org}/${agentId}`, details });
          await log.append([controlRecord(codec, control), event]);
        } finally {
          await controls.close();
        }
      }),

    callForTriage: ({ incidentId, org, agentId, title }: Facts, severity: string, call: number): Promise<void> =>
      step(`call ${incidentId} ${call}`, () =>
        note({ org, action: 'incident.waiting', target: incidentId, details: { agent: agentId, title, severity, call: String(call) } }),
      ),

    recordReview: ({ incidentId, org, summary, severity, status, ...times }: IncidentReview): Promise<void> =>
      step(`review ${incidentId}`, () =>
        note({
          org,
          action: 'incident.reviewed',
          target: incidentId,
          details: {
            severity,
            status,
            summary,
            triagedBy: times.triagedBy ?? '',
            closedBy: times.closedBy ?? '',
            openedAt: iso(times.openedAt),
            triagedAt: iso(times.triagedAt),
            containedAt: iso(times.containedAt),
            closedAt: iso(times.closedAt),
          },
        }),
      ),
  };
}

const iso = (time: number | null) => (time === null ? '' : new Date(time).toISOString());
