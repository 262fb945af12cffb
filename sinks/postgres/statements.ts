/**
 * The SQL of the sinks: one statement for each table and batch, whose rows come as one JSON parameter. Rows are taken in the
 * order of their keys, and tables in the order of this file, by both sinks: two transactions that meet wait for each other in
 * one direction only. Columns that people set are in none of these statements, except where `people_set` is asked.
 */

import { foldThreats, type Incident, QUIET_MICROS, type Suspect } from '../../detection/incidents.ts';
import type { Session } from './connect.ts';
import type { Rows } from './rows.ts';
import { timestampOf } from './values.ts';

/** Where to write; `live` is the schema in use when another one is being rebuilt. */
export interface Target {
  schema: string;
  live: string | null;
}

export async function applyRows(session: Session, target: Target, rows: Rows): Promise<void> {
  const s = `"${target.schema}"`;
  const put = async (sql: string, values: readonly object[]) => {
    if (values.length > 0) await session.query(sql, [JSON.stringify(values)]);
  };
  await put(violationsOf(s), rows.violations);
  await put(usersOf(s), rows.users);
  await put(agentsOf(s), rows.agents);
  await put(modelsOf(s), rows.models);
  // The agents' rows are locked by now, so nobody else folds threats of the same agent.
  if (rows.suspects.length > 0) await put(incidentsOf(s), (await fold(session, target, rows.suspects)).map(incidentRow));
}

const violationsOf = (s: string) => `INSERT INTO ${s}.violations
  (id, org, agent_id, user_id, source, rule, effect, severity, description, interaction_id, occurred_at)
SELECT DISTINCT ON (id) id, org, agent_id, user_id, source, rule, effect, severity, description, interaction_id, occurred_at
FROM jsonb_to_recordset($1::jsonb) AS r (id uuid, org text, agent_id text, user_id text, source text, rule text, effect text,
  severity text, description text, interaction_id text, occurred_at timestamptz)
ORDER BY id
ON CONFLICT (id) DO NOTHING`;

const usersOf = (s: string) => `INSERT INTO ${s}.users AS t (org, user_id, first_seen, last_seen, interactions)
SELECT org, user_id, first_seen, last_seen, interactions
FROM jsonb_to_recordset($1::jsonb) AS r (org text, user_id text, first_seen timestamptz, last_seen timestamptz, interactions bigint)
ORDER BY org COLLATE "C", user_id COLLATE "C"
ON CONFLICT (org, user_id) DO UPDATE SET
  first_seen = least(t.first_seen, excluded.first_seen),
  last_seen = greatest(t.last_seen, excluded.last_seen),
  interactions = t.interactions + excluded.interactions`;

const LATER = `(t.last_model_at IS NULL
    OR (excluded.last_model_at, excluded.last_model_event COLLATE "C") > (t.last_model_at, t.last_model_event COLLATE "C"))`;

const agentsOf = (s: string) => `INSERT INTO ${s}.agents AS t
  (org, agent_id, first_seen, last_seen, interactions, threats, last_vendor, last_model, last_model_at, last_model_event)
SELECT org, agent_id, first_seen, last_seen, interactions, threats, last_vendor, last_model, last_model_at, last_model_event
FROM jsonb_to_recordset($1::jsonb) AS r (org text, agent_id text, first_seen timestamptz, last_seen timestamptz,
  interactions bigint, threats bigint, last_vendor text, last_model text, last_model_at timestamptz, last_model_event text)
ORDER BY org COLLATE "C", agent_id COLLATE "C"
ON CONFLICT (org, agent_id) DO UPDATE SET
  first_seen = least(t.first_seen, excluded.first_seen),
  last_seen = greatest(t.last_seen, excluded.last_seen),
  interactions = t.interactions + excluded.interactions,
  threats = t.threats + excluded.threats,
  last_vendor = CASE WHEN ${LATER} THEN excluded.last_vendor ELSE t.last_vendor END,
  last_model = CASE WHEN ${LATER} THEN excluded.last_model ELSE t.last_model END,
  last_model_at = CASE WHEN ${LATER} THEN excluded.last_model_at ELSE t.last_model_at END,
  last_model_event = CASE WHEN ${LATER} THEN excluded.last_model_event ELSE t.last_model_event END`;

const modelsOf = (s: string) => `INSERT INTO ${s}.models AS t
  (vendor, model_name, discovered_at, last_seen, interactions, input_tokens, output_tokens, cost_usd)
SELECT vendor, model_name, first_seen, last_seen, interactions, input_tokens, output_tokens, cost_usd
FROM jsonb_to_recordset($1::jsonb) AS r (vendor text, model_name text, first_seen timestamptz, last_seen timestamptz,
  interactions bigint, input_tokens numeric, output_tokens numeric, cost_usd numeric)
ORDER BY vendor COLLATE "C", model_name COLLATE "C"
ON CONFLICT (vendor, model_name) DO UPDATE SET
  discovered_at = least(t.discovered_at, excluded.discovered_at),
  last_seen = greatest(t.last_seen, excluded.last_seen),
  interactions = t.interactions + excluded.interactions,
  input_tokens = t.input_tokens + excluded.input_tokens,
  output_tokens = t.output_tokens + excluded.output_tokens,
  cost_usd = t.cost_usd + excluded.cost_usd`;

/** Numbers are absolute: the rows were read, locked, in the same transaction. */
const incidentsOf = (s: string) => `INSERT INTO ${s}.incidents AS t
  (id, org, agent_id, threat_type, title, severity, threats, first_seen, last_seen)
SELECT id, org, agent_id, threat_type, title, severity, threats, first_seen, last_seen
FROM jsonb_to_recordset($1::jsonb) AS r (id uuid, org text, agent_id text, threat_type text, title text, severity text,
  threats bigint, first_seen timestamptz, last_seen timestamptz)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
  threats = excluded.threats,
  first_seen = excluded.first_seen,
  last_seen = excluded.last_seen,
  severity = CASE WHEN 'severity' = ANY (t.people_set) THEN t.severity ELSE excluded.severity END`;

interface StandingRow {
  id: string;
  org: string;
  agent_id: string;
  threat_type: string;
  title: string;
  severity: string;
  threats: number;
  first_seen: number;
  last_seen: number;
  resolved_at: number | null;
}

const micros = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::float8 AS ${column.split('.').at(-1)}`;

/** An incident that a person made has no threats of ours: it is not in the log, so a rebuild could not fold into it. */
const standingOf = (s: string) => `SELECT i.id::text AS id, i.org, i.agent_id, i.threat_type, i.title, i.severity,
  i.threats::float8 AS threats, ${micros('i.first_seen')}, ${micros('i.last_seen')}, ${micros('i.resolved_at')}
FROM ${s}.incidents i
JOIN jsonb_to_recordset($1::jsonb) AS k (org text, agent_id text, threat_type text, low timestamptz, high timestamptz)
  ON i.org = k.org AND i.agent_id = k.agent_id AND i.threat_type = k.threat_type AND i.last_seen > k.low AND i.first_seen < k.high
WHERE NOT 'inserted' = ANY (i.people_set)
ORDER BY i.id
FOR UPDATE OF i`;

const resolutionsOf = (s: string) => `SELECT i.id::text AS id, ${micros('i.resolved_at')}
FROM ${s}.incidents i
JOIN jsonb_to_recordset($1::jsonb) AS k (org text, agent_id text, threat_type text)
  ON i.org = k.org AND i.agent_id = k.agent_id AND i.threat_type = k.threat_type
WHERE i.status = 'resolved'`;

async function fold(session: Session, { schema, live }: Target, suspects: readonly Suspect[]): Promise<Incident[]> {
  const spans = new Map<string, { org: string; agent_id: string; threat_type: string; low: number; high: number }>();
  for (const { org, agentId, threatType, at } of suspects) {
    const key = JSON.stringify([org, agentId, threatType]);
    const { low = at, high = at } = spans.get(key) ?? {};
    spans.set(key, { org, agent_id: agentId, threat_type: threatType, low: Math.min(low, at), high: Math.max(high, at) });
  }
  const keys = JSON.stringify(
    [...spans.values()].map((span) => ({
      ...span,
      low: timestampOf(span.low - QUIET_MICROS),
      high: timestampOf(span.high + QUIET_MICROS),
    })),
  );
  const rows = await session.query<StandingRow>(standingOf(`"${schema}"`), [keys]);
  const known = live === null ? [] : await resolutionsIn(session, live, keys);
  const resolutions = new Map(known.map(({ id, resolved_at }) => [id, resolved_at]));
  const standing = rows.map(
    (row): Incident => ({
      id: row.id,
      org: row.org,
      agentId: row.agent_id,
      threatType: row.threat_type,
      title: row.title,
      severity: row.severity,
      threats: row.threats,
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      resolvedAt: row.resolved_at ?? resolutions.get(row.id) ?? null,
    }),
  );
  return foldThreats(suspects, standing, resolutions);
}

async function resolutionsIn(session: Session, live: string, keys: string): Promise<{ id: string; resolved_at: number }[]> {
  const [there] = await session.query<{ yes: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS yes`, [`"${live}".incidents`]);
  return there?.yes ? session.query(resolutionsOf(`"${live}"`), [keys]) : [];
}

function incidentRow({ id, org, agentId, threatType, title, severity, threats, firstSeen, lastSeen }: Incident): object {
  return {
    id,
    org,
    agent_id: agentId,
    threat_type: threatType,
    title,
    severity,
    threats,
    first_seen: timestampOf(firstSeen),
    last_seen: timestampOf(lastSeen),
  };
}
