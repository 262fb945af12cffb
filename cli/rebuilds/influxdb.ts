/**
 * An InfluxDB view is rebuilt as a bucket beside it. Points know no offset and ids are what they share with events, so the two
 * are compared id by id, an hour at a time. Two renames make the exchange, and a sink that writes between them tries again.
 */
import {
  createInfluxSink,
  dropRebuilt,
  type Influx,
  interactionIds,
  rebuildBucket,
  retainedSince,
  swapIn,
  type TagLimits,
  tallyInflux,
} from '../../sinks/influxdb/index.ts';
import type { Sink } from '../../sinks/port.ts';
import { type Differences, differences, type Rebuild } from './port.ts';

const HOUR_MS = 3_600_000;

export function rebuildInflux(store: Influx, tagLimits: Partial<TagLimits>, label: string): Rebuild {
  const rebuilt = rebuildBucket(store, label);
  const swap = () => swapIn(store, rebuilt);
  const tallySince = (bucket: string, since: number) => tallyInflux(store, { bucket, from: new Date(since) });
  return {
    parts: [{ group: 'influxdb.interactions', topic: 'assessed', sink: createInfluxSink({ store, rebuilt, tagLimits }) as Sink }],
    async rows(since) {
      return (await tallySince(rebuilt, since)).reduce((sum, { rows }) => sum + rows, 0);
    },
    keptSince: async () => (await retainedSince(store))?.getTime(),
    async forgotten(since, before) {
      const tallies = await tallySince(store.bucket, since);
      return tallies.reduce((sum, { hour, rows }) => (Date.parse(hour) < before ? sum + rows : sum), 0);
    },
    async compare(since) {
      const tallies = await Promise.all([rebuilt, store.bucket].map((bucket) => tallySince(bucket, since)));
      const found: Differences = { missing: 0, extra: 0 };
      for (const hour of new Set(tallies.flat().map((tally) => tally.hour))) {
        const from = new Date(hour);
        const window = { from, to: new Date(from.getTime() + HOUR_MS) };
        const fresh = await interactionIds(store, window, rebuilt);
        const { missing, extra } = differences(fresh, await interactionIds(store, window));
        found.missing += missing;
        found.extra += extra;
      }
      return found;
    },
    swap,
    finishSwap: swap,
    drop: () => dropRebuilt(store, rebuilt),
  };
}
