/** What the Elasticsearch sink does at its edges, on a real server: nothing there, indices that go, odd content, duplicates. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import {
  createElasticsearchSink,
  type Elasticsearch,
  eventIds,
  openElasticsearch,
  rebuildBase,
  swapIn,
  tallyElasticsearch,
} from './index.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: the edges of the Elasticsearch sink were not tested, because ELASTICSEARCH_URL is not set.');

const DAY = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-03-02T00:00:00Z') };

describe.skipIf(url === '')('the Elasticsearch sink at its edges', () => {
  const fixtures = createFixtures();
  let store: Elasticsearch;
  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `e${process.pid}-` });
  });
  afterAll(() => tidy(store));

  it('counts nothing where nothing is, before and after it is opened', async () => {
    for (const opened of [false, true]) {
      if (opened) await createElasticsearchSink({ store, view: 'audit' }).open();
      expect(await tallyElasticsearch(store, 'audit')).toEqual([]);
      expect(await eventIds(store, 'audit', DAY)).toEqual([]);
    }
  });

  it('keeps what is odd, and refuses only what the store cannot hold', async () => {
    const sink = createElasticsearchSink({ store, view: 'audit' });
    const batch = fixtures.batch('audit', { first: 0, last: 8 });
    const change = (n: number, fields: object) =>
      Object.assign(batch.records[n] ?? {}, { value: { ...batch.records[n]?.value, ...fields } });
    change(0, { details: { '': 'no key' } });
    change(1, { details: { 'a.b': 'x', a: 'y', '..': 'z' } });
    change(2, { details: { k: 'v'.repeat(40_000) } });
    change(3, { details: {}, target: '' });
    change(4, { target: '\u{1F600}'.repeat(30_000) });
    change(5, { details: { ['k'.repeat(33_000)]: 'too long a key' } });
    change(6, { details: { 'a\0b': 'a key that Elasticsearch has another use for' } });
    change(7, { actor: 'line\nfeed \0 "quote" \u2028' });
    const refused = await sink.write(batch);
    expect(refused.map(({ index }) => index)).toEqual([5, 6]);
    for (const { reason } of refused) expect(reason).toMatch(/^document_parsing_exception: .*\[details\]/);
    expect(await eventIds(store, 'audit', DAY)).toHaveLength(7);
  });

  it('goes on when an index was deleted under it, and the batch that comes again is there once', async () => {
    const sink = createElasticsearchSink({ store, view: 'threats' });
    await sink.open();
    const batch = fixtures.batch('threats', { first: 0, last: 99 });
    await sink.write(batch);
    await store.client.indices.delete({ index: `${store.prefix}threats-2026.03` });
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    expect(await tallyElasticsearch(store, 'threats')).toEqual([{ hour: '2026-03-01T00:00:00.000Z', rows: 100, distinct: 100 }]);
    // Made by Elasticsearch this time, by the template: the fields are what they should be.
    const [mapping] = Object.values(await store.client.indices.getMapping({ index: `${store.prefix}threats` }));
    expect(mapping?.mappings.properties?.['severity']).toMatchObject({ type: 'keyword' });
  });

  it('shows an event that is there twice', async () => {
    const planted = `${store.prefix}threats-2020.01`;
    const { threatId, occurredAt } = fixtures.threat(5);
    const document = { event_id: threatId, timestamp: new Date(Math.floor(occurredAt / 1_000)).toISOString() };
    await store.client.index({ index: planted, document });
    expect(await tallyElasticsearch(store, 'threats')).toEqual([{ hour: '2026-03-01T00:00:00.000Z', rows: 101, distinct: 100 }]);
    const ids = await eventIds(store, 'threats', DAY);
    expect(ids.filter((id) => id === threatId)).toHaveLength(2);
    await store.client.indices.delete({ index: planted });
  });

  it('does not write to an index that somebody else made', async () => {
    const other = await openElasticsearch({ url, prefix: `f${process.pid}-` });
    try {
      await other.client.indices.create({ index: `${other.prefix}threats-2026.03` });
      const sink = createElasticsearchSink({ store: other, view: 'threats' });
      await sink.open();
      await expect(sink.write(fixtures.batch('threats', { first: 0, last: 9 }))).rejects.toMatchObject({
        code: 'PARAPET_STORE_UNAVAILABLE',
        message: expect.stringMatching(/was not made by Parapet/),
        hint: expect.stringMatching(/ELASTICSEARCH_PREFIX/),
      });
      await other.client.indices.delete({ index: `${other.prefix}threats-2026.03` });
      expect(await sink.write(fixtures.batch('threats', { first: 0, last: 9 }))).toEqual([]);
    } finally {
      await tidy(other);
    }
  });

  it('keeps the view when there is nothing to put in its place', async () => {
    const nothing = rebuildBase(store, 'threats', 'none');
    await expect(swapIn(store, 'threats', nothing)).rejects.toMatchObject({ code: 'PARAPET_REPLAY_DIFFERS' });
    expect((await tallyElasticsearch(store, 'threats'))[0]?.rows).toBe(100);
  });

  it('says that it cannot write, and loses nothing, while somebody has blocked the index', async () => {
    const sink = createElasticsearchSink({ store, view: 'threats', bulk: { backoffMs: [10] } });
    const index = `${store.prefix}threats-2026.03`;
    await store.client.indices.putSettings({ index, settings: { 'index.blocks.write': true } });
    const batch = fixtures.batch('threats', { first: 100, last: 119 });
    await expect(sink.write(batch)).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringMatching(/could not take 20 of 20 documents, tried 2 times: 403 cluster_block_exception/),
      hint: expect.stringMatching(/block that somebody set/),
    });
    await store.client.indices.putSettings({ index, settings: { 'index.blocks.write': null } });
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    expect((await tallyElasticsearch(store, 'threats'))[0]?.rows).toBe(120);
  });

  it('reads pages of ids without a gap or a repetition', async () => {
    const sink = createElasticsearchSink({ store, view: 'audit' });
    const many = createFixtures({ seed: 3, startMs: Date.UTC(2026, 5, 1), stepMs: 10 });
    const batch = many.batch('audit', { first: 0, last: 20_499 });
    await sink.write(batch);
    const ids = await eventIds(store, 'audit', { from: new Date('2026-06-01T00:00:00Z'), to: new Date('2026-06-02T00:00:00Z') });
    expect(ids).toEqual(batch.records.map(({ value }) => value.auditId));
  });
});
