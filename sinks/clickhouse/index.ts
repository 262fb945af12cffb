/**
 * The ClickHouse sink: the store that analysts query. One sink per view; see README.md for the questions it answers.
 * The subtle point is in `write.ts`: why a batch that is written twice is there once.
 */
import type { TopicId } from '../../log/topics.ts';
import type { BatchLimits, Sink } from '../port.ts';
import type { ClickHouse } from './connect.ts';
import { type ClickHouseView, migrate, type TableOptions, VIEWS } from './schema.ts';
import { createWriter } from './write.ts';

export { type ClickHouse, type ClickHouseOptions, openClickHouse } from './connect.ts';
export { ANALYST_QUERIES, type AnalystQuery } from './queries.ts';
export { type ClickHouseView, dropTable, migrate, rebuildTable, swapIn } from './schema.ts';
export { interactionIds, type Tally, tallyClickHouse } from './tally.ts';

/** The topic that each view is made from. */
export interface ViewTopics {
  interactions: 'assessed';
  threats: 'threats';
  audit: 'audit';
}

export interface ClickHouseSinkOptions<View extends ClickHouseView> extends TableOptions {
  /** From `openClickHouse`; shared by all sinks of the process and closed by who opened it. */
  store: ClickHouse;
  view: View;
  limits?: Partial<BatchLimits>;
}

/** Few and large inserts: each makes a part per month, and to merge a row costs ClickHouse more than to insert it. */
const LIMITS: BatchLimits = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024, lingerMs: 500 };

/** A sink named `clickhouse.<view>`. `open` creates or migrates the table; `close` leaves the shared store open. */
export function createClickHouseSink<View extends ClickHouseView>(options: ClickHouseSinkOptions<View>): Sink<ViewTopics[View] & TopicId> {
  const { store, view, table = view, engine, limits } = options;
  const writer = createWriter<never>(store, view, table);
  return {
    name: `clickhouse.${view}`,
    topic: VIEWS[view].topic as ViewTopics[View],
    limits: { ...LIMITS, ...limits },
    open: () => migrate(store, view, { table, engine }),
    write: (batch) => writer.write(batch as never),
    draft: (partition) => writer.draft(partition),
    close: async () => {},
  };
}
