/**
 * The rebuilt schema against the one in use, row by row, by what follows from events: what people set is not made by a
 * rebuild, and an incident that they cut or inserted has no counterpart.
 */
import { attempt, type Postgres } from './connect.ts';
import { checkRebuilt } from './rebuild.ts';

const COLUMNS = {
  agents: 'org, agent_id, first_seen, last_seen, interactions, threats, last_vendor, last_model, last_model_at',
  models: 'vendor, model_name, discovered_at, last_seen, interactions, input_tokens, output_tokens, cost_usd',
  users: 'org, user_id, first_seen, last_seen, interactions',
  violations: 'id, org, agent_id, user_id, source, rule, effect, interaction_id, occurred_at',
  incidents: 'id, org, agent_id, threat_type, threats, first_seen, last_seen',
  verdicts:
    'verdict_id, org, occurred_at, actor, verdict, threat_id, interaction_id, subject, layer, rule_id, threat_type, direction, path, note, threat_at',
} as const;

/** Rows that people made, with nothing counted in them. */
const OF_PEOPLE: Partial<Record<keyof typeof COLUMNS, string>> = {
  agents: `interactions = 0 AND threats = 0 AND people_set <> '{}'`,
  violations: `'inserted' = ANY (people_set)`,
  incidents: `'inserted' = ANY (people_set)`,
};

/** Rows that only the rebuilt schema has, and rows that only the one in use has. Throws PARAPET_STORE_UNAVAILABLE. */
export async function compareSchemas(store: Postgres, rebuilt: string): Promise<{ missing: number; extra: number }> {
  checkRebuilt(store, rebuilt);
  const rows = (schema: string, table: keyof typeof COLUMNS) =>
    `SELECT ${COLUMNS[table]} FROM "${schema}".${table} WHERE NOT (${OF_PEOPLE[table] ?? 'false'})`;
  const beyond = (one: string, other: string) =>
    (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[])
      .map((table) => `(SELECT count(*) FROM (${rows(one, table)} EXCEPT ALL ${rows(other, table)}) AS ${table})`)
      .join(' + ');
  const [found] = await attempt(`compare ${rebuilt} with ${store.schema}`, () =>
    store.transaction((session) =>
      session.query<{ missing: number; extra: number }>(
        `SELECT (${beyond(rebuilt, store.schema)})::float8 AS missing, (${beyond(store.schema, rebuilt)})::float8 AS extra`,
      ),
    ),
  );
  return found ?? { missing: 0, extra: 0 };
}
