/**
 * The ClickHouse sink: the store that analysts query. One sink per view; see README.md for the questions it answers.
 * The subtle point is in `write.ts`: why a batch that is written twice is there once.
 */
import type { Retention } from '../../core/retention.ts';
import type { TopicId } from '../../log/topics.ts';
import type { BatchLimits, Sink } from '../port.ts';
import type { ClickHouse } from './connect.ts';
import { applyTtl } from './retention.ts';
import { type ClickHouseView, migrate, type TableOptions, VIEWS } from './schema.ts';
import { createWriter } from './write.ts';

export { attempt, type ClickHouse, type ClickHouseOptions, type Layout, openClickHouse } from './connect.ts';
export { createClickHouseEraser } from './erase.ts';
export { ANALYST_QUERIES, type AnalystQuery } from './queries.ts';
export { applyRetention as applyClickHouseRetention, reportRetention as reportClickHouseRetention, viewKeptSince } from './retention.ts';
export { type ClickHouseView, dropTable, migrate, rebuildTable, swapIn } from './schema.ts';
export { interactionIds, tallyClickHouse } from './tally.ts';

/** The topic that each view is made from. */
export interface ViewTopics {
  interactions: 'assessed';
  threats: 'threats';
  audit: 'audit';
  verdicts: 'verdicts';
  incidents: 'incidents';
}

export interface ClickHouseSinkOptions<View extends ClickHouseView> extends TableOptions {
  /** From `openClickHouse`; shared by all sinks of the process and closed by who opened it. */
  store: ClickHouse;
  view: View;
  /** How long the view's own table keeps rows; as it is when left out. A rebuilt table gets the view's when it is swapped in. */
  retention?: Retention | undefined;
  limits?: Partial<BatchLimits>;
}

/** Few and large inserts: each makes a part per month, and to merge a row costs ClickHouse more than to insert it. */
const LIMITS: BatchLimits = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024, lingerMs: 500 };

/** A sink named `clickhouse.<view>`. `open` creates or migrates the table; `close` leaves the shared store open. */
export function createClickHouseSink<View extends ClickHouseView>(options: ClickHouseSinkOptions<View>): Sink<ViewTopics[View] & TopicId> {
  const { store, view, table = view, retention, limits } = options;
  const writer = createWriter<never>(store, view, table);
  return {
    name: `clickhouse.${view}`,
    topic: VIEWS[view].topic as ViewTopics[View],
    limits: { ...LIMITS, ...limits },
    async open() {
      await migrate(store, view, { table });
      if (retention !== undefined && table === view) await applyTtl(store, view, retention);
    },
    write: (batch) => writer.write(batch as never),
    holds: (partition, from) => writer.holds(partition, from),
    draft: (partition) => writer.draft(partition),
    close: async () => {},
  };
}
