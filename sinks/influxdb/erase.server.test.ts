/** Erasing a subject from a real InfluxDB. Needs INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import type { Erasure } from '../erasure.ts';
import { createFixtures } from '../fixtures.ts';
import { createInfluxEraser, createInfluxSink, type Influx, tallyInflux } from './index.ts';
import { findBucket, listLabels } from './organisation.ts';
import { hoursAgo, openTestStore, SERVER, wipe } from './testing.ts';

if (SERVER.url === '') console.warn('SKIPPED: nobody was erased from InfluxDB, because INFLUX_URL is not set.');

/** One that a tag can hold, one that it cannot, and one that comes when the guard's room is taken. */
const USERS = [`ann "x" o'k, =`, 'back\\slash', 'bob', 'late'] as const;
const EACH = 40;

describe.skipIf(SERVER.url === '')('the InfluxDB eraser', () => {
  const start = hoursAgo(40);
  const fixtures = createFixtures({ startMs: start, stepMs: 15 * 60_000 });
  let store: Influx;

  const erasureOf = (id: string, hex: string): Erasure => {
    return { org: 'acme', id, subject: `acme/${id}`, pseudonym: `erased:${hex.repeat(16)}`, until: Date.now() * 1_000 };
  };

  beforeAll(async () => {
    store = await openTestStore(`te${process.pid}`);
    const sink = createInfluxSink({ store, tagLimits: { user_id: 3 } });
    await sink.open();
    const batch = fixtures.batch('assessed', { first: 0, last: EACH * USERS.length - 1 });
    const records = batch.records.map((record, n) => {
      const userId = USERS[n % USERS.length] as string;
      const org = n === 4 ? 'other' : 'acme';
      return {
        ...record,
        value: { ...record.value, interaction: { ...record.value.interaction, org, userId, subject: `${org}/${userId}` } },
      };
    });
    for (const part of [records.filter(({ value }) => value.interaction.userId !== 'late'), records]) {
      expect(await sink.write({ ...batch, records: part })).toEqual([]);
    }
  }, 60_000);
  afterAll(() => wipe(store));

  /** Points as they stand, names apart. */
  async function points(): Promise<Record<string, unknown>[]> {
    const rows = await store.query<Record<string, unknown>>(
      'read all',
      `from(bucket: "${store.bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "ai_interactions")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> drop(columns: ["_start", "_stop"]) |> group() |> sort(columns: ["_time"])`,
    );
    return rows.map(({ table: _, ...row }) => row);
  }
  const nameless = ({ user_id: _, user_id_raw: __, ...rest }: Record<string, unknown>) => rest;
  const find = async (erasure: Erasure) => (await createInfluxEraser(store).find(erasure))[0]?.rows;

  it.each([
    [USERS[0], 'a', EACH - 1],
    [USERS[1], 'b', EACH],
    [USERS[3], 'c', EACH],
  ])('puts the pseudonym in the place of %j, and changes nothing else', async (id, hex, count) => {
    const erasure = erasureOf(id, hex);
    const [before, tally] = [await points(), await tallyInflux(store)];
    expect(await find(erasure)).toBe(count);
    await createInfluxEraser(store).mask(erasure);
    expect(await find(erasure)).toBe(0);
    const after = await points();
    expect(after.map(nameless)).toEqual(before.map(nameless));
    expect(await tallyInflux(store)).toEqual(tally);
    const masked = after.filter((point) => point['user_id'] === erasure.pseudonym || point['user_id_raw'] === erasure.pseudonym);
    expect(masked).toHaveLength(count);
    const names = JSON.stringify(after.filter((point) => point['org'] === 'acme').map((point) => [point['user_id'], point['user_id_raw']]));
    expect(names).not.toContain(JSON.stringify(id).slice(1, -1));
  });

  it('leaves the same user of another org, and other users', async () => {
    const left = (await points()).filter((point) => point['org'] === 'other' || point['user_id'] === 'bob');
    expect(left).toHaveLength(EACH + 1);
  });

  it('has the name on no page of the guard any more', async () => {
    const bucket = await findBucket(store, store.bucket);
    const labels = (await listLabels(store, bucket?.orgID ?? '')).filter(({ name }) => name.includes(bucket?.id ?? '?'));
    expect(JSON.stringify(labels)).toContain(`erased:${'a'.repeat(16)}`);
    expect(JSON.stringify(labels)).not.toContain("o'k");
  });

  it('goes on where it was killed, between writing anew and deleting', async () => {
    const erasure = erasureOf('bob', 'd');
    const before = await points();
    let deleted = 0;
    const dying: Influx = {
      ...store,
      request: (what, method, path, ...rest) => {
        // The second day's points are there twice now.
        if (path.startsWith('/api/v2/delete') && ++deleted === 2) throw new ParapetError('PARAPET_STORE_UNAVAILABLE');
        return store.request(what, method, path, ...rest);
      },
    };
    await expect(createInfluxEraser(dying).mask(erasure)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect((await points()).length).toBeGreaterThan(before.length);
    expect(await find(erasure)).toBeGreaterThan(0);
    await createInfluxEraser(store).mask(erasure);
    expect(await find(erasure)).toBe(0);
    expect((await points()).map(nameless)).toEqual(before.map(nameless));
  });
});
