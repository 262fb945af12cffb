/**
 * What the store looks like: five tables, a view of hourly sums, one of threats with what people said of them and one of
 * incidents as they stand, and the numbered migrations that make them.
 * The hourly sums are a projection *inside* the table's parts, not a materialized view beside it: a part is there with
 * its sums or not at all, so neither a crash between two inserts nor a replayed batch can make them differ from the rows.
 * Only whole and decimal numbers are summed there: sums of floats would depend on how batches were cut.
 */
import { QUIET_MICROS } from '../../detection/incidents.ts';
import type { TopicId } from '../../log/topics.ts';
import { ASSESSED_COLUMNS, AUDIT_COLUMNS, type Column, INCIDENT_COLUMNS, THREAT_COLUMNS, VERDICT_COLUMNS } from '../columns.ts';
import { attempt, type ClickHouse, onCluster } from './connect.ts';
import { readTtl, setTtl } from './ttl.ts';

export type ClickHouseView = 'interactions' | 'threats' | 'audit' | 'verdicts' | 'incidents';

export interface TableOptions {
  /** Name of the table; the view's own by default. A replay builds another beside it and swaps. */
  table?: string;
}

interface ViewSchema {
  topic: TopicId;
  columns: readonly Pick<Column<never>, 'name' | 'kind' | 'nullable'>[];
  /** The time that months are cut by. */
  time: string;
  orderBy: string;
  extras: string[];
}

/** How many inserts back a repeated one is still recognised by its token, per table. */
const DEDUPLICATION_WINDOW = 10_000;

/**
 * What rows cost the engine, which on 90 columns is more than reading and encoding them together.
 * - Below so many bytes a part is one file for all its columns: with two files for each of them an insert costs twice as
 *   much. Inserts stay below; what they are merged to soon does not, and is laid out for reading few columns.
 * - A merge rewrites parts into one when their sizes are alike and there are about this many, not the default 5: a row is
 *   rewritten log8 instead of log5 times, and to rewrite it costs twice what inserting it does.
 */
const WRITE_SETTINGS = 'min_bytes_for_wide_part = 268435456, merge_selector_base = 8';

const HOURLY_KEYS = `org, toStartOfHour(started_at) AS hour, agent_id, vendor, model_used, region, wire_format, status`;
const HOURLY_SUMS = `
  count() AS interactions,
  countIf(streaming) AS streamed,
  sum(input_tokens) AS input_tokens_sum,
  sum(output_tokens) AS output_tokens_sum,
  sum(cached_input_tokens) AS cached_input_tokens_sum,
  sum(reasoning_tokens) AS reasoning_tokens_sum,
  sum(cost_usd) AS cost_usd_sum,
  sum(toInt64(latency_ms * 1000)) AS latency_us_sum,
  max(latency_ms) AS latency_ms_max,
  sum(threats_detected) AS threats_sum,
  max(risk_score) AS risk_score_max`;

export const VIEWS: Record<ClickHouseView, ViewSchema> = {
  interactions: {
    topic: 'assessed',
    columns: ASSESSED_COLUMNS,
    time: 'started_at',
    orderBy: 'org, toStartOfHour(started_at), agent_id, started_at',
    extras: [
      'INDEX by_interaction interaction_id TYPE bloom_filter(0.01) GRANULARITY 4',
      'INDEX by_conversation conversation_id TYPE bloom_filter(0.01) GRANULARITY 4',
      'INDEX by_offset _offset TYPE minmax GRANULARITY 1',
      `PROJECTION hourly (SELECT ${HOURLY_KEYS}, ${HOURLY_SUMS} GROUP BY org, hour, agent_id, vendor, model_used, region, wire_format, status)`,
    ],
  },
  threats: {
    topic: 'threats',
    columns: THREAT_COLUMNS,
    time: 'occurred_at',
    orderBy: 'org, threat_type, severity, occurred_at',
    extras: [
      'INDEX by_interaction interaction_id TYPE bloom_filter(0.01) GRANULARITY 4',
      'INDEX by_offset _offset TYPE minmax GRANULARITY 1',
    ],
  },
  audit: {
    topic: 'audit',
    columns: AUDIT_COLUMNS,
    time: 'occurred_at',
    orderBy: 'org, action, occurred_at',
    extras: ['INDEX by_offset _offset TYPE minmax GRANULARITY 1'],
  },
  verdicts: {
    topic: 'verdicts',
    columns: VERDICT_COLUMNS,
    time: 'occurred_at',
    orderBy: 'org, rule_id, occurred_at',
    extras: ['INDEX by_offset _offset TYPE minmax GRANULARITY 1'],
  },
  incidents: {
    topic: 'incidents',
    columns: INCIDENT_COLUMNS,
    time: 'first_seen_at',
    orderBy: 'org, agent_id, first_seen_at',
    extras: ['INDEX by_offset _offset TYPE minmax GRANULARITY 1'],
  },
};

/**
 * Threats with the newest verdict on each, joined when it is asked: a verdict may come before its threat, and a threat may be
 * written again. A withdrawn one is none.
 */
const JUDGED = `SELECT t.* EXCEPT (false_positive), if(v.verdict IN ('', 'withdrawn'), t.false_positive, v.verdict = 'false_positive') AS false_positive,
  if(v.verdict = 'withdrawn', '', v.verdict) AS verdict, v.actor AS judged_by, v.judged_at AS judged_at, v.note AS note`;
const NEWEST_VERDICTS = `threat_id, argMax(verdict, (occurred_at, verdict_id)) AS verdict, argMax(actor, (occurred_at, verdict_id)) AS actor,
  argMax(note, (occurred_at, verdict_id)) AS note, max(occurred_at) AS judged_at`;

/** The names of a view's columns in the order in which rows are written. */
export function columnNames(view: ClickHouseView): string[] {
  return [...VIEWS[view].columns.map((column) => column.name), '_partition', '_offset'];
}

interface Migration {
  number: number;
  name: string;
  view: ClickHouseView;
  /** Each statement can be run again. */
  statements: (store: ClickHouse, table: string) => string[];
}

/**
 * In order; a number is never used twice. A table is created in today's shape, so a later migration that adds a column
 * says `ALTER TABLE … ADD COLUMN IF NOT EXISTS` and changes only the tables that are older than it.
 */
const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: 'create interactions',
    view: 'interactions',
    statements: (store, table) => [createTable('interactions', store, table)],
  },
  {
    number: 2,
    name: 'create interactions_hourly',
    view: 'interactions',
    statements: ({ database, layout }, table) => [
      `CREATE VIEW IF NOT EXISTS ${database}.${table}_hourly${onCluster(layout)} AS SELECT ${HOURLY_KEYS}, ${HOURLY_SUMS} FROM ${database}.${table} GROUP BY org, hour, agent_id, vendor, model_used, region, wire_format, status`,
    ],
  },
  {
    number: 3,
    name: 'create threats',
    view: 'threats',
    statements: (store, table) => [createTable('threats', store, table)],
  },
  {
    number: 4,
    name: 'create audit',
    view: 'audit',
    statements: (store, table) => [createTable('audit', store, table)],
  },
  {
    number: 5,
    name: 'write interactions at less cost',
    view: 'interactions',
    statements: ({ database, layout }, table) => [`ALTER TABLE ${database}.${table}${onCluster(layout)} MODIFY SETTING ${WRITE_SETTINGS}`],
  },
  {
    number: 6,
    name: 'create verdicts',
    view: 'verdicts',
    statements: (store, table) => [createTable('verdicts', store, table)],
  },
  {
    number: 7,
    name: 'create threats_judged',
    view: 'verdicts',
    // Over the views' own tables, which a rebuild exchanges under their names. The other one may not be there yet.
    statements: (store, table) => (table === 'verdicts' ? [createTable('threats', store, 'threats'), createJudged(store)] : []),
  },
  {
    number: 8,
    name: 'create incidents',
    view: 'incidents',
    statements: (store, table) => [createTable('incidents', store, table)],
  },
  {
    number: 9,
    name: 'create incidents_newest',
    view: 'incidents',
    // Over the view's own table, as above.
    statements: (store, table) => (table === 'incidents' ? [createTable('threats', store, 'threats'), createNewestIncidents(store)] : []),
  },
  {
    number: 10,
    name: 'add event_hash to interactions',
    view: 'interactions',
    statements: ({ database, layout }, table) => [
      `ALTER TABLE ${database}.${table}${onCluster(layout)} ADD COLUMN IF NOT EXISTS event_hash String CODEC(ZSTD(1)) AFTER content_available`,
    ],
  },
  {
    number: 11,
    name: 'close quiet incidents in incidents_newest',
    view: 'incidents',
    statements: (store, table) => (table === 'incidents' ? [createTable('threats', store, 'threats'), createNewestIncidents(store)] : []),
  },
];

/**
 * Brings one table of a view to today's shape; running it again changes nothing. Gives the names of the steps that were
 * taken. Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function migrate(store: ClickHouse, view: ClickHouseView, { table = view }: TableOptions = {}): Promise<string[]> {
  checkName(table);
  const { client, database, layout } = store;
  const log = `${database}.parapet_migrations`;
  const taken: string[] = [];
  await attempt('migrate', async () => {
    await client.command({
      query: `CREATE TABLE IF NOT EXISTS ${log}${onCluster(layout)} (table_name String, number UInt32, name String, applied_at DateTime DEFAULT now()) ENGINE = ${engineOf(store, 'parapet_migrations')} ORDER BY (table_name, number)`,
    });
    const answer = await client.query({ query: `SELECT DISTINCT number FROM ${log} WHERE table_name = '${table}'`, format: 'JSONEachRow' });
    const exists = await client.query({ query: `EXISTS TABLE ${database}.${table}`, format: 'JSONEachRow' });
    const there = (await exists.json<{ result: number }>())[0]?.result === 1;
    const applied = new Set(there ? (await answer.json<{ number: number }>()).map((row) => row.number) : []);
    for (const migration of MIGRATIONS) {
      if (migration.view !== view || applied.has(migration.number)) continue;
      for (const query of migration.statements(store, table)) await client.command({ query });
      // Recorded after its statements: a crash in between runs them again, which changes nothing.
      await client.command({
        query: `INSERT INTO ${log} (table_name, number, name) VALUES ('${table}', ${migration.number}, '${migration.name}')`,
      });
      taken.push(migration.name);
    }
  });
  return taken;
}

/** The table in which a replay builds a view anew. `label` makes it unique: letters, digits and `_`. */
export function rebuildTable(view: ClickHouseView, label: string): string {
  return checkName(`${view}__rebuild_${label}`);
}

/**
 * Puts the rebuilt table in the place of the view's, in one atomic step, and drops the old one with its views. Only now it
 * gets the view's TTL: while it was built, a merge would have dropped what was written before it could be counted.
 */
export async function swapIn(store: ClickHouse, view: ClickHouseView, rebuilt: string): Promise<void> {
  checkName(rebuilt);
  await setTtl(store, rebuilt, await readTtl(store, view));
  await attempt('swap the rebuilt table in', () =>
    store.client.command({ query: `EXCHANGE TABLES ${store.database}.${rebuilt} AND ${store.database}.${view}${onCluster(store.layout)}` }),
  );
  await dropTable(store, rebuilt);
}

/** Drops a table that a replay built, and what was made on it. Never a view's own table. */
export async function dropTable(store: ClickHouse, rebuilt: string): Promise<void> {
  checkName(rebuilt);
  if (!rebuilt.includes('__rebuild_')) throw new Error(`${rebuilt} is not a rebuilt table.`);
  await attempt('drop the rebuilt table', async () => {
    const everywhere = onCluster(store.layout);
    await store.client.command({ query: `DROP VIEW IF EXISTS ${store.database}.${rebuilt}_hourly${everywhere}` });
    await store.client.command({ query: `DROP TABLE IF EXISTS ${store.database}.${rebuilt}${everywhere} SYNC` });
    await store.client.command({ query: `DELETE FROM ${store.database}.parapet_migrations WHERE table_name = '${rebuilt}'` });
  });
}

function createJudged({ database, layout }: ClickHouse): string {
  const newest = `SELECT ${NEWEST_VERDICTS} FROM ${database}.verdicts WHERE threat_id != '' GROUP BY threat_id`;
  return `CREATE VIEW IF NOT EXISTS ${database}.threats_judged${onCluster(layout)} AS ${JUDGED} FROM ${database}.threats AS t LEFT JOIN (${newest}) AS v ON t.threat_id = v.threat_id`;
}

/**
 * All records of an incident are of one agent and so of one partition, in which the last offset is the newest. Nobody writes
 * one when an incident has merely become quiet, nor for each of its grave threats, so whether it is over is asked of both.
 */
function createNewestIncidents({ database, layout }: ClickHouse): string {
  const since = `now64(6) - INTERVAL ${QUIET_MICROS / 1e6} SECOND`;
  const lately = `SELECT org, agent_id, threat_type FROM ${database}.threats WHERE severity IN ('high', 'critical') AND occurred_at > ${since}`;
  const status = `if(last_seen_at <= ${since} AND (org, agent_id, threat_type) NOT IN (${lately}), 'closed', status)`;
  const newest = `SELECT * FROM ${database}.incidents ORDER BY _offset DESC LIMIT 1 BY incident_id`;
  return `CREATE OR REPLACE VIEW ${database}.incidents_newest${onCluster(layout)} AS SELECT * REPLACE (${status} AS status) FROM (${newest})`;
}

function createTable(view: ClickHouseView, store: ClickHouse, table: string): string {
  const { database, layout } = store;
  const { columns, time, orderBy, extras } = VIEWS[view];
  const lines = [
    ...columns.map((column) => `${column.name} ${typeOf(column)}`),
    '_partition Int32 CODEC(ZSTD(1))',
    '_offset Int64 CODEC(Delta, ZSTD(1))',
    ...extras,
  ];
  const window = layout.engine === 'merge-tree' ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window';
  const policy = layout.storagePolicy === undefined ? '' : `, storage_policy = '${layout.storagePolicy}'`;
  return `CREATE TABLE IF NOT EXISTS ${database}.${table}${onCluster(layout)} (\n  ${lines.join(',\n  ')}\n)
ENGINE = ${engineOf(store, table)}
PARTITION BY toYYYYMM(${time})
ORDER BY (${orderBy})
SETTINGS ${window} = ${DEDUPLICATION_WINDOW}, ${WRITE_SETTINGS}${policy}`;
}

/**
 * A table's place in Keeper is named after the table as it was made, and not by `{table}`: a rebuilt table takes the view's
 * name later, and its place must stay. `{shard}` and `{replica}` are macros of each server's configuration.
 */
function engineOf({ database, layout }: ClickHouse, table: string): string {
  return layout.engine === 'merge-tree'
    ? 'MergeTree'
    : `ReplicatedMergeTree('/clickhouse/tables/{shard}/${database}/${table}', '{replica}')`;
}

/** Strings that may be missing are empty; numbers that may be missing are Nullable, because 0 would be an answer. */
function typeOf({ kind, nullable }: Pick<Column<never>, 'kind' | 'nullable'>): string {
  const number = (type: string) => (nullable ? `Nullable(${type})` : type);
  switch (kind) {
    case 'string':
      return 'String CODEC(ZSTD(1))';
    case 'label':
      return 'LowCardinality(String)';
    case 'int':
      return `${number('Int32')} CODEC(ZSTD(1))`;
    case 'long':
      return `${number('Int64')} CODEC(ZSTD(1))`;
    case 'double':
      return `${number('Float64')} CODEC(ZSTD(1))`;
    case 'bool':
      return number('Bool');
    case 'money':
      return `${number('Decimal(18, 9)')} CODEC(ZSTD(1))`;
    case 'time':
      return `DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))`;
    case 'strings':
      return 'Array(String) CODEC(ZSTD(1))';
    case 'labels':
      return 'Array(LowCardinality(String))';
    case 'doubles':
      return 'Array(Float64) CODEC(ZSTD(1))';
    case 'texts':
      return 'Map(String, String) CODEC(ZSTD(1))';
    case 'counts':
      return 'Map(LowCardinality(String), Int64)';
  }
}

function checkName(table: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(table)) throw new Error(`"${table}" is not a table name.`);
  return table;
}
