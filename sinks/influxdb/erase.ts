/**
 * Masks an erased subject's points. A tag is part of what a point is, so it cannot be changed: the point is written again under
 * the pseudonym, and then the old one is deleted, day by day. Killed in between, a day has both, until the next run writes the
 * same points over the new ones and deletes the rest. Where the user was beyond the guard's limit, only the field that keeps
 * the name is written over. The guard's own record of the name is the first to go.
 */
import { fluxString, toFluxValue } from '@influxdata/influxdb-client';
import type { Eraser, Erasure } from '../erasure.ts';
import type { Influx } from './connect.ts';
import { unavailable } from './errors.ts';
import { renameAdmitted } from './guard.ts';
import { type BucketInfo, findBucket, listBuckets } from './organisation.ts';
import { MEASUREMENT, TAGS, tagText, toLineAgain } from './points.ts';
import { rebuiltBucket } from './schema.ts';
import { send } from './send.ts';

/** A point with its tags and fields as columns. */
type Row = Record<string, string | number | null> & { ns: string };

const VIEW = 'influxdb.interactions';
const DAY_MS = 86_400_000;
const RAW = 'user_id_raw';

export function createInfluxEraser(store: Influx): Eraser {
  /** The live bucket, where it is there, and those that a replay is filling. */
  async function buckets(): Promise<BucketInfo[]> {
    const live = await findBucket(store, store.bucket);
    const rebuilt = await listBuckets(store, rebuiltBucket(store, ''));
    return live === undefined ? rebuilt : [live, ...rebuilt];
  }

  async function countIn(bucket: string, erasure: Erasure): Promise<number> {
    const count = async (filter: string) => {
      const flux = `${points(bucket, erasure)} |> filter(fn: (r) => ${filter}) |> group() |> count()`;
      return (await store.query<{ _value: number }>('look for the subject', flux))[0]?._value ?? 0;
    };
    const tag = `r._field == "gateway_sequence" and r.user_id == ${text(tagText(erasure.id))}`;
    return (await count(tag)) + (await count(rawFilter(erasure)));
  }

  /** Days, as milliseconds since 1970, in which the user has points under its own tag. */
  async function daysIn(bucket: string, erasure: Erasure): Promise<number[]> {
    const flux = `${points(bucket, erasure)}
      |> filter(fn: (r) => r._field == "gateway_sequence" and r.user_id == ${text(tagText(erasure.id))})
      |> group() |> aggregateWindow(every: 1d, fn: count, timeSrc: "_start", createEmpty: false)`;
    const rows = await store.query<{ _time: string; _value: number }>('look for the subject', flux);
    return rows.filter(({ _value }) => _value > 0).map(({ _time }) => Math.floor(Date.parse(_time) / DAY_MS) * DAY_MS);
  }

  async function rename(bucket: string, erasure: Erasure, day: number): Promise<void> {
    const flux = `${points(bucket, erasure, day)}
      |> filter(fn: (r) => r.user_id == ${text(tagText(erasure.id))})
      |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
      |> map(fn: (r) => ({r with ns: string(v: int(v: r._time))}))`;
    await write(bucket, erasure, await store.query<Row>('read the subject’s points', flux), (row) => fieldsOf(row));
    const [start, stop] = [new Date(day).toISOString(), instant(Math.min(erasure.until, (day + DAY_MS) * 1_000 - 1), 999)];
    const predicate = `_measurement="${MEASUREMENT}" AND org="${inPredicate(tagText(erasure.org))}" AND user_id="${inPredicate(tagText(erasure.id))}"`;
    const query = `org=${encodeURIComponent(store.org)}&bucket=${encodeURIComponent(bucket)}`;
    await store.request('delete the subject’s points', 'POST', `/api/v2/delete?${query}`, { start, stop, predicate }, 204);
  }

  /** Points that share their series with others' and keep the name in a field. */
  async function renameRaw(bucket: string, erasure: Erasure): Promise<void> {
    const flux = `${points(bucket, erasure)} |> filter(fn: (r) => ${rawFilter(erasure)})
      |> map(fn: (r) => ({r with ns: string(v: int(v: r._time))}))`;
    const rows = await store.query<Row>('read the subject’s points', flux);
    await write(bucket, undefined, rows, () => ({ [RAW]: erasure.pseudonym }));
  }

  /** `erasure`: whose pseudonym takes the place of the tag. */
  async function write(bucket: string, erasure: Erasure | undefined, rows: Row[], fields: (row: Row) => Record<string, unknown>) {
    const entries = rows.map((row, index) => {
      const tags = Object.fromEntries(Object.keys(TAGS).flatMap((tag) => (typeof row[tag] === 'string' ? [[tag, row[tag]]] : [])));
      if (erasure !== undefined) tags['user_id'] = erasure.pseudonym;
      return { index, line: toLineAgain(tags, fields(row), row.ns) };
    });
    const { refused } = await send(store, bucket, entries);
    const [reason] = refused.values();
    // What has expired meanwhile is gone, and may be.
    if (reason !== undefined) throw unavailable('write the subject’s points again', new Error(reason));
  }

  return {
    async find(erasure) {
      let rows = 0;
      for (const { name } of await buckets()) rows += await countIn(name, erasure);
      return [{ view: VIEW, rows }];
    },
    async mask(erasure) {
      for (const bucket of await buckets()) {
        await renameAdmitted(store, bucket, 'user_id', tagText(erasure.id), erasure.pseudonym);
        for (const day of new Set(await daysIn(bucket.name, erasure))) await rename(bucket.name, erasure, day);
        await renameRaw(bucket.name, erasure);
      }
    },
  };
}

const COLUMNS = new Set<string>(['result', 'table', '_start', '_stop', '_time', '_measurement', 'ns', RAW, ...Object.keys(TAGS)]);

function fieldsOf(row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => !COLUMNS.has(name) && value !== null && value !== undefined));
}

/** The org's points up to the erasure, all of them or those of one day. */
function points(bucket: string, { org, until }: Erasure, day?: number): string {
  const stop = instant(day === undefined ? until + 1 : Math.min(until + 1, (day + DAY_MS) * 1_000));
  return `from(bucket: ${text(bucket)})
      |> range(start: ${new Date(day ?? 0).toISOString()}, stop: ${stop})
      |> filter(fn: (r) => r._measurement == "${MEASUREMENT}" and r.org == ${text(tagText(org))})`;
}

function rawFilter({ id }: Erasure): string {
  return `r._field == "${RAW}" and r._value == ${text(id)} and r.user_id != ${text(tagText(id))}`;
}

/** ISO 8601 with all nine digits, of microseconds since 1970. */
function instant(micros: number, nanos = 0): string {
  const millis = Math.floor(micros / 1_000);
  const rest = (micros - millis * 1_000) * 1_000 + nanos;
  return `${new Date(millis).toISOString().slice(0, -1)}${String(rest).padStart(6, '0')}Z`;
}

function inPredicate(value: string): string {
  return value.replaceAll('"', '\\"');
}

function text(value: string): string {
  return toFluxValue(fluxString(value));
}
