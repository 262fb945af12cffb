/**
 * Masks an erased subject's rows in place, to the very cells that `sinks/erasure.ts` gives a record that comes later. Tables
 * that a replay is building are masked with the views. The subtle point: ClickHouse keeps the text of an `ALTER` in
 * `system.mutations`, so no `ALTER` names the subject: it names a table of ids, or ids.
 */
import type { Eraser, Erasure, ViewRows } from '../erasure.ts';
import { maskNames } from '../erasure.ts';
import { attempt, type ClickHouse } from './connect.ts';
import { type ClickHouseView, VIEWS } from './schema.ts';

const OF_SUBJECT = 'org = {org:String} AND (subject = {subject:String} OR user_id = {id:String})';
const NAMES = '({id:String}, {subject:String})';

/** Incidents are of agents, and stay. */
type NamingView = Exclude<ClickHouseView, 'incidents'>;

/** Which rows are the subject's. */
const WHERE: Record<NamingView, string> = {
  interactions: OF_SUBJECT,
  threats: OF_SUBJECT,
  audit: `org = {org:String} AND (actor IN ${NAMES} OR target IN ${NAMES} OR hasAny(mapValues(details), [{id:String}, {subject:String}]))`,
  verdicts: 'org = {org:String} AND subject = {subject:String}',
};

const MASKED_SUBJECT = `user_id = if(user_id = '', '', {pseudonym:String}), subject = {masked:String}, conversation_id = {pseudonym:String}`;
const MASKED = {
  interactions: {
    id: 'interaction_id',
    set: `${MASKED_SUBJECT}, session_id = '', client_network = '', user_agent = '', error_message = '', prompt_hash = '',
      response_hash = '', masked_prompt = '', masked_response = '', masked_counts = map(), content_available = false`,
  },
  threats: { id: 'threat_id', set: `${MASKED_SUBJECT}, masked_excerpt = ''` },
  verdicts: { id: 'verdict_id', set: `subject = {masked:String}, note = ''` },
} as const;

/** Behind a table's name, with the digits of a pseudonym: the ids of the rows that are being masked. One erasure must not take another's. */
const IDS = '__erasing_';
/** Ids in one statement, where it must name them. */
const ROUND = 4_000;
const NOW = 'SETTINGS mutations_sync = 2';

export function createClickHouseEraser(store: ClickHouse): Eraser {
  const { client, database } = store;
  const views = Object.keys(WHERE) as NamingView[];
  const ask = async <Row>(query: string, query_params: Record<string, unknown>): Promise<Row[]> =>
    (await client.query({ query, query_params, format: 'JSONEachRow' })).json<Row>();

  /** The view's own table, where it is there, and those that are built to take its place. */
  async function tablesOf(view: NamingView): Promise<string[]> {
    const rows = await ask<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'
        AND (name = {view:String} OR startsWith(name, {rebuilt:String}) AND position(name, '${IDS}') = 0) ORDER BY name`,
      { database, view, rebuilt: `${view}__rebuild_` },
    );
    return rows.map(({ name }) => `${database}.${name}`);
  }

  async function rowsIn(view: NamingView, table: string, erasure: Erasure): Promise<number> {
    const [found] = await ask<{ rows: string }>(`SELECT toString(count()) AS rows FROM ${table} WHERE ${whereOf(view)}`, paramsOf(erasure));
    return Number(found?.rows ?? 0);
  }

  async function maskRows(view: keyof typeof MASKED, table: string, erasure: Erasure): Promise<void> {
    const { id, set } = MASKED[view];
    const { pseudonym, org } = erasure;
    const update = (rows: string) =>
      client.command({
        query: `ALTER TABLE ${table} UPDATE ${set} WHERE ${id} IN ${rows} ${NOW}`,
        query_params: { pseudonym, masked: `${org}/${pseudonym}` },
      });
    // Another replica has no table of ids, and may not look at one.
    if (store.layout.engine === 'replicated') {
      for (;;) {
        const query = `SELECT ${id} AS id FROM ${table} WHERE ${whereOf(view)} LIMIT ${ROUND}`;
        const ids = (await ask<{ id: string }>(query, paramsOf(erasure))).map((row) => row.id);
        if (ids.length === 0) return;
        // As text: a parameter may not be so long.
        await update(`(${ids.map((each) => `'${each.replace(/[\\']/g, '\\$&')}'`).join(', ')})`);
      }
    }
    const ids = `${table}${IDS}${pseudonym.replace(/\W/g, '_')}`;
    // A killed run may have left it.
    await client.command({ query: `DROP TABLE IF EXISTS ${ids} SYNC` });
    await client.command({ query: `CREATE TABLE ${ids} (id String) ENGINE = MergeTree ORDER BY id` });
    try {
      const query = `INSERT INTO ${ids} SELECT ${id} FROM ${table} WHERE ${whereOf(view)}`;
      await client.command({ query, query_params: paramsOf(erasure) });
      await update(`(SELECT id FROM ${ids})`);
    } finally {
      await client.command({ query: `DROP TABLE IF EXISTS ${ids} SYNC` });
    }
  }

  /**
   * Row by row: few events name a subject, and each names it elsewhere. Only what changes is said: another erasure may be masking
   * another name in the same event, and this one must neither put it back nor leave it in the statement.
   */
  async function maskAudit(table: string, erasure: Erasure): Promise<void> {
    const found = await ask<{ audit_id: string; actor: string; target: string; details: Record<string, string> }>(
      `SELECT audit_id, actor, target, details FROM ${table} WHERE ${whereOf('audit')}`,
      paramsOf(erasure),
    );
    for (const { audit_id: auditId, ...names } of found) {
      const { actor, target, details } = maskNames(names, erasure);
      const changed = Object.fromEntries(Object.entries(details).filter(([name, text]) => text !== names.details[name]));
      const set = [
        ...(actor === names.actor ? [] : ['actor = {pseudonym:String}']),
        ...(target === names.target ? [] : ['target = {pseudonym:String}']),
        ...(Object.keys(changed).length === 0 ? [] : ['details = mapUpdate(details, {changed:Map(String, String)})']),
      ];
      await client.command({
        query: `ALTER TABLE ${table} UPDATE ${set.join(', ')} WHERE audit_id = {auditId:String} ${NOW}`,
        query_params: { auditId, pseudonym: erasure.pseudonym, changed },
      });
    }
  }

  return {
    find: (erasure) =>
      attempt('look for the subject', async () => {
        const found: ViewRows[] = [];
        for (const view of views) {
          let rows = 0;
          for (const table of await tablesOf(view)) rows += await rowsIn(view, table, erasure);
          found.push({ view: `clickhouse.${view}`, rows });
        }
        return found;
      }),
    mask: (erasure) =>
      attempt('mask the subject', async () => {
        for (const view of views) {
          for (const table of await tablesOf(view)) {
            if ((await rowsIn(view, table, erasure)) === 0) continue;
            await (view === 'audit' ? maskAudit(table, erasure) : maskRows(view, table, erasure));
          }
        }
      }),
  };
}

function whereOf(view: NamingView): string {
  return `${WHERE[view]} AND ${VIEWS[view].time} <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')`;
}

function paramsOf({ org, id, subject, until }: Erasure): Record<string, unknown> {
  return { org, id, subject, until };
}
