/**
 * Hourly sums in Flux. An hour is always summed whole from its points and overwrites what was there, so running it again, late
 * or twice changes nothing. One task sums the last hours every hour; one sums everything that is hot again every day, for what
 * came late. The oldest day of the hot bucket is left out: where it has begun to expire, a sum would be too small.
 */
import { fluxString, toFluxValue } from '@influxdata/influxdb-client';
import type { Influx } from './connect.ts';
import { MEASUREMENT } from './points.ts';

export const HOURLY_MEASUREMENT = `${MEASUREMENT}_hourly`;
export const TASKS = ['hourly', 'daily'] as const;

/** Not the user: there are too many, and months of a user are a question for ClickHouse. */
const HOURLY_TAGS = ['agent_id', 'model', 'org', 'region', 'status', 'vendor'];
/** Whole numbers and floats in pipes of their own: Flux has one type per column. */
const SUMS = ['events', 'prompt_tokens', 'completion_tokens', 'cached_tokens', 'reasoning_tokens', 'threats_detected'];
const FLOAT_SUMS = ['cost_usd', 'latency_ms'];
const MAXIMA = ['risk_score'];
const FLOAT_MAXIMA = ['latency_ms', 'ttft_ms'];
/** Whole hours that the hourly task sums again: a pipeline that lags no further needs no other. */
const RECENT_HOURS = 3;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** Where points are kept for ever, the daily task still looks no further back than this. */
const FAR_SECONDS = 30 * DAY_SECONDS;

/** The Flux of a task; `kept` is the hot bucket's retention in seconds, 0 for ever. */
export function hourlyTask(store: Influx, task: (typeof TASKS)[number], kept: number): string {
  const seconds = task === 'hourly' ? RECENT_HOURS * HOUR_SECONDS : lookBackSeconds(kept);
  const timing = task === 'hourly' ? 'every: 1h, offset: 10m' : 'every: 1d, offset: 40m';
  const range = `start: date.sub(d: ${seconds}s, from: hour), stop: hour`;
  return `import "date"

option task = {name: ${text(`parapet ${store.bucket} ${task}`)}, ${timing}}

hour = date.truncate(t: now(), unit: 1h)

${sums(store, store.bucket, range)}`;
}

/** Sums the hours of a time again, in place, one by one. `from` and `to` are whole hours. Throws PARAPET_STORE_UNAVAILABLE. */
export async function sumHours(store: Influx, { from, to }: { from: Date; to: Date }): Promise<void> {
  for (let hour = from.getTime(); hour < to.getTime(); hour += HOUR_SECONDS * 1_000) {
    const stop = new Date(hour + HOUR_SECONDS * 1_000);
    await store.query('sum its hours', sums(store, store.bucket, `start: ${new Date(hour).toISOString()}, stop: ${stop.toISOString()}`));
  }
}

/**
 * Sums everything that is hot after a swap. The hours' old sums are deleted first, because a rebuilt point may have another tag
 * than before and its old series would stay. A crash between leaves hours that the daily task sums.
 */
export async function replaceHours(store: Influx, kept: number): Promise<void> {
  const to = new Date(Math.floor(Date.now() / (HOUR_SECONDS * 1_000)) * HOUR_SECONDS * 1_000);
  const from = new Date(to.getTime() - lookBackSeconds(kept) * 1_000);
  const query = `org=${encodeURIComponent(store.org)}&bucket=${encodeURIComponent(hourlyBucket(store))}`;
  const what = {
    start: from.toISOString(),
    stop: new Date(to.getTime() - 1).toISOString(),
    predicate: `_measurement="${HOURLY_MEASUREMENT}"`,
  };
  await store.request('delete the old hourly sums', 'POST', `/api/v2/delete?${query}`, what, 204);
  // An hour without points costs as much as one with few, and after a quiet week most have none.
  for (const hour of await hoursWithPoints(store, { from, to })) {
    await sumHours(store, { from: hour, to: new Date(hour.getTime() + HOUR_SECONDS * 1_000) });
  }
}

async function hoursWithPoints(store: Influx, { from, to }: { from: Date; to: Date }): Promise<Date[]> {
  const rows = await store.query<{ _time: string }>(
    'find the hours that have points',
    `from(bucket: ${text(store.bucket)})
    |> range(start: ${from.toISOString()}, stop: ${to.toISOString()})
    |> filter(fn: (r) => r._measurement == "${MEASUREMENT}" and r._field == "events")
    |> aggregateWindow(every: 1h, fn: count, timeSrc: "_start", createEmpty: false)
    |> keep(columns: ["_time"])
    |> group()
    |> distinct(column: "_time")
    |> map(fn: (r) => ({_time: r._value}))
    |> sort(columns: ["_time"])`,
  );
  return rows.map(({ _time }) => new Date(_time));
}

function lookBackSeconds(kept: number): number {
  if (kept === 0) return FAR_SECONDS;
  return Math.max(RECENT_HOURS * HOUR_SECONDS, Math.floor(kept / HOUR_SECONDS) * HOUR_SECONDS - DAY_SECONDS);
}

/**
 * Sums per series first, which the storage engine does, then without the columns that hours do not have. Dropping a column
 * joins tables that have the same ones; `group` would join others too, and InfluxDB 2.7 panics on `max` over those.
 */
function sums(store: Influx, bucket: string, range: string): string {
  const pipes = [
    { fn: 'sum', fields: SUMS, suffix: '' },
    { fn: 'sum', fields: FLOAT_SUMS, suffix: '_sum' },
    { fn: 'max', fields: MAXIMA, suffix: '_max' },
    { fn: 'max', fields: FLOAT_MAXIMA, suffix: '_max' },
  ];
  return pipes
    .map(({ fn, fields, suffix }, n) => {
      const hourly = `aggregateWindow(every: 1h, fn: ${fn}, timeSrc: "_start", createEmpty: false)`;
      return `from(bucket: ${text(bucket)})
    |> range(${range})
    |> filter(fn: (r) => r._measurement == "${MEASUREMENT}" and (${fields.map((field) => `r._field == "${field}"`).join(' or ')}))
    |> ${hourly}
    |> drop(columns: ["user_id", "gateway_id"])
    |> ${hourly}
    |> map(fn: (r) => ({r with _measurement: "${HOURLY_MEASUREMENT}", _field: r._field + "${suffix}"}))
    |> to(bucket: ${text(hourlyBucket(store))}, org: ${text(store.org)}, tagColumns: ${JSON.stringify(HOURLY_TAGS)})
    |> group()
    |> count(column: "_field")
    |> yield(name: "${n}")`;
    })
    .join('\n\n');
}

export function hourlyBucket({ bucket }: Influx): string {
  return `${bucket}_hourly`;
}

function text(value: string): string {
  return toFluxValue(fluxString(value));
}
