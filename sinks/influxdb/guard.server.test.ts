/** The guard on a real InfluxDB: in parallel, over crashes in the worst places, and over a swap. Needs INFLUX_URL. */
import { afterAll, describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import { createInfluxSink, dropRebuilt, type Influx, type Notice, OTHER, rebuildBucket, swapIn, tallyInflux } from './index.ts';
import { findBucket, listBuckets, listLabels, renameBucket } from './organisation.ts';
import { HOUR_MS, hoursAgo, openTestStore, SERVER, sum, wipe } from './testing.ts';

if (SERVER.url === '') console.warn('SKIPPED: the guard of the InfluxDB sink was not tested, because INFLUX_URL is not set.');

describe.skipIf(SERVER.url === '')('the guard of the InfluxDB sink', () => {
  const stores: Influx[] = [];
  const fixtures = createFixtures({ startMs: hoursAgo(5), stepMs: 1_000 });
  const tagLimits = { user_id: 60, agent_id: 7, model: null };
  afterAll(async () => {
    for (const store of stores) await wipe(store);
  });
  async function storeFor(name: string): Promise<Influx> {
    const store = await openTestStore(`g${process.pid}_${name}`, { hourlyRetentionSeconds: false });
    stores.push(store);
    return store;
  }
  const batchOf = (first: number, last: number): SinkBatch<UnsealedAssessedInteraction> => fixtures.batch('assessed', { first, last });
  const valuesOf = async (store: Influx, tag: string, bucket = store.bucket) => {
    const flux = `import "influxdata/influxdb/schema"\nschema.tagValues(bucket: "${bucket}", tag: "${tag}", start: 0)`;
    return (await store.query<{ _value: string }>('list', flux)).map(({ _value }) => _value);
  };
  const userOf = async (store: Influx, bucket = store.bucket) => {
    const flux = `from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "interaction_id") |> group()`;
    const rows = await store.query<Record<string, string>>('read', `${flux} |> keep(columns: ["_value", "user_id", "agent_id"])`);
    return new Map(rows.map((row) => [row['_value'], `${row['user_id']} ${row['agent_id']}`]));
  };

  it('gives two sinks in parallel one set of values, and never one too many', async () => {
    const store = await storeFor('parallel');
    const notices: Notice[] = [];
    const sinks = [1, 2, 3].map(() => createInfluxSink({ store, tagLimits, onNotice: (notice) => notices.push(notice) }));
    await Promise.all(sinks.map((sink) => sink.open()));
    // Each sink writes every record, in batches of other sizes and at the same time: each must make the same point.
    await Promise.all(
      sinks.map(async (sink, n) => {
        const size = 90 + 41 * n;
        for (let first = 0; first < 1_200; first += size)
          expect(await sink.write(batchOf(first, Math.min(first + size, 1_200) - 1))).toEqual([]);
      }),
    );
    expect(sum(await tallyInflux(store))).toEqual({ rows: 1_200, distinct: 1_200 });
    const users = await valuesOf(store, 'user_id');
    expect(users.filter((user) => user !== OTHER)).toHaveLength(60);
    expect(users).toContain(OTHER);
    expect((await valuesOf(store, 'agent_id')).filter((agent) => agent !== OTHER)).toHaveLength(7);
    expect(await valuesOf(store, 'model')).not.toContain(OTHER);
    expect(notices.some((notice) => notice.kind === 'guarded' && notice.tag === 'user_id' && notice.limit === 60)).toBe(true);

    // What the tag no longer says is in a field.
    const rows = await store.query<{ _value: string; user_id: string }>(
      'read',
      `from(bucket: "${store.bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "user_id_raw")`,
    );
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.every(({ _value, user_id }) => user_id === OTHER && /^user-\d+$/.test(_value) && !users.includes(_value))).toBe(true);
  });

  it('shares one guard among the partitions of a process', async () => {
    const store = await storeFor('partitions');
    const sink = createInfluxSink({ store, tagLimits });
    await sink.open();
    await Promise.all(Array.from({ length: 8 }, (_, n) => sink.write(batchOf(n * 50, n * 50 + 49))));
    expect(sum(await tallyInflux(store))).toEqual({ rows: 400, distinct: 400 });
    expect((await valuesOf(store, 'user_id')).filter((user) => user !== OTHER)).toHaveLength(60);
  });

  /** The store in which the nth request that fits fails, before or after the server has done it. */
  function failing(store: Influx, fits: (method: string, path: string) => boolean, when: 'before' | 'after'): Influx {
    let armed = true;
    return {
      ...store,
      async request<T>(what: string, method: string, path: string, body?: unknown, expected?: number): Promise<T> {
        const hit = armed && fits(method, path);
        if (hit) armed = false;
        if (hit && when === 'before') throw new ParapetError('PARAPET_STORE_UNAVAILABLE');
        const answer = await store.request<T>(what, method, path, body, expected);
        if (hit) throw new ParapetError('PARAPET_STORE_UNAVAILABLE');
        return answer;
      },
    };
  }
  const isWrite = (_: string, path: string) => path.startsWith('/api/v2/write');
  const isPage = (method: string, path: string) => method === 'POST' && path === '/api/v2/labels';

  it.each([
    ['before its values are on record', isPage, 'before'],
    ['when they are, and the sink does not know', isPage, 'after'],
    ['before its points are written', isWrite, 'before'],
    ['when they are, and the sink does not know', isWrite, 'after'],
  ] as const)('makes the same points after a crash %s', async (_, fits, when) => {
    const store = await storeFor(`crash_${fits === isPage ? 'page' : 'write'}_${when}`);
    await createInfluxSink({ store, tagLimits }).open();
    const dying = createInfluxSink({ store: failing(store, fits, when), tagLimits });
    await dying.open();
    await expect(dying.write(batchOf(0, 199))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    // Meanwhile another process writes other records, and takes the room that is left.
    const other = createInfluxSink({ store, tagLimits });
    await other.open();
    await other.write(batchOf(500, 899));
    // Two successors, one after the other, cut the batch differently.
    for (const size of [37, 200]) {
      const successor = createInfluxSink({ store, tagLimits });
      await successor.open();
      for (let first = 0; first < 200; first += size) {
        expect(await successor.write({ ...batchOf(first, Math.min(first + size, 200) - 1), recovered: true })).toEqual([]);
      }
    }
    expect(sum(await tallyInflux(store))).toEqual({ rows: 600, distinct: 600 });
    expect((await valuesOf(store, 'user_id')).filter((user) => user !== OTHER)).toHaveLength(60);
  });

  it('keeps the limits that a bucket began with', async () => {
    const store = await storeFor('limits');
    const first = createInfluxSink({ store, tagLimits });
    await first.open();
    await first.write(batchOf(0, 399));
    const second = createInfluxSink({ store, tagLimits: { user_id: 1_000 } });
    await second.open();
    await second.write(batchOf(0, 399));
    expect(sum(await tallyInflux(store))).toEqual({ rows: 400, distinct: 400 });
    expect((await valuesOf(store, 'user_id')).filter((user) => user !== OTHER)).toHaveLength(60);
  });

  it('rebuilds beside, with the same tags, and swaps; what comes again after it is there once', async () => {
    const store = await storeFor('rebuild');
    const sink = createInfluxSink({ store, tagLimits });
    await sink.open();
    for (let first = 900; first >= 0; first -= 100) await sink.write(batchOf(first, first + 99));
    const before = await userOf(store);
    const rebuilt = rebuildBucket(store, 'r1');
    const builder = createInfluxSink({ store, tagLimits, rebuilt });
    await builder.open();
    for (let first = 0; first < 1_000; first += 250) await builder.write(batchOf(first, first + 249));
    expect(await tallyInflux(store, { bucket: rebuilt })).toEqual(await tallyInflux(store));
    expect(await userOf(store, rebuilt)).toEqual(before);

    await swapIn(store, rebuilt);
    await swapIn(store, rebuilt);
    expect(await userOf(store)).toEqual(before);
    expect((await listBuckets(store, store.bucket)).map(({ name }) => name)).toEqual([store.bucket]);
    const live = await findBucket(store, store.bucket);
    const pages = (await listLabels(store, live?.orgID ?? '')).filter(({ name }) => name.includes(live?.id ?? 'none'));
    expect(pages.length).toBeGreaterThan(1);
    const next = createInfluxSink({ store, tagLimits });
    await next.open();
    await next.write({ ...batchOf(300, 1_099), recovered: true });
    expect(sum(await tallyInflux(store))).toEqual({ rows: 1_100, distinct: 1_100 });
  });

  it('finishes a swap that a crash cut in two, by the sink or by the swap; readers meanwhile see no bucket', async () => {
    for (const who of ['sink', 'swap'] as const) {
      const store = await storeFor(`cut_${who}`);
      await createInfluxSink({ store, tagLimits }).open();
      const rebuilt = rebuildBucket(store, 'r1');
      const builder = createInfluxSink({ store, tagLimits, rebuilt });
      await builder.open();
      await builder.write(batchOf(0, 99));
      const live = await findBucket(store, store.bucket);
      if (live === undefined) throw new Error('no live bucket');
      await renameBucket(store, live, `${store.bucket}_replaced_r1`);
      await expect(tallyInflux(store)).rejects.toMatchObject({
        code: 'PARAPET_STORE_UNAVAILABLE',
        hint: expect.stringContaining('INFLUX_BUCKET'),
      });
      if (who === 'sink') await createInfluxSink({ store, tagLimits }).open();
      await swapIn(store, rebuilt);
      expect(sum(await tallyInflux(store))).toEqual({ rows: 100, distinct: 100 });
      expect((await listBuckets(store, store.bucket)).map(({ name }) => name)).toEqual([store.bucket]);
    }
  });

  it('deletes a rebuild that is given up, with its pages', async () => {
    const store = await storeFor('given_up');
    await createInfluxSink({ store, tagLimits }).open();
    const rebuilt = rebuildBucket(store, 'r2');
    const builder = createInfluxSink({ store, tagLimits, rebuilt });
    await builder.open();
    await builder.write(batchOf(0, 99));
    const bucket = await findBucket(store, rebuilt);
    await dropRebuilt(store, rebuilt);
    await dropRebuilt(store, rebuilt);
    expect(await findBucket(store, rebuilt)).toBeUndefined();
    expect((await listLabels(store, bucket?.orgID ?? '')).filter(({ name }) => name.includes(bucket?.id ?? 'none'))).toEqual([]);
  });

  it('moves the hourly sums along with a swap', async () => {
    const store = await openTestStore(`g${process.pid}_hours`);
    stores.push(store);
    const few = createFixtures({ startMs: hoursAgo(3), stepMs: 30_000 });
    await createInfluxSink({ store, tagLimits }).open();
    const rebuilt = rebuildBucket(store, 'r1');
    const builder = createInfluxSink({ store, tagLimits, rebuilt });
    await builder.open();
    await builder.write(few.batch('assessed', { first: 0, last: 359 }));
    const time = BigInt(hoursAgo(2)) * 1_000_000n;
    const stale = `ai_interactions_hourly,agent_id=gone events=77i ${time}`;
    await store.request('write', 'POST', `/api/v2/write?org=${store.org}&bucket=${store.bucket}_hourly&precision=ns`, stale, 204);
    await swapIn(store, rebuilt);
    const flux = `from(bucket: "${store.bucket}_hourly") |> range(start: 0) |> filter(fn: (r) => r._field == "events") |> group() |> sum()`;
    expect((await store.query<{ _value: number }>('read', flux))[0]?._value).toBe((3 * HOUR_MS) / 30_000);
  });
});
