/** What the suites share: a reference that counts one record after the other, the tables as they stand, and stores to tidy up. */
import { expect } from 'vitest';
import { foldThreats, type Incident } from '../../detection/incidents.ts';
import type { UnsealedRecords } from '../../schemas/unsealed.ts';
import type { Sink, SinkBatch } from '../port.ts';
import { createPostgresSink, openPostgres, type Postgres, type PostgresOptions, type PostgresView } from './index.ts';
import { type Projection, projectInteraction, projectThreat } from './project.ts';
import { gatherRows } from './rows.ts';

export const DATABASE_URL = process.env['DATABASE_URL'];

export type AnyBatch =
  | SinkBatch<UnsealedRecords['assessed']>
  | SinkBatch<UnsealedRecords['threats']>
  | SinkBatch<UnsealedRecords['verdicts']>;

/** A schema of one test's own on a store that is shared. */
export function schemaOf(store: Postgres, schema: string): Postgres {
  return { ...store, schema };
}

let made = 0;
export const freshSchema = (what: string) => `t_${what}_${process.pid}_${++made}`;

/** Deletes everything that the tests made under this name, rebuilt and replaced schemas included. */
export async function tidy(store: Postgres, prefix: string): Promise<void> {
  await store.transaction(async (session) => {
    const rows = await session.query<{ name: string }>(
      `SELECT nspname::text AS name FROM pg_namespace WHERE starts_with(nspname::text, $1)`,
      [prefix],
    );
    for (const { name } of rows) await session.script(`DROP SCHEMA "${name}" CASCADE`);
  });
}

export const openServer = (options: Partial<PostgresOptions> = {}) => openPostgres({ url: DATABASE_URL as string, ...options });

export function ask<Row>(store: Postgres, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return store.transaction(async (session) => {
    await session.script(`SET LOCAL search_path = "${store.schema}"`);
    return session.query<Row>(sql, values);
  });
}

/** As a person or the dashboard does it: without the mark of a sink. */
export function asPerson(store: Postgres, sql: string, values: readonly unknown[] = []): Promise<unknown[]> {
  return store.transaction(async (session) => {
    await session.script(`SET LOCAL parapet.writer = ''; SET LOCAL search_path = "${store.schema}"`);
    return session.query(sql, values);
  });
}

export interface Tables {
  agents: unknown[];
  models: unknown[];
  users: unknown[];
  violations: unknown[];
  incidents: unknown[];
  verdicts: unknown[];
}

/** What follows from events, as JSON that does not depend on the engine. */
export async function tablesOf(store: Postgres, schema = store.schema): Promise<Tables> {
  const rows = async (sql: string) =>
    (await ask<{ row: string }>(schemaOf(store, schema), `SELECT to_jsonb(t)::text AS row FROM (${sql}) t`)).map(
      ({ row }) => JSON.parse(row) as unknown,
    );
  return {
    agents: await rows(`SELECT org, agent_id, first_seen, last_seen, interactions, threats, last_vendor, last_model, last_model_at
      FROM agents ORDER BY org COLLATE "C", agent_id COLLATE "C"`),
    models: await rows(`SELECT vendor, model_name, discovered_at, last_seen, interactions, input_tokens::text, output_tokens::text,
      cost_usd::text FROM models ORDER BY vendor COLLATE "C", model_name COLLATE "C"`),
    users: await rows(`SELECT * FROM users ORDER BY org COLLATE "C", user_id COLLATE "C"`),
    violations: await rows(`SELECT id, org, agent_id, user_id, source, rule, effect, severity, description, interaction_id, occurred_at
      FROM violations ORDER BY id`),
    incidents: await rows(
      `SELECT id, org, agent_id, threat_type, title, severity, threats, first_seen, last_seen FROM incidents ORDER BY id`,
    ),
    verdicts: await rows(`SELECT * FROM verdicts ORDER BY verdict_id COLLATE "C"`),
  };
}

/** What the tables must hold, counted here from the records alone, each once. */
export function expected(batches: readonly AnyBatch[]): {
  interactions: number;
  threats: number;
  violations: string[];
  incidents: Incident[];
} {
  const projections = batches.flatMap((batch): Projection[] => {
    const view = viewOf(batch);
    if (view === 'verdicts') return [];
    return view === 'threats'
      ? (batch as SinkBatch<UnsealedRecords['threats']>).records.map(({ value }) => projectThreat(value))
      : (batch as SinkBatch<UnsealedRecords['assessed']>).records.map(({ value }) => projectInteraction(value));
  });
  const { violations, suspects } = gatherRows(projections);
  return {
    interactions: projections.reduce((sum, { interactions }) => sum + interactions, 0),
    threats: projections.reduce((sum, { threats }) => sum + threats, 0),
    violations: violations.map(({ id }) => id).sort(),
    incidents: foldThreats(suspects, [], new Map()).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function viewOf({ topic }: AnyBatch): PostgresView {
  if (topic === 'parapet.verdicts.v1') return 'verdicts';
  return topic === 'parapet.threats.v1' ? 'threats' : 'interactions';
}

/** The part of a batch between two offsets, as a runner that cuts otherwise would give it. */
export function cut<B extends AnyBatch>(batch: B, firstOffset: number, lastOffset: number): B {
  const records = (batch.records as { offset: number }[]).filter(({ offset }) => offset >= firstOffset && offset <= lastOffset);
  return { ...batch, firstOffset, lastOffset, records } as B;
}

/** Writes until the store has it, as the runner does; every failure must be the store's state. Gives how often it failed. */
export async function deliver(store: Postgres, batch: AnyBatch, rebuilt?: string, pause = async () => {}): Promise<number> {
  const sink = createPostgresSink({ store, view: viewOf(batch), rebuilt });
  for (let failures = 0; ; failures++) {
    try {
      expect(await (sink as Sink<never>).write({ ...batch, recovered: failures > 0 } as never)).toEqual([]);
      return failures;
    } catch (error) {
      expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
      await pause();
    }
  }
}
