/**
 * What a rebuild cannot make from events: what people set, and who may read. A row that people touched is found in the rebuilt
 * schema by its id; an incident that was cut otherwise there, by the one that overlaps it. What has no counterpart is kept as
 * it is: nobody's work is dropped.
 */
import type { Session } from './connect.ts';

const AGENT_COLUMNS = ['name', 'type', 'owner', 'purpose', 'declared_at'];
const VIOLATION_COLUMNS = ['severity', 'description', 'remediated', 'remediated_at'];
const INCIDENT_COLUMNS = ['title', 'description', 'severity', 'status', 'assigned_to', 'resolved_at'];

export async function carryOver(session: Session, live: string, rebuilt: string): Promise<void> {
  const [old, fresh] = [`"${live}"`, `"${rebuilt}"`];
  const agent = ['org', 'agent_id', ...AGENT_COLUMNS, 'people_set'].join(', ');
  await session.query(`UPDATE ${fresh}.agents n SET ${setByPeople(AGENT_COLUMNS)} FROM ${old}.agents o
    WHERE o.people_set <> '{}' AND (n.org, n.agent_id) = (o.org, o.agent_id)`);
  // Its counters stay behind: the rebuilt schema says what was counted.
  await session.query(`INSERT INTO ${fresh}.agents (${agent}) SELECT ${agent} FROM ${old}.agents
    WHERE people_set <> '{}' ON CONFLICT (org, agent_id) DO NOTHING`);
  await session.query(`UPDATE ${fresh}.violations n SET ${setByPeople(VIOLATION_COLUMNS)} FROM ${old}.violations o
    WHERE o.people_set <> '{}' AND n.id = o.id`);
  await session.query(`INSERT INTO ${fresh}.violations SELECT * FROM ${old}.violations
    WHERE people_set <> '{}' ON CONFLICT (id) DO NOTHING`);
  await carryIncidents(session, old, fresh);
}

async function carryIncidents(session: Session, old: string, fresh: string): Promise<void> {
  await session.script(`CREATE TEMPORARY TABLE parapet_carried ON COMMIT DROP AS
    SELECT DISTINCT ON (new_id) o.id AS old_id, coalesce(same.id, near.id) AS new_id
    FROM ${old}.incidents o
    LEFT JOIN ${fresh}.incidents same ON same.id = o.id
    LEFT JOIN LATERAL (
      SELECT r.id FROM ${fresh}.incidents r
      WHERE same.id IS NULL AND NOT 'inserted' = ANY (o.people_set)
        AND (r.org, r.agent_id, r.threat_type) = (o.org, o.agent_id, o.threat_type)
        AND r.first_seen <= o.last_seen AND r.last_seen >= o.first_seen
        AND NOT EXISTS (SELECT FROM ${old}.incidents other WHERE other.id = r.id)
      ORDER BY r.first_seen, r.id LIMIT 1
    ) near ON true
    WHERE o.people_set <> '{}' AND coalesce(same.id, near.id) IS NOT NULL
    ORDER BY new_id, o.last_seen DESC, o.id`);
  await session.query(`UPDATE ${fresh}.incidents n SET ${setByPeople(INCIDENT_COLUMNS)}
    FROM ${old}.incidents o JOIN parapet_carried c ON c.old_id = o.id WHERE n.id = c.new_id`);
  await session.query(`INSERT INTO ${fresh}.incidents SELECT * FROM ${old}.incidents o
    WHERE o.people_set <> '{}' AND NOT EXISTS (SELECT FROM parapet_carried c WHERE c.old_id = o.id) ON CONFLICT (id) DO NOTHING`);
}

/** Of the old row `o` into the new one `n`, what a person has set there. */
function setByPeople(columns: readonly string[]): string {
  const chosen = (column: string) =>
    `${column} = CASE WHEN o.people_set && ARRAY['${column}', 'inserted'] THEN o.${column} ELSE n.${column} END`;
  return [...columns.map(chosen), 'people_set = o.people_set'].join(', ');
}

/** Grants belong to tables, not to names: without this the dashboard's role would be locked out by a swap. */
export async function copyGrants(session: Session, live: string, rebuilt: string): Promise<void> {
  const rows = await session.query<{ statement: string }>(
    `WITH grants AS (
      SELECT format('SCHEMA %I', $2::text) AS target, a.grantee, a.privilege_type AS privilege, a.is_grantable, n.nspowner AS owner
      FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = $1
      UNION ALL
      SELECT format('TABLE %I.%I', $2::text, c.relname), a.grantee, a.privilege_type, a.is_grantable, c.relowner
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a WHERE n.nspname = $1 AND c.relkind IN ('r', 'v')
      UNION ALL
      SELECT format('TABLE %I.%I', $2::text, c.relname), a.grantee, format('%s (%I)', a.privilege_type, t.attname), a.is_grantable, c.relowner
      FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'v') AND NOT t.attisdropped
    )
    SELECT format('GRANT %s ON %s TO %s%s', privilege, target,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
      CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
    FROM grants WHERE grantee <> owner ORDER BY 1`,
    [live, rebuilt],
  );
  for (const { statement } of rows) await session.script(statement);
}
