/** An Elasticsearch view is rebuilt as indices beside it, which take over its aliases in one change of the cluster's state. */
import type { TopicId } from '../../log/topics.ts';
import {
  createElasticsearchSink,
  dropRebuilt,
  type Elasticsearch,
  type ElasticsearchView,
  eventIds,
  rebuildBase,
  swapIn,
  tallyElasticsearch,
} from '../../sinks/elasticsearch/index.ts';
import type { Sink } from '../../sinks/port.ts';
import { differences, type Rebuild } from './port.ts';

export function rebuildElasticsearch(store: Elasticsearch, view: ElasticsearchView, label: string): Rebuild {
  const rebuilt = rebuildBase(store, view, label);
  const always = { from: new Date(0), to: new Date(Date.UTC(2262, 0, 1)) };
  const sink = createElasticsearchSink({ store, view, rebuilt }) as Sink;
  const swap = () => swapIn(store, view, rebuilt);
  return {
    parts: [{ group: `elasticsearch.${view}`, topic: view as TopicId, sink }],
    async rows() {
      return (await tallyElasticsearch(store, view, rebuilt)).reduce((sum, { rows }) => sum + rows, 0);
    },
    async forgotten(since, before) {
      const within = (hour: string) => Date.parse(hour) >= since && Date.parse(hour) < before;
      return (await tallyElasticsearch(store, view)).reduce((sum, { hour, rows }) => (within(hour) ? sum + rows : sum), 0);
    },
    async compare() {
      return differences(await eventIds(store, view, always, rebuilt), await eventIds(store, view, always));
    },
    swap,
    finishSwap: swap,
    drop: () => dropRebuilt(store, view, rebuilt),
  };
}
