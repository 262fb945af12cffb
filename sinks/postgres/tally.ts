/** What the tables hold, by org, and up to where each sink has counted: the two sides of a reconciliation. */
import { attempt, type Postgres } from './connect.ts';

export interface OrgTally {
  org: string;
  /** Interactions and threats that were counted, as the sums of the agents' counters. */
  interactions: number;
  threats: number;
  agents: number;
  violations: number;
  incidents: number;
  /** Words that were said. */
  verdicts: number;
}

export interface Position {
  partition: number;
  /** Every offset below is counted, but for `uncounted` of them. */
  nextOffset: number;
  /** Refused, not decodable, or not in the log (markers of transactions, what had expired). */
  uncounted: number;
}

/** By org, in order of its name; whole numbers up to 2^53. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyPostgres(store: Postgres, schema = store.schema): Promise<OrgTally[]> {
  return attempt(`count ${schema}`, () =>
    store.transaction((session) =>
      session.query<OrgTally>(
        `SELECT org, sum(interactions)::float8 AS interactions, sum(threats)::float8 AS threats, sum(agents)::float8 AS agents,
          sum(violations)::float8 AS violations, sum(incidents)::float8 AS incidents, sum(verdicts)::float8 AS verdicts
        FROM (
          SELECT org, interactions, threats, 1 AS agents, 0 AS violations, 0 AS incidents, 0 AS verdicts FROM "${schema}".agents
          UNION ALL SELECT org, 0, 0, 0, 1, 0, 0 FROM "${schema}".violations
          UNION ALL SELECT org, 0, 0, 0, 0, 1, 0 FROM "${schema}".incidents
          UNION ALL SELECT org, 0, 0, 0, 0, 0, 1 FROM "${schema}".verdicts
        ) rows GROUP BY org ORDER BY org COLLATE "C"`,
      ),
    ),
  );
}

/** Of the verdicts, by the hour (ISO 8601) of what they are on. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyVerdicts(store: Postgres): Promise<{ hour: string; rows: number }[]> {
  return attempt(`count the verdicts of ${store.schema}`, () =>
    store.transaction((session) =>
      session.query<{ hour: string; rows: number }>(
        `SELECT to_char(date_trunc('hour', coalesce(threat_at, occurred_at) AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:00:00.000"Z"') AS hour,
          count(*)::float8 AS rows FROM "${store.schema}".verdicts GROUP BY 1 ORDER BY 1`,
      ),
    ),
  );
}

/** Of one sink (`postgres.threats`), by partition. Throws PARAPET_STORE_UNAVAILABLE. */
export async function positions(store: Postgres, sink: string, schema = store.schema): Promise<Position[]> {
  return attempt(`say its positions in ${schema}`, () =>
    store.transaction((session) =>
      session.query<Position>(
        `SELECT p.partition, p.next_offset::float8 AS "nextOffset", coalesce((SELECT sum(g.last_offset - g.first_offset + 1)
          FROM "${schema}".parapet_gaps g WHERE g.sink = p.sink AND g.partition = p.partition), 0)::float8 AS uncounted
        FROM "${schema}".parapet_positions p WHERE p.sink = $1 ORDER BY p.partition`,
        [sink],
      ),
    ),
  );
}
