/**
 * `parapet incidents`: each incident as it stands, from the log. `respond` closes one with the next threat of its agent; one
 * whose agent was quiet ever since is over all the same, and shown so. Whether it was quiet nobody knows while `respond` has
 * threats to read that came meanwhile: until then its record's word holds. To look at them leaves an audit event: they say of agents
 * what not everybody is to know.
 */
import { nowMicros } from '../core/ids.ts';
import { isQuiet } from '../detection/incidents.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import { instantOf } from '../log/quarantine.ts';
import { rangesIfThere, unfinishedBy } from '../log/ranges.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Incident } from '../schemas/types.ts';

export interface IncidentParts {
  log: EventLog;
  codec: Codec;
  org: string;
  /** Who looks, for the audit log. */
  actor: string;
}

export interface IncidentFilter {
  /** Only of this agent. */
  agent?: string | undefined;
  /** Also those that are over. */
  all?: boolean | undefined;
}

/** An agent's incidents are in the partition of its threats. */
interface Newest {
  incident: Incident;
  partition: number;
}

const BATCH = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024 };

/** The newest record of each incident of the organisation, the one last seen first. */
export async function listIncidents(parts: IncidentParts, { agent, all = false }: IncidentFilter = {}): Promise<Incident[]> {
  const { log, codec, org, actor } = parts;
  const newest = new Map<string, Newest>();
  // Asked before the incidents are read: what is read by then has its records.
  const unread = new Set(await unfinishedBy(log, 'respond', TOPICS.threats.name));
  const topic = TOPICS.incidents.name;
  for (const { partition, start, end } of await rangesIfThere(log, topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, BATCH);
      const last = records.at(-1);
      if (last === undefined) break;
      await codec.prepare(
        'incidents',
        records.map(({ value }) => value),
      );
      for (const { value } of records) {
        const incident = codec.decode('incidents', value);
        if (incident.org === org && (agent === undefined || incident.agentId === agent))
          newest.set(incident.incidentId, { incident, partition });
      }
      offset = last.offset + 1;
    }
  }
  const now = nowMicros();
  const shown = [...newest.values()]
    .map(({ incident, partition }): Incident => {
      const over = isQuiet(incident.lastSeenAt, now) && !unread.has(partition);
      return over ? { ...incident, status: 'closed' } : incident;
    })
    .filter(({ status }) => all || status !== 'closed')
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  const details = { shown: String(shown.length), ...(agent === undefined ? {} : { agent }) };
  await log.append([auditRecord(codec, { org, actor, action: 'incidents.listed', target: 'incidents', details })]);
  return shown;
}

export function renderIncidents(incidents: readonly Incident[]): string[] {
  return incidents.map(
    ({ incidentId, status, severity, title, threats, blocked, trustScore, lastSeenAt, containment }) =>
      `${incidentId}  ${status.padEnd(9)}  ${severity.padEnd(8)}  ${title}  ${threats} threats, ${blocked} blocked, trust ${trustScore}, last ${instantOf(lastSeenAt)}${containment === null ? '' : `, ${containment}`}`,
  );
}
