/**
 * The InfluxDB sink: the store of live operations, for dashboards and alerts over the last days. See README.md for the
 * questions that it answers and for why an interaction that is written twice is there once.
 */
import type { BatchLimits, Sink } from '../port.ts';
import type { Influx } from './connect.ts';
import { type Guard, openGuard, TAG_LIMITS, type TagLimits } from './guard.ts';
import { openLive, openRebuilt } from './schema.ts';
import { type Notice, writeBatch } from './write.ts';

export { connectInflux, type Influx, type InfluxOptions, openInflux } from './connect.ts';
export { createInfluxEraser } from './erase.ts';
export { TAG_LIMITS, type TagLimits } from './guard.ts';
export { sumHours } from './hourly.ts';
export { type GuardedTag, MEASUREMENT, OTHER } from './points.ts';
export { OPERATOR_QUERIES, type OperatorQuery } from './queries.ts';
export { dropRebuilt, rebuildBucket, swapIn } from './rebuild.ts';
export { applyRetention as applyInfluxRetention, reportRetention as reportInfluxRetention } from './retention.ts';
export { migrate as migrateInflux } from './schema.ts';
export { interactionIds, retainedSince, tallyInflux } from './tally.ts';
export type { Notice } from './write.ts';

export interface InfluxSinkOptions {
  /** From `openInflux` or `connectInflux`; shared, and closed by who made it. */
  store: Influx;
  /** From `rebuildBucket`: writes there instead of into the live bucket. */
  rebuilt?: string;
  /** How many values of a tag get series of their own; `null`: all. A bucket keeps those that it began with. */
  tagLimits?: Partial<TagLimits>;
  /** Called once a batch and kind, after the batch is stored. */
  onNotice?: (notice: Notice) => void;
  limits?: Partial<BatchLimits>;
}

const LIMITS: BatchLimits = { maxRecords: 5_000, maxBytes: 16 * 1024 * 1024, lingerMs: 500 };

/** The sink `influxdb.interactions`. `open` makes buckets and tasks; `close` leaves the shared store open. */
export function createInfluxSink({ store, rebuilt, tagLimits, onNotice, limits }: InfluxSinkOptions): Sink<'assessed'> {
  let guard: Promise<Guard> | undefined;

  async function open(): Promise<Guard> {
    const wanted = { ...TAG_LIMITS, ...tagLimits };
    if (rebuilt === undefined) return openGuard(store, await openLive(store), wanted);
    const { bucket, live } = await openRebuilt(store, rebuilt);
    return openGuard(store, bucket, wanted, live);
  }

  return {
    name: 'influxdb.interactions',
    topic: 'assessed',
    limits: { ...LIMITS, ...limits },
    async open() {
      guard = open();
      await guard;
    },
    async write(batch) {
      try {
        guard ??= open();
        return await writeBatch(store, await guard, rebuilt ?? store.bucket, batch, onNotice ?? (() => {}));
      } catch (error) {
        // The bucket may have been deleted or swapped under us: the next try looks again.
        guard = undefined;
        throw error;
      }
    },
    close: async () => {},
  };
}
