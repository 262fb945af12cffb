/** The questions behind the panels, put to a real Elasticsearch over data of which the answers are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElasticsearchView } from '../../sinks/elasticsearch/documents.ts';
import { createElasticsearchSink, type Elasticsearch, openElasticsearch, VIEWS } from '../../sinks/elasticsearch/index.ts';
import { tidy } from '../../sinks/elasticsearch/testing.ts';
import { createFixtures } from '../../sinks/fixtures.ts';
import { aggregationsOf, columnsOf, ofType, panelsOf, toQuery } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: the panels of Kibana were not asked for, because ELASTICSEARCH_URL is not set.');

const COUNT = 500;
const viewOf = (id: string) => (Object.keys(VIEWS) as ElasticsearchView[]).find((view) => id.startsWith(`parapet-${view}`)) ?? 'audit';

type Answer = Record<string, { value?: number; doc_count?: number; buckets?: ({ doc_count: number } & Answer)[] }>;

describe.skipIf(url === '')('the panels of Kibana', () => {
  const fixtures = createFixtures({ stepMs: 900_000 });
  let store: Elasticsearch;
  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `k${process.pid}-` });
    for (const view of ['threats', 'audit'] as const) {
      const sink = createElasticsearchSink({ store, view });
      await sink.open();
      expect(await sink.write(fixtures.batch(view, { first: 0, last: COUNT - 1 }) as never)).toEqual([]);
    }
    const incidents = createElasticsearchSink({ store, view: 'incidents' });
    await incidents.open();
    expect(await incidents.write(fixtures.batch('incidents', { first: 0, last: COUNT - 1 }))).toEqual([]);
    const verdicts = createElasticsearchSink({ store, view: 'verdicts' });
    await verdicts.open();
    const said = fixtures.batch('verdicts', { first: 0, last: COUNT - 1 });
    const missed = { verdict: 'missed' as const, threatId: null };
    const records = said.records.map((record, n) => (n % 10 === 0 ? { ...record, value: { ...record.value, ...missed } } : record));
    expect(await verdicts.write({ ...said, records })).toEqual([]);
    await store.client.indices.refresh({ index: `${store.prefix}*` });
  });
  afterAll(() => tidy(store));

  /** As a data view does: by the pattern of the indices, not by their alias. */
  async function ask(view: ElasticsearchView, body: Record<string, unknown>) {
    return store.client.search<Record<string, unknown>>({ index: `${store.prefix}${view}-*`, ...body });
  }

  const lensPanels = ofType('dashboard').flatMap((dashboard) =>
    panelsOf(dashboard)
      .filter(({ type }) => type === 'lens')
      .map((panel) => [`${dashboard.attributes['title']}: ${panel.title}`, viewOf(dashboard.id), panel] as const),
  );

  it.each(lensPanels)('%s has an answer', async (_, view, panel) => {
    const { aggregations } = await ask(view, { size: 0, aggs: aggregationsOf(panel) });
    let levels: Answer[] = [aggregations as Answer];
    for (const [id, { isBucketed, sourceField }] of columnsOf(panel)) {
      if (isBucketed) {
        const inner = levels.flatMap((level) => level[id]?.buckets ?? []);
        // A field that the mapping does not know gives no bucket and no error.
        expect(inner.length, `${id} ${sourceField}`).toBeGreaterThan(0);
        levels = inner;
      } else {
        const values = levels.map((level) => level[id]?.value ?? level[id]?.doc_count ?? 0);
        expect(Math.max(...values), `${id} ${sourceField}`).toBeGreaterThan(0);
      }
    }
  });

  it.each(
    lensPanels.filter(([, , panel]) =>
      columnsOf(panel).every(([, { operationType, filter }]) => ['terms', 'date_histogram', 'count'].includes(operationType) && !filter),
    ),
  )('%s counts every event once', async (_, view, panel) => {
    const { aggregations } = await ask(view, { size: 0, aggs: aggregationsOf(panel) });
    let levels: Answer[] = [aggregations as Answer];
    for (const [id, { isBucketed }] of columnsOf(panel)) if (isBucketed) levels = levels.flatMap((level) => level[id]?.buckets ?? []);
    const sum = levels.reduce((total, level) => total + (level['measure']?.doc_count ?? 0), 0);
    // Top agents are ten of twenty; whatever else is split has room for all of its values.
    expect(sum).toBe(COUNT);
  });

  it('the numbers at the top of threats are those of the data', async () => {
    const threats = Array.from({ length: COUNT }, (_, n) => fixtures.threat(n));
    const expected: Record<string, number> = {
      Threats: COUNT,
      'Critical and high': threats.filter(({ severity }) => severity === 'critical' || severity === 'high').length,
      Blocked: threats.filter(({ actionTaken }) => actionTaken === 'blocked').length,
      'Agents concerned': new Set(threats.map(({ agentId }) => agentId)).size,
    };
    for (const [title, number] of Object.entries(expected)) {
      const [, view, panel] = lensPanels.find(([name]) => name === `Parapet: threats: ${title}`) ?? [];
      if (view === undefined || panel === undefined) throw new Error(`There is no panel ${title}.`);
      const { measure } = (await ask(view, { size: 0, aggs: aggregationsOf(panel) })).aggregations as Answer;
      expect(measure?.value ?? measure?.doc_count, title).toBe(number);
    }
  });

  it.each(ofType('search').map((search) => [search.attributes['title'] as string, search] as const))(
    '%s lists documents with every column',
    async (_, search) => {
      const { searchSourceJSON } = search.attributes['kibanaSavedObjectMeta'] as unknown as { searchSourceJSON: string };
      const { query } = (JSON.parse(searchSourceJSON) as { query: { query: string } }).query;
      const { hits } = await ask(viewOf(search.id), {
        size: COUNT,
        query: toQuery(query),
        sort: search.attributes.sort?.map(([field, order]) => ({ [field]: order })),
      });
      expect(hits.hits.length).toBeGreaterThan(0);
      for (const column of search.attributes.columns ?? [])
        expect(
          hits.hits.some(({ _source }) => _source?.[column] !== undefined),
          column,
        ).toBe(true);
      const times = hits.hits.map(({ _source }) => String(_source?.['timestamp']));
      expect(times).toEqual([...times].sort().reverse());
    },
  );
});
