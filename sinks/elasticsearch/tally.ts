/**
 * How many events a view holds, by hour: its side of the books. Counts are exact: by hour and index, because within one index
 * an id is there once by construction; only an hour that is in two indices needs its ids looked at.
 */
import { refresh } from './bulk.ts';
import { attempt, type Elasticsearch } from './connect.ts';
import { type ElasticsearchView, ID_FIELD, TIME_FIELD } from './documents.ts';
import { baseOf } from './schema.ts';

export interface EventTally {
  /** Start of the hour of the events, ISO 8601, UTC. */
  hour: string;
  rows: number;
  /** Different event ids; less than `rows` means duplicates. */
  distinct: number;
}

const PAGE = 10_000;
const HOUR_MS = 3_600_000;

/** Ordered by hour. `rebuilt` counts a rebuild instead of the live view. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyElasticsearch(store: Elasticsearch, view: ElasticsearchView, rebuilt?: string): Promise<EventTally[]> {
  const index = searched(store, view, rebuilt);
  await refresh(store, index);
  const hours = new Map<number, number[]>();
  for (let after: Record<string, unknown> | undefined; ; ) {
    const answer = await attempt(`count ${index}`, () =>
      store.client.search({
        index,
        ignore_unavailable: true,
        allow_partial_search_results: false,
        size: 0,
        aggs: { hours: { composite: { size: PAGE, sources: SOURCES, ...(after === undefined ? {} : { after }) } as never } },
      }),
    );
    const found = answer.aggregations?.['hours'] as unknown as { buckets: Bucket[]; after_key?: Record<string, unknown> } | undefined;
    for (const { key, doc_count } of found?.buckets ?? []) hours.set(key.hour, [...(hours.get(key.hour) ?? []), doc_count]);
    after = found?.after_key;
    if (after === undefined) break;
  }
  const out: EventTally[] = [];
  for (const [hour, counts] of [...hours].sort(([a], [b]) => a - b)) {
    const rows = counts.reduce((sum, count) => sum + count, 0);
    const range = { from: new Date(hour), to: new Date(hour + HOUR_MS) };
    const distinct = counts.length === 1 ? rows : new Set(await eventIds(store, view, range, rebuilt)).size;
    out.push({ hour: new Date(hour).toISOString(), rows, distinct });
  }
  return out;
}

/** The ids of the events in [from, to), each as often as it is stored, in order of time. Throws PARAPET_STORE_UNAVAILABLE. */
export async function eventIds(
  store: Elasticsearch,
  view: ElasticsearchView,
  { from, to }: { from: Date; to: Date },
  rebuilt?: string,
): Promise<string[]> {
  const index = searched(store, view, rebuilt);
  await refresh(store, index);
  return attempt(`list ${index}`, async () => {
    // A point in time: pages of the same view, whatever is written meanwhile.
    const opened = await store.client.openPointInTime({ index, keep_alive: '1m', ignore_unavailable: true });
    const ids: string[] = [];
    let pit = opened.id;
    try {
      for (let after: (string | number)[] | undefined; ; ) {
        const answer = await store.client.search<never>({
          pit: { id: pit, keep_alive: '1m' },
          size: PAGE,
          _source: false,
          docvalue_fields: [ID_FIELD],
          track_total_hits: false,
          allow_partial_search_results: false,
          query: { range: { [TIME_FIELD]: { gte: from.toISOString(), lt: to.toISOString() } } },
          // As text: nanoseconds since 1970 are more than a number of JavaScript can say.
          sort: [{ [TIME_FIELD]: { order: 'asc', format: 'strict_date_optional_time_nanos' } }, { [ID_FIELD]: 'asc' }],
          ...(after === undefined ? {} : { search_after: after }),
        });
        pit = answer.pit_id ?? pit;
        for (const hit of answer.hits.hits) ids.push(String((hit.fields?.[ID_FIELD] as string[] | undefined)?.[0]));
        after = answer.hits.hits.at(-1)?.sort as (string | number)[] | undefined;
        if (answer.hits.hits.length < PAGE) return ids;
      }
    } finally {
      await store.client.closePointInTime({ id: pit }).catch(() => undefined);
    }
  });
}

interface Bucket {
  key: { hour: number; index: string };
  doc_count: number;
}

const SOURCES = [{ hour: { date_histogram: { field: TIME_FIELD, fixed_interval: '1h' } } }, { index: { terms: { field: '_index' } } }];

function searched(store: Elasticsearch, view: ElasticsearchView, rebuilt: string | undefined): string {
  return rebuilt === undefined ? baseOf(store, view) : `${rebuilt}-*`;
}
