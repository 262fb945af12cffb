/**
 * The PostgreSQL views share their tables, so they are rebuilt together, as a schema beside the one in use. Its own positions
 * say what it has counted.
 */
import type { TopicId } from '../../log/topics.ts';
import type { Sink } from '../../sinks/port.ts';
import {
  compareSchemas,
  createPostgresSink,
  dropRebuilt,
  type Postgres,
  type PostgresView,
  positions,
  rebuildSchema,
  swapIn,
  tallyPostgres,
} from '../../sinks/postgres/index.ts';
import type { Rebuild, RebuildPart } from './port.ts';

export function rebuildPostgres(store: Postgres, label: string): Rebuild {
  const rebuilt = rebuildSchema(store, label);
  const part = (view: PostgresView, topic: TopicId): RebuildPart => {
    return { group: `postgres.${view}`, topic, sink: createPostgresSink({ store, view, rebuilt }) as Sink };
  };
  const countedIn = async (schema: string) =>
    (await tallyPostgres(store, schema)).reduce((sum, { interactions, threats, verdicts }) => sum + interactions + threats + verdicts, 0);
  const swap = async () => void (await swapIn(store, rebuilt));
  return {
    parts: [part('interactions', 'assessed'), part('threats', 'threats'), part('verdicts', 'verdicts')],
    rows: () => countedIn(rebuilt),
    forgotten: async () => Math.max(0, (await countedIn(store.schema)) - (await countedIn(rebuilt))),
    async positions(group) {
      return (await positions(store, group)).map(({ partition, nextOffset }) => ({ partition, offset: nextOffset }));
    },
    compare: () => compareSchemas(store, rebuilt),
    swap,
    finishSwap: swap,
    drop: () => dropRebuilt(store, rebuilt),
  };
}
