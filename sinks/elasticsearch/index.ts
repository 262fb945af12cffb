/**
 * The Elasticsearch sink: the store that analysts search, in Kibana. One sink per view; see README.md for the questions it
 * answers and for why a batch that is written twice is there once.
 */
import type { TopicId } from '../../log/topics.ts';
import type { AnalystVerdict } from '../../schemas/types.ts';
import type { BatchLimits, Refused, Sink, SinkBatch } from '../port.ts';
import { BULK, type BulkOptions, type Operation, writeBulk } from './bulk.ts';
import type { Elasticsearch } from './connect.ts';
import { type Ages, type ElasticsearchView, toDocument, type ViewTopics, viewOf } from './documents.ts';
import { forgetMoved } from './incidents.ts';
import { baseOf, ensureIndex, hasLifecycles, migrate } from './schema.ts';
import { judgeThreats, judgeWritten } from './verdicts.ts';

export { connect, type Elasticsearch, type ElasticsearchOptions, openElasticsearch, versionOf } from './connect.ts';
export { type Ages, agesOf, type ElasticsearchView, VIEWS, type ViewTopics } from './documents.ts';
export { createElasticsearchEraser } from './erase.ts';
export { ANALYST_QUERIES, type AnalystQuery } from './queries.ts';
export { dropRebuilt, swapIn } from './rebuild.ts';
export { applyRetention as applyElasticsearchRetention, reportRetention as reportElasticsearchRetention } from './retention.ts';
export { hasLifecycles, migrate, rebuildBase } from './schema.ts';
export { type EventTally, eventIds, tallyElasticsearch } from './tally.ts';

export interface ElasticsearchSinkOptions<View extends ElasticsearchView> {
  /** From `openElasticsearch` or `connect`; shared by all sinks of the process and closed by who made it. */
  store: Elasticsearch;
  view: View;
  /** From `rebuildBase`: writes there instead of into the live view. */
  rebuilt?: string;
  /** When indices move and are deleted, where the cluster has lifecycles. */
  ages?: Ages;
  limits?: Partial<BatchLimits>;
  /** Bounds of a bulk request and the waits between tries. */
  bulk?: Partial<BulkOptions>;
}

/** A batch is cut into bulk requests anyway; a large one spares commits. */
const LIMITS: BatchLimits = { maxRecords: 10_000, maxBytes: 16 * 1024 * 1024, lingerMs: 500 };

/** A sink named `elasticsearch.<view>`. `open` makes templates and policies; `close` leaves the shared store open. */
export function createElasticsearchSink<View extends ElasticsearchView>(
  options: ElasticsearchSinkOptions<View>,
): Sink<ViewTopics[View] & TopicId> {
  const { store, view, ages, limits } = options;
  const base = options.rebuilt ?? baseOf(store, view);
  const bulk = { ...BULK, ...options.bulk };
  /** Months whose index is known to be there. */
  const made = new Set<string>();
  let lifecycle = false;

  async function write(batch: SinkBatch<unknown>): Promise<Refused[]> {
    const refused: Refused[] = [];
    const operations: Operation[] = [];
    const months = new Set<string>();
    batch.records.forEach(({ value, offset }, index) => {
      const document = toDocument(view, value);
      if ('reason' in document) refused.push({ index, reason: document.reason });
      else {
        const { id, month, source, version = offset } = document;
        // The log's order decides between two records of one id, in whatever order they arrive here.
        operations.push({ index, target: `${base}-${month}`, id, version, source });
        if (!made.has(month)) months.add(month);
      }
    });
    try {
      for (const month of months) {
        await ensureIndex(store, view, base, month, lifecycle);
        made.add(month);
      }
      for (const [index, reason] of await writeBulk(store, operations, bulk)) refused.push({ index, reason });
      if (view === 'threats') await judgeWritten(store, base, operations);
      else if (view === 'incidents') {
        const kept = operations.filter(({ index }) => !refused.some((each) => each.index === index));
        await forgetMoved(store, base, kept);
      } else if (view === 'verdicts' && base === baseOf(store, view)) {
        const written = new Set(operations.map(({ index }) => index));
        const verdicts = batch.records.filter((_, index) => written.has(index)).map(({ value }) => value as AnalystVerdict);
        await judgeThreats(store, verdicts);
      }
    } catch (error) {
      // An index may have been deleted under us: the next try looks again.
      made.clear();
      throw error;
    }
    return refused.sort((a, b) => a.index - b.index);
  }

  return {
    name: `elasticsearch.${view}`,
    topic: viewOf(view).topic as ViewTopics[View],
    limits: { ...LIMITS, ...limits },
    async open() {
      lifecycle = await hasLifecycles(store);
      await migrate(store, view, lifecycle, ages);
    },
    write: (batch) => write(batch),
    close: async () => {},
  };
}
