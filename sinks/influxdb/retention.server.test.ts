/** How long a bucket keeps its points, on a real InfluxDB. Needs INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG; says so otherwise. */
import { afterAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { createInfluxSink, type Influx } from './index.ts';
import { findBucket } from './organisation.ts';
import { applyRetention, reportRetention } from './retention.ts';
import { retentionOf } from './schema.ts';
import { hoursAgo, openTestStore, SERVER, wipe } from './testing.ts';

if (SERVER.url === '') console.warn('SKIPPED: the retention of InfluxDB was not tested, because INFLUX_URL is not set.');

const DAY_SECONDS = 86_400;

describe.skipIf(SERVER.url === '')('the retention of InfluxDB', () => {
  let store: Influx;
  afterAll(() => wipe(store));

  it('is the table’s, also for buckets that were there, and is read back', async () => {
    store = await openTestStore(`r${process.pid}`);
    const sink = createInfluxSink({ store });
    await sink.open();
    await sink.write(createFixtures({ startMs: hoursAgo(12), stepMs: 60_000 }).batch('assessed', { first: 0, last: 99 }));
    const keeps = async (name: string) => {
      const bucket = await findBucket(store, name);
      return bucket && retentionOf(bucket);
    };
    expect(await keeps(store.bucket)).toBe(7 * DAY_SECONDS);

    const table = parseRetention('metrics=1d/400d');
    const before = await reportRetention(store, table);
    expect(before).toMatchObject([
      { what: store.bucket, wanted: '1 d', configured: '7 d', verdict: 'differs', rows: 100, oldestMs: hoursAgo(12) },
      { what: `${store.bucket}_hourly`, wanted: '400 d', configured: '90 d', verdict: 'differs' },
    ]);
    expect(before[0]?.newestMs).toBe(hoursAgo(12) + 99 * 60_000);
    expect(await applyRetention(store, table)).toMatchObject([{ did: 'keeps 1 d instead of 7 d' }, { did: 'keeps 400 d instead of 90 d' }]);
    expect([await keeps(store.bucket), await keeps(`${store.bucket}_hourly`)]).toEqual([DAY_SECONDS, 400 * DAY_SECONDS]);
    expect(await applyRetention(store, table)).toEqual([]);
    expect((await reportRetention(store, table)).map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);

    await applyRetention(store, parseRetention('metrics=forever/forever'));
    expect(await keeps(store.bucket)).toBe(0);
    await applyRetention(store, parseRetention('metrics=90d/90d'));
    expect(await keeps(store.bucket)).toBe(90 * DAY_SECONDS);
    expect((await reportRetention(store, parseRetention('metrics=90d/90d')))[0]).toMatchObject({ rows: 100, verdict: 'ok' });
  });
});
