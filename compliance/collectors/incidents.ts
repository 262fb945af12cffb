/**
 * Incidents as they stand. One that has been quiet for an hour is over, as everywhere in Parapet, even when no later threat of
 * its agent has said so (its record may be ten minutes behind); over as of the report's own time, so that the same report can be made again, which is why this does not ask
 * `incidents_newest`. A verdict counts for the incident during which its threat came.
 */
import { QUIET_MICROS, TOLD_MICROS } from '../../detection/incidents.ts';
import { words } from '../localized.ts';
import { fromQuery, iso } from './sql.ts';

export const incidents = fromQuery({
  id: 'incidents',
  title: words('Incidents', 'Vorfälle', 'Incidents', 'Incidentes'),
  columns: [
    'incident',
    'agent',
    'threat_type',
    'severity',
    'status',
    'threats',
    'blocked',
    'judged',
    'trust',
    'first_seen',
    'last_seen',
    'hours',
    'containment',
  ],
  most: 10_000,
  sql: `WITH open AS (
  SELECT incident_id, agent_id, threat_type, severity, status, threats, blocked, trust_score, first_seen_at, last_seen_at, containment
  FROM (SELECT * FROM incidents ORDER BY _offset DESC LIMIT 1 BY incident_id)
  WHERE org = {org:String} AND last_seen_at >= {from:DateTime64(6, 'UTC')} AND first_seen_at < {to:DateTime64(6, 'UTC')}
), words AS (
  SELECT o.incident_id AS incident_id, count() AS judged
  FROM (SELECT agent_id, threat_type, occurred_at FROM threats_judged WHERE org = {org:String} AND verdict != '') AS j
  ASOF INNER JOIN open AS o ON j.agent_id = o.agent_id AND j.threat_type = o.threat_type AND j.occurred_at >= o.first_seen_at
  WHERE j.occurred_at <= o.last_seen_at
  GROUP BY incident_id
)
SELECT o.incident_id AS incident, o.agent_id AS agent, threat_type, severity,
  if(last_seen_at <= parseDateTime64BestEffort({now:String}, 6, 'UTC') - toIntervalSecond(${(QUIET_MICROS + TOLD_MICROS) / 1e6}), 'closed', o.status) AS status,
  threats, blocked, toInt64(w.judged) AS judged, trust_score AS trust, ${iso('first_seen_at')} AS first_seen, ${iso('last_seen_at')} AS last_seen,
  round(dateDiff('second', first_seen_at, last_seen_at) / 3600, 2) AS hours, containment
FROM open AS o LEFT JOIN words AS w ON o.incident_id = w.incident_id
ORDER BY indexOf(['critical', 'high', 'medium', 'low'], severity), first_seen_at, incident`,
  parameters: ({ now }) => ({ now }),
});
