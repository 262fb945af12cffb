/** Incidents as they change, on a real Elasticsearch. Needs ELASTICSEARCH_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import { createElasticsearchSink, type Elasticsearch, openElasticsearch, rebuildBase, swapIn, tallyElasticsearch } from './index.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: incidents in Elasticsearch were not tested, because ELASTICSEARCH_URL is not set.');

describe.skipIf(url === '')('an incident in Elasticsearch', () => {
  const APRIL = Date.UTC(2026, 3, 1) * 1_000;
  const fixtures = createFixtures({ startMs: Date.UTC(2026, 3, 1), stepMs: 60_000 });
  let store: Elasticsearch;

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `t${process.pid}i-` });
    await createElasticsearchSink({ store, view: 'incidents' }).open();
  });
  afterAll(() => tidy(store));

  /** Incident `n` as it stands at these offsets. */
  function records(n: number, stands: Record<number, Partial<Incident>>): SinkBatch<Incident> {
    const batch = fixtures.batch('incidents', { first: n, last: n });
    const [record] = batch.records as [(typeof batch.records)[number]];
    const offsets = Object.keys(stands).map(Number);
    return {
      ...batch,
      firstOffset: Math.min(...offsets),
      lastOffset: Math.max(...offsets),
      records: offsets.map((offset) => ({ ...record, offset, value: { ...record.value, ...stands[offset] } })),
    };
  }
  const write = (batch: SinkBatch<Incident>, rebuilt?: string) =>
    createElasticsearchSink({ store, view: 'incidents', ...(rebuilt === undefined ? {} : { rebuilt }) }).write(batch);

  /** Where it is found, and how it stands there. */
  async function shown(n: number) {
    await store.client.indices.refresh({ index: `${store.prefix}incidents` });
    const query = { ids: { values: [fixtures.incident(n).incidentId] } };
    const { hits } = await store.client.search<{ threats: number; status: string }>({ index: `${store.prefix}incidents`, query });
    return hits.hits.map(({ _index, _source }) => [_index.slice(-7), _source?.status, _source?.threats]);
  }

  it('is one document, which its newest record holds, in whatever order they come', async () => {
    const [opened, closed] = [records(1, { 10: { status: 'open', threats: 1 } }), records(1, { 12: { status: 'closed', threats: 9 } })];
    expect(await write(opened)).toEqual([]);
    expect(await shown(1)).toEqual([['2026.04', 'open', 1]]);
    for (const batch of [closed, opened, { ...closed, recovered: true }]) expect(await write(batch)).toEqual([]);
    expect(await shown(1)).toEqual([['2026.04', 'closed', 9]]);
  });

  it('moves to the month before when a late threat shows that it began there', async () => {
    const before = { firstSeenAt: APRIL - 1, status: 'open' as const, threats: 3 };
    expect(await write(records(2, { 20: { firstSeenAt: APRIL, status: 'open', threats: 2 } }))).toEqual([]);
    expect(await write(records(2, { 21: before }))).toEqual([]);
    expect(await shown(2)).toEqual([['2026.03', 'open', 3]]);
    // Both in one batch, and the batch again.
    for (const recovered of [false, true]) {
      const both = records(3, { 30: { firstSeenAt: APRIL, status: 'open', threats: 2 }, 31: before });
      expect(await write({ ...both, recovered })).toEqual([]);
      expect(await shown(3)).toEqual([['2026.03', 'open', 3]]);
    }
    const months = Object.keys(await store.client.indices.get({ index: `${store.prefix}incidents-*` }));
    expect(months.map((index) => index.slice(-7)).sort()).toEqual(['2026.03', '2026.04']);
  });

  it('is refused where its time is none, and the others are written', async () => {
    const [bad, good] = [records(4, { 40: { firstSeenAt: -1 } }), records(5, { 41: { status: 'open', threats: 1 } })];
    const refused = await write({ ...bad, lastOffset: 41, records: [...bad.records, ...good.records] });
    expect(refused).toEqual([{ index: 0, reason: 'timestamp: not a time between 1970 and 2262.' }]);
    expect(await shown(5)).toEqual([['2026.04', 'open', 1]]);
  });

  it('is the same after a rebuild, and goes on from there', async () => {
    const rebuilt = rebuildBase(store, 'incidents', 'i1');
    const moved = {
      20: { firstSeenAt: APRIL, status: 'open' as const },
      21: { firstSeenAt: APRIL - 1, status: 'open' as const, threats: 3 },
    };
    expect(await write(records(2, moved), rebuilt)).toEqual([]);
    expect(await write(records(1, { 10: { status: 'open', threats: 1 }, 12: { status: 'closed', threats: 9 } }), rebuilt)).toEqual([]);
    await swapIn(store, 'incidents', rebuilt);
    expect(await shown(1)).toEqual([['2026.04', 'closed', 9]]);
    expect(await shown(2)).toEqual([['2026.03', 'open', 3]]);
    // Its month is now an alias.
    expect(await write(records(1, { 13: { firstSeenAt: APRIL - 1, status: 'closed', threats: 10 } }))).toEqual([]);
    expect(await shown(1)).toEqual([['2026.03', 'closed', 10]]);
    const tally = await tallyElasticsearch(store, 'incidents');
    expect(tally).toEqual([{ hour: '2026-03-31T23:00:00.000Z', rows: 2, distinct: 2 }]);
  });
});
