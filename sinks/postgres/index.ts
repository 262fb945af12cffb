/**
 * The PostgreSQL sinks: operational metadata that follows from events, for the dashboard and for joins. Three sinks fill one
 * schema; see README.md for the questions it answers. `write.ts` says why a batch that comes twice counts once.
 */
import type { UnsealedRecords } from '../../schemas/unsealed.ts';
import type { BatchLimits, Sink } from '../port.ts';
import { attempt, type Postgres } from './connect.ts';
import { migrate } from './migrate.ts';
import { type Projection, projectInteraction, projectThreat } from './project.ts';
import { checkRebuilt } from './rebuild.ts';
import { gatherRows } from './rows.ts';
import { applyRows, type Target } from './statements.ts';
import { applyVerdicts, projectVerdict } from './verdicts.ts';
import { createWriter, type Filling, type Writer } from './write.ts';

export { compareSchemas } from './compare.ts';
export { connectPostgres, openPostgres, type Postgres, type PostgresOptions, type Session } from './connect.ts';
export { createPostgresEraser } from './erase.ts';
export { migrate } from './migrate.ts';
export { DASHBOARD_QUERIES, type DashboardQuery } from './queries.ts';
export { dropRebuilt, rebuildSchema, type Swapped, swapIn } from './rebuild.ts';
export { applyRetention as applyPostgresRetention, reportRetention as reportPostgresRetention } from './retention.ts';
export { type OrgTally, type Position, positions, tallyPostgres, tallyVerdicts } from './tally.ts';

/** The topic that each view is made from. */
export interface ViewTopics {
  interactions: 'assessed';
  threats: 'threats';
  verdicts: 'verdicts';
}
export type PostgresView = keyof ViewTopics;

export interface PostgresSinkOptions<View extends PostgresView> {
  /** From `openPostgres` or `connectPostgres`; shared by all sinks of the process and closed by who made it. */
  store: Postgres;
  view: View;
  /** From `rebuildSchema`: writes there instead of into the live schema. All views are rebuilt before it is swapped in. */
  rebuilt?: string;
  limits?: Partial<BatchLimits>;
}

const TOPICS: ViewTopics = { interactions: 'assessed', threats: 'threats', verdicts: 'verdicts' };
/** Interactions and threats are counted in the same tables; verdicts have one of their own. */
function counting<T>(project: Filling<T, Projection>['project']): Filling<T, Projection> {
  return { project, apply: (session, target, projections) => applyRows(session, target, gatherRows(projections)) };
}

const WRITERS: { [View in PostgresView]: (store: Postgres, target: Target) => Writer<UnsealedRecords[ViewTopics[View]]> } = {
  interactions: (store, target) => createWriter(store, 'postgres.interactions', target, counting(projectInteraction)),
  threats: (store, target) => createWriter(store, 'postgres.threats', target, counting(projectThreat)),
  verdicts: (store, target) => createWriter(store, 'postgres.verdicts', target, { project: projectVerdict, apply: applyVerdicts }),
};
const LIMITS: BatchLimits = { maxRecords: 5_000, maxBytes: 16 * 1024 * 1024, lingerMs: 500 };
/** Of offsets that were not counted; a dead letter that is sent again later than this is taken for a repetition. */
const KEEP_GAPS_DAYS = 90;

/** A sink named `postgres.<view>`. `open` migrates the schema; `close` leaves the shared store open. */
export function createPostgresSink<View extends PostgresView>(options: PostgresSinkOptions<View>): Sink<ViewTopics[View]> {
  const { store, view, rebuilt, limits } = options;
  if (rebuilt !== undefined) checkRebuilt(store, rebuilt);
  const schema = rebuilt ?? store.schema;
  const name = `postgres.${view}`;
  const writer = WRITERS[view](store, { schema, live: rebuilt === undefined ? null : store.schema });
  return {
    name,
    topic: TOPICS[view],
    limits: { ...LIMITS, ...limits },
    async open() {
      await migrate(store, schema);
      await attempt(`forget old gaps of ${schema}`, () =>
        store.transaction((session) =>
          session.query(`DELETE FROM "${schema}".parapet_gaps WHERE found_at < now() - make_interval(days => ${KEEP_GAPS_DAYS})`),
        ),
      );
    },
    write: (batch) => writer.write(batch),
    close: async () => {},
  };
}
