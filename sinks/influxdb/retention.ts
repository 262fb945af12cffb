/**
 * How long points and hourly sums stay: the retention of two buckets. The table wins over what a bucket has, and says so.
 * InfluxDB deletes by the shard, an hour to a week long, so a point stays for up to a shard longer.
 */
import { DAY_MS, type RetentionTable, renderDays } from '../../core/retention.ts';
import { type Applied, type Holding, verdictOf } from '../retention.ts';
import type { Influx } from './connect.ts';
import { HOURLY_MEASUREMENT, hourlyBucket } from './hourly.ts';
import { findBucket, keepFor, shardSeconds } from './organisation.ts';
import { MEASUREMENT } from './points.ts';
import { openLive, retentionOf } from './schema.ts';

/** InfluxDB looks for shards that are due every half hour. */
const SLACK_MS = DAY_MS;

/** Makes what is missing, and gives both buckets the table's retention. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyRetention(store: Influx, table: RetentionTable): Promise<Applied[]> {
  await openLive(store);
  const done: Applied[] = [];
  for (const { name, days } of bucketsOf(store, table)) {
    const bucket = await findBucket(store, name);
    const before = bucket === undefined ? 0 : retentionOf(bucket);
    if (bucket === undefined || before === secondsOf(days)) continue;
    await keepFor(store, bucket, secondsOf(days));
    done.push({ what: name, did: `keeps ${renderDays(days)} instead of ${rendered(before)}`, removed: 0 });
  }
  // The tasks look as far back as the hot bucket keeps.
  if (done.length > 0) await openLive(store);
  return done;
}

/** What both buckets say and hold. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: Influx, table: RetentionTable, now = Date.now()): Promise<Holding[]> {
  const holdings: Holding[] = [];
  for (const { name, days, measurement } of bucketsOf(store, table)) {
    const bucket = await findBucket(store, name);
    if (bucket === undefined) continue;
    const held = await look(store, name, measurement);
    const [wanted, configured] = [renderDays(days), rendered(retentionOf(bucket))];
    const allowedMs = days === 0 ? 0 : now - days * DAY_MS - shardSeconds(secondsOf(days)) * 1_000 - SLACK_MS;
    const verdict = verdictOf({ wanted, configured, oldestMs: held.oldestMs, allowedMs });
    const says = verdict === 'ok' ? undefined : 'Run parapet retention apply.';
    holdings.push({ what: name, class: 'metrics', wanted, configured, ...held, verdict, says });
  }
  return holdings;
}

function bucketsOf(store: Influx, { metrics }: RetentionTable): { name: string; days: number; measurement: string }[] {
  const hot = { name: store.bucket, days: metrics.hotDays, measurement: MEASUREMENT };
  if (store.hourlyRetentionSeconds === false) return [hot];
  return [hot, { name: hourlyBucket(store), days: metrics.coldDays, measurement: HOURLY_MEASUREMENT }];
}

const secondsOf = (days: number) => (days * DAY_MS) / 1_000;

function rendered(seconds: number): string {
  const days = (seconds * 1_000) / DAY_MS;
  return Number.isInteger(days) ? renderDays(days) : `${seconds} s`;
}

async function look(store: Influx, bucket: string, measurement: string): Promise<Pick<Holding, 'oldestMs' | 'newestMs' | 'rows'>> {
  const points = `from(bucket: ${JSON.stringify(bucket)}) |> range(start: 0, stop: 2262-01-01T00:00:00Z)
    |> filter(fn: (r) => r._measurement == "${measurement}" and r._field == "events")`;
  const one = async (flux: string) => (await store.query<{ _time: string }>(`look through ${bucket}`, flux))[0]?._time;
  const end = (which: 'first' | 'last', desc: boolean) =>
    one(`${points} |> ${which}() |> keep(columns: ["_time"]) |> group() |> sort(columns: ["_time"], desc: ${desc}) |> limit(n: 1)`);
  const oldest = await end('first', false);
  if (oldest === undefined) return { oldestMs: undefined, newestMs: undefined, rows: 0 };
  const newest = await end('last', true);
  const [counted] = await store.query<{ _value: number }>(`count ${bucket}`, `${points} |> count() |> group() |> sum()`);
  return { oldestMs: Date.parse(oldest), newestMs: newest === undefined ? undefined : Date.parse(newest), rows: counted?._value ?? 0 };
}
