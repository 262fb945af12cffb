/** The sink on a real Elasticsearch. Needs ELASTICSEARCH_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UnsealedRecords } from '../../schemas/unsealed.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import {
  createElasticsearchSink,
  dropRebuilt,
  type Elasticsearch,
  eventIds,
  openElasticsearch,
  rebuildBase,
  swapIn,
  tallyElasticsearch,
} from './index.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: the Elasticsearch sink was not tested, because ELASTICSEARCH_URL is not set.');

const sum = (tallies: { rows: number; distinct: number }[]) => ({
  rows: tallies.reduce((total, { rows }) => total + rows, 0),
  distinct: tallies.reduce((total, { distinct }) => total + distinct, 0),
});

describe.skipIf(url === '')('the Elasticsearch sink on a server', () => {
  const prefix = `t${process.pid}-`;
  // Twelve hours around the end of a month: batches fall into two indices.
  const fixtures = createFixtures({ startMs: Date.UTC(2026, 2, 31, 18), stepMs: 10_000 });
  let store: Elasticsearch;

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix });
    for (const view of ['threats', 'audit'] as const) await createElasticsearchSink({ store, view }).open();
  });
  afterAll(() => tidy(store));

  it('writes batches once, into the months of their events, however often they come', async () => {
    const sink = createElasticsearchSink({ store, view: 'threats' });
    const batch = fixtures.batch('threats', { first: 0, last: 4_319 });
    expect(await sink.write({ ...batch, lastOffset: 999, records: batch.records.slice(0, 1_000) })).toEqual([]);
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);

    const tally = await tallyElasticsearch(store, 'threats');
    expect(tally).toHaveLength(12);
    expect(tally.map(({ rows }) => rows)).toEqual(Array(12).fill(360));
    expect(sum(tally)).toEqual({ rows: 4_320, distinct: 4_320 });
    const march = await store.client.count({ index: `${prefix}threats-2026.03` });
    const april = await store.client.count({ index: `${prefix}threats-2026.04` });
    expect([march.count, april.count]).toEqual([2_160, 2_160]);

    const ids = await eventIds(store, 'threats', { from: new Date('2026-03-31T23:00:00Z'), to: new Date('2026-04-01T01:00:00Z') });
    const expected = batch.records.filter((_, n) => n >= 1_800 && n < 2_520).map(({ value }) => value.threatId);
    expect(ids).toEqual(expected);
  });

  it('keeps times to the microsecond, leaves out what is missing, and finds masked text by its words', async () => {
    const { hits } = await store.client.search<Record<string, unknown>>({
      index: `${prefix}threats`,
      query: { bool: { must: [{ match: { prompt: 'invoice' } }], filter: [{ term: { rule_id: 'LLM01-OVERRIDE-001' } }] } },
      sort: [{ timestamp: { order: 'asc' } }],
      size: 1,
    });
    const found = hits.hits[0]?._source ?? {};
    const origin = Array.from({ length: 4_320 }, (_, n) => fixtures.threat(n)).find((threat) => threat.threatId === found['event_id']);
    expect(origin).toBeDefined();
    expect(found['timestamp']).toMatch(/^2026-0[34]-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(Date.parse(String(found['timestamp'])) * 1_000 + Number(String(found['timestamp']).slice(-4, -1))).toBe(origin?.occurredAt);
    expect('vendor' in found).toBe(origin?.vendor !== null);
  });

  it('refuses the document that does not fit, with the store’s reason and without the value, while the others land', async () => {
    const sink = createElasticsearchSink({ store, view: 'audit' });
    const batch = fixtures.batch('audit', { first: 0, last: 99 });
    const poison = (n: number, change: object) =>
      Object.assign(batch.records[n] ?? {}, { value: { ...batch.records[n]?.value, ...change } });
    poison(30, { outcome: { secret: 'hunter2' } });
    poison(31, { occurredAt: -1 });
    const refused = await sink.write(batch as SinkBatch<UnsealedRecords['audit']>);
    expect(refused.map(({ index }) => index)).toEqual([30, 31]);
    expect(refused[0]?.reason).toMatch(/document_parsing_exception.*\[outcome\]/);
    expect(refused[0]?.reason).not.toContain('hunter2');
    expect(sum(await tallyElasticsearch(store, 'audit'))).toEqual({ rows: 98, distinct: 98 });
  });

  it('lets the later record of an id win, in whatever order they come', async () => {
    const sink = createElasticsearchSink({ store, view: 'threats' });
    const [record] = fixtures.batch('threats', { first: 10, last: 10 }).records;
    if (record === undefined) throw new Error('no record');
    const at = (offset: number, falsePositive: boolean) => ({
      topic: 'parapet.threats.v1',
      partition: 0,
      firstOffset: offset,
      lastOffset: offset,
      recovered: false,
      records: [{ ...record, offset, value: { ...record.value, falsePositive } }],
    });
    expect(await sink.write(at(9_000, true))).toEqual([]);
    expect(await sink.write(at(8_000, false))).toEqual([]);
    const { _source: source } = await store.client.get<{ false_positive: boolean }>({
      index: `${prefix}threats-2026.03`,
      id: record.value.threatId,
    });
    expect(source?.false_positive).toBe(true);
  });

  it('opens many times at once, and writes to a new month from many sinks at once', async () => {
    const later = createFixtures({ seed: 7, startMs: Date.UTC(2026, 10, 1), stepMs: 1 });
    const sinks = Array.from({ length: 8 }, () => createElasticsearchSink({ store, view: 'audit' }));
    await Promise.all(sinks.map((sink) => sink.open()));
    const before = sum(await tallyElasticsearch(store, 'audit')).rows;
    await Promise.all(sinks.map((sink, n) => sink.write(later.batch('audit', { first: n * 50, last: n * 50 + 99 }))));
    expect(sum(await tallyElasticsearch(store, 'audit')).rows - before).toBe(450);
  });

  it('rebuilds beside the view, swaps, and goes on under the same names', async () => {
    const live = await tallyElasticsearch(store, 'threats');
    const rebuilt = rebuildBase(store, 'threats', 'x1');
    const sink = createElasticsearchSink({ store, view: 'threats', rebuilt });
    await sink.open();
    await sink.write(fixtures.batch('threats', { first: 0, last: 4_319 }));
    expect(await tallyElasticsearch(store, 'threats', rebuilt)).toEqual(live);
    // Not seen by who searches the view by its pattern.
    await store.client.indices.refresh({ index: `${prefix}*` });
    expect((await store.client.count({ index: `${prefix}threats-*` })).count).toBe(4_320);
    await swapIn(store, 'threats', rebuilt);
    await dropRebuilt(store, 'threats', rebuilt);
    // Asked again, as after an answer that got lost: what has become the view stays.
    await swapIn(store, 'threats', rebuilt);
    await dropRebuilt(store, 'threats', rebuilt);
    expect(await tallyElasticsearch(store, 'threats')).toEqual(live);
    expect((await store.client.count({ index: `${prefix}threats-*` })).count).toBe(4_320);

    const after = createElasticsearchSink({ store, view: 'threats' });
    await after.open();
    await after.write(fixtures.batch('threats', { first: 4_300, last: 4_339 }));
    expect(sum(await tallyElasticsearch(store, 'threats')).rows).toBe(4_340);
    // And once more, over indices that are themselves a rebuild's.
    const again = rebuildBase(store, 'threats', 'x2');
    await createElasticsearchSink({ store, view: 'threats', rebuilt: again }).write(fixtures.batch('threats', { first: 0, last: 4_339 }));
    await swapIn(store, 'threats', again);
    expect(sum(await tallyElasticsearch(store, 'threats'))).toEqual({ rows: 4_340, distinct: 4_340 });
    const names = Object.keys(await store.client.indices.get({ index: `${prefix}*threats-*` }));
    expect(names.sort()).toEqual([`${again}-2026.03`, `${again}-2026.04`]);
  });

  it('gives an index of an older release the fields that are new, and leaves a newer release’s templates alone', async () => {
    const index = `${prefix}audit-2025.01`;
    await store.client.indices.create({ index });
    await store.client.indices.putMapping({ index, _meta: { version: 0 } });
    await createElasticsearchSink({ store, view: 'audit' }).open();
    const [mapping] = Object.values(await store.client.indices.getMapping({ index }));
    expect(mapping?.mappings._meta).toEqual({ madeBy: 'parapet', version: SCHEMA_VERSION });

    const name = `${prefix}audit-parapet`;
    const [found] = (await store.client.indices.getIndexTemplate({ name })).index_templates;
    const newer = { ...found?.index_template, version: 99 };
    await store.client.indices.putIndexTemplate({ name, ...newer } as never);
    await createElasticsearchSink({ store, view: 'audit' }).open();
    expect((await store.client.indices.getIndexTemplate({ name })).index_templates[0]?.index_template.version).toBe(99);
  });
});
