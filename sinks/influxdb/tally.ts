/**
 * How many interactions the bucket holds, by hour and status: one side of `emitted = stored = reported`. Counts points that are
 * there, by the field `gateway_sequence`: with the tag `gateway_id` it is an interaction's other name, and the one that
 * horizons speak of. Only hours since `retainedSince` are whole.
 */
import { fluxString, toFluxValue } from '@influxdata/influxdb-client';
import type { Horizon } from '../port.ts';
import type { Tally } from '../tally.ts';
import type { Influx } from './connect.ts';
import { findBucket } from './organisation.ts';
import { MEASUREMENT } from './points.ts';
import { retentionOf } from './schema.ts';

export interface TallyOptions {
  /** Another bucket than the live one, e.g. a rebuilt one. */
  bucket?: string;
  horizons?: readonly Horizon[];
  from?: Date;
  to?: Date;
}

const HOUR_MS = 3_600_000;
/** InfluxDB's own bounds of time, in whole hours. */
const ALWAYS = { from: new Date(0), to: new Date('2262-04-11T00:00:00Z') };

/** Ordered by hour and status. Throws PARAPET_STORE_UNAVAILABLE. */
export async function tallyInflux(store: Influx, options: TallyOptions = {}): Promise<Tally[]> {
  const { bucket = store.bucket, horizons = [], from = ALWAYS.from, to = ALWAYS.to } = options;
  const rows = await store.query<{ hour: string; status: string; rows: number; distinct: number }>(
    `count ${bucket}`,
    `points = ${points(bucket, 'gateway_sequence', from, to)}${within(horizons)}
    |> group(columns: ["gateway_id", "status"])
    |> window(every: 1h)
rows = points |> count() |> set(key: "of", value: "rows")
distinct = points |> distinct() |> count() |> set(key: "of", value: "distinct")
union(tables: [rows, distinct])
    |> group(columns: ["_start", "status", "of"])
    |> sum()
    |> pivot(rowKey: ["_start", "status"], columnKey: ["of"], valueColumn: "_value")
    |> group()
    |> rename(columns: {_start: "hour"})
    |> sort(columns: ["hour", "status"])`,
  );
  return rows.map(({ hour, status, rows: count, distinct }) => ({ hour: new Date(hour).toISOString(), status, rows: count, distinct }));
}

/** The ids of the interactions admitted in [from, to), each as often as it is stored, in order of admission. */
export async function interactionIds(store: Influx, { from, to }: { from: Date; to: Date }, bucket = store.bucket): Promise<string[]> {
  const rows = await store.query<{ _value: string }>(
    `list ${bucket}`,
    `${points(bucket, 'interaction_id', from, to)} |> keep(columns: ["_time", "_value"]) |> group() |> sort(columns: ["_time", "_value"])`,
  );
  return rows.map(({ _value }) => _value);
}

/** The first hour that the live bucket keeps whole at `now`; undefined when it keeps everything. Throws PARAPET_STORE_UNAVAILABLE. */
export async function retainedSince(store: Influx, now = new Date()): Promise<Date | undefined> {
  const bucket = await findBucket(store, store.bucket);
  const kept = bucket === undefined ? store.retentionSeconds : retentionOf(bucket);
  return kept === 0 ? undefined : new Date(Math.ceil((now.getTime() - kept * 1_000) / HOUR_MS) * HOUR_MS);
}

function points(bucket: string, field: string, from: Date, to: Date): string {
  return `from(bucket: ${text(bucket)})
    |> range(start: ${from.toISOString()}, stop: ${to.toISOString()})
    |> filter(fn: (r) => r._measurement == "${MEASUREMENT}" and r._field == "${field}")`;
}

function within(horizons: readonly Horizon[]): string {
  return horizons
    .map(({ gatewayId, through, open }) => {
      const late = open.length === 0 ? '' : ` or contains(value: r._value, set: [${open.join(', ')}])`;
      return `\n    |> filter(fn: (r) => r.gateway_id != ${text(gatewayId)} or not (r._value > ${through}${late}))`;
    })
    .join('');
}

function text(value: string): string {
  return toFluxValue(fluxString(value));
}
