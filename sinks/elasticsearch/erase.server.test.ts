/** Erasing a subject from a real Elasticsearch. Needs ELASTICSEARCH_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Erasure } from '../erasure.ts';
import { createFixtures } from '../fixtures.ts';
import { createElasticsearchEraser, createElasticsearchSink, type Elasticsearch, openElasticsearch, rebuildBase } from './index.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: nobody was erased from Elasticsearch, because ELASTICSEARCH_URL is not set.');

describe.skipIf(url === '')('the Elasticsearch eraser', () => {
  const start = Date.UTC(2026, 2, 31, 23);
  const fixtures = createFixtures({ startMs: start, stepMs: 60_000 });
  const erasure: Erasure = {
    org: 'acme',
    id: 'ann "x"',
    subject: 'acme/ann "x"',
    pseudonym: 'erased:0123456789abcdef',
    // Of two hours around the end of a month, the first 90 minutes.
    until: (start + 89 * 60_000 + 30_000) * 1_000,
  };
  let store: Elasticsearch;
  const eraser = () => createElasticsearchEraser(store);

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `te${process.pid}-` });
    for (const rebuilt of [undefined, rebuildBase(store, 'threats', 'r1')]) {
      const sink = createElasticsearchSink({ store, view: 'threats', ...(rebuilt === undefined ? {} : { rebuilt }) });
      await sink.open();
      const batch = fixtures.batch('threats', { first: 0, last: 119 });
      // Also the very first offset, and one of another org with the same user.
      const records = batch.records.map((record, n) => {
        const named = n % 3 === 0 ? { org: n === 3 ? 'other' : 'acme', userId: erasure.id } : { org: 'acme', userId: 'bob' };
        return { ...record, value: { ...record.value, ...named, subject: `${named.org}/${named.userId}`, maskedExcerpt: `said ${n}` } };
      });
      expect(await sink.write({ ...batch, records })).toEqual([]);
    }
    const sink = createElasticsearchSink({ store, view: 'audit' });
    await sink.open();
    const batch = fixtures.batch('audit', { first: 0, last: 3 });
    const names = [{ actor: erasure.id }, { target: erasure.subject }, { details: { user: erasure.id, other: 'kept' } }, { target: 'x' }];
    const records = batch.records.map((record, n) => ({ ...record, value: { ...record.value, org: 'acme', ...names[n] } }));
    expect(await sink.write({ ...batch, records })).toEqual([]);
    const verdicts = createElasticsearchSink({ store, view: 'verdicts' });
    await verdicts.open();
    const said = fixtures.batch('verdicts', { first: 0, last: 3 });
    // The last is on what came after the erasure.
    const subjects = [erasure.subject, 'acme/nobody', 'acme/bob', erasure.subject];
    const about = said.records.map((record, n) => {
      const at = n === 3 ? erasure.until + 1 : record.value.threatAt;
      const named = { threatId: `t-${n}`, org: 'acme', subject: subjects[n] as string };
      return { ...record, value: { ...record.value, ...named, threatAt: at, note: `note ${n}` } };
    });
    expect(await verdicts.write({ ...said, records: about })).toEqual([]);
  }, 60_000);
  afterAll(() => tidy(store));

  const documents = async (view: string) => {
    await store.client.indices.refresh({ index: `${store.prefix}*` });
    const { hits } = await store.client.search<Record<string, unknown>>({
      index: `${store.prefix}${view}`,
      size: 1_000,
      sort: 'timestamp',
    });
    return hits.hits.map(({ _source }) => _source as Record<string, unknown>);
  };

  it('masks the documents of its time, live and rebuilt, and no others', async () => {
    const before = await documents('threats-*');
    expect(await eraser().find(erasure)).toEqual([
      // 30 of 90 minutes, less the other org’s, twice; and three names.
      { view: 'elasticsearch.threats', rows: 58 },
      { view: 'elasticsearch.audit', rows: 3 },
      { view: 'elasticsearch.verdicts', rows: 1 },
    ]);
    await eraser().mask(erasure);
    expect((await eraser().find(erasure)).map(({ rows }) => rows)).toEqual([0, 0, 0]);
    const after = await documents('threats-*');
    expect(after).toHaveLength(before.length);
    after.forEach((document, n) => {
      const was = before[n] as Record<string, unknown>;
      const masked = was['user_id'] === erasure.id && was['org'] === 'acme' && n < 90;
      const names = { user_id: erasure.pseudonym, subject: `acme/${erasure.pseudonym}`, conversation_id: erasure.pseudonym, prompt: '' };
      expect(document, String(n)).toEqual(masked ? { ...was, ...names } : was);
    });
  });

  it('masks names in audit events, and nothing else of them', async () => {
    const [first, second, third, fourth] = await documents('audit');
    expect(first).toMatchObject({ actor: erasure.pseudonym });
    expect(second).toMatchObject({ target: erasure.pseudonym });
    expect(third).toMatchObject({ details: { user: erasure.pseudonym, other: 'kept' } });
    expect(fourth).toMatchObject({ target: 'x' });
  });

  it('masks what was said of the subject, and of nobody else', async () => {
    const said = await documents('verdicts');
    expect(said.map(({ threat_id: id, subject, note }) => [id, subject, note])).toEqual([
      ['t-0', `acme/${erasure.pseudonym}`, ''],
      ['t-1', 'acme/nobody', 'note 1'],
      ['t-2', 'acme/bob', 'note 2'],
      ['t-3', erasure.subject, 'note 3'],
    ]);
  });

  it('is not undone by a batch that comes again', async () => {
    const sink = createElasticsearchSink({ store, view: 'threats' });
    const batch = fixtures.batch('threats', { first: 0, last: 0 });
    const records = batch.records.map((record) => ({
      ...record,
      value: { ...record.value, org: 'acme', userId: erasure.id, subject: erasure.subject },
    }));
    await sink.write({ ...batch, records, recovered: true });
    expect(await eraser().find(erasure)).toMatchObject([{ rows: 0 }, { rows: 0 }, { rows: 0 }]);
  });
});
