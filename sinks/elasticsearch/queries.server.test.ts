/** Every query of the README on a real server, over data of which the answers are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Threat } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import { ANALYST_QUERIES, createElasticsearchSink, type Elasticsearch, openElasticsearch } from './index.ts';
import { baseOf } from './schema.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: the queries of the Elasticsearch sink were not run, because ELASTICSEARCH_URL is not set.');

const COUNT = 600;

interface Answer {
  hits: { total: { value: number }; hits: { _source: Record<string, unknown>; highlight?: Record<string, string[]> }[] };
  aggregations?: Record<string, { buckets: Bucket[] }>;
}
type Bucket = { key: string | number; doc_count: number } & Record<string, { value?: number; doc_count?: number; buckets?: Bucket[] }>;

describe.skipIf(url === '')('the queries of the README', () => {
  const fixtures = createFixtures({ stepMs: 600_000 });
  const threats = Array.from({ length: COUNT }, (_, n) => fixtures.threat(n));
  const incidents = Array.from({ length: COUNT }, (_, n) => fixtures.incident(n));
  const audits = Array.from({ length: COUNT }, (_, n) => fixtures.audit(n));
  let store: Elasticsearch;
  const asked = new Set<string>();

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `q${process.pid}-` });
    for (const view of ['threats', 'audit', 'incidents'] as const) {
      const sink = createElasticsearchSink({ store, view });
      await sink.open();
      expect(await sink.write(fixtures.batch(view, { first: 0, last: COUNT - 1 }) as never)).toEqual([]);
      await store.client.indices.refresh({ index: baseOf(store, view) });
    }
  });
  afterAll(() => tidy(store));

  async function ask(name: string): Promise<Answer> {
    const query = ANALYST_QUERIES.find((one) => one.name === name);
    if (query === undefined) throw new Error(`There is no query ${name}.`);
    asked.add(name);
    return (await store.client.search({ index: baseOf(store, query.view), ...query.body })) as never;
  }
  const count = (test: (threat: Threat) => boolean) => threats.filter(test).length;
  const buckets = ({ aggregations }: Answer, name: string) => aggregations?.[name]?.buckets ?? [];

  it('the newest serious threats', async () => {
    const { hits } = await ask('newest-serious');
    const serious = threats.filter(({ severity }) => severity === 'high' || severity === 'critical');
    expect(hits.total.value).toBe(serious.length);
    expect(hits.hits.map(({ _source }) => _source['prompt'])).toEqual(
      serious
        .slice(-20)
        .reverse()
        .map(({ maskedExcerpt }) => maskedExcerpt),
    );
  });

  it('open incidents', async () => {
    const { hits } = await ask('open-incidents');
    expect(hits.total.value).toBe(incidents.filter(({ status }) => status !== 'closed').length);
    const seen = hits.hits.map(({ _source }) => String(_source['last_seen_at']));
    expect(seen).toEqual([...seen].sort().reverse());
    expect(hits.hits[0]?._source).toHaveProperty('trust_score');
  });

  it('threats by their words', async () => {
    const { hits } = await ask('by-words');
    expect(hits.total.value).toBe(count(({ maskedExcerpt: text }) => /\bmissing\b/.test(text) && /\binvoice\b/.test(text)));
    expect(hits.total.value).toBeGreaterThan(0);
    expect(hits.hits[0]?.highlight?.['prompt']?.[0]).toMatch(/<em>(missing|invoice)<\/em>/);
  });

  it('the timeline by severity', async () => {
    const days = buckets(await ask('timeline'), 'day');
    expect(days).toHaveLength(5);
    expect(days.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(COUNT);
    const low = days.flatMap(({ severity }) => severity?.buckets ?? []).filter(({ key }) => key === 'low');
    expect(low.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(count(({ severity }) => severity === 'low'));
  });

  it('threats by type and action', async () => {
    const types = buckets(await ask('types-and-actions'), 'type');
    const leaks = types.find(({ key }) => key === 'secret_leak');
    expect(types).toHaveLength(4);
    expect(leaks?.doc_count).toBe(count(({ threatType }) => threatType === 'secret_leak'));
    const blocked = leaks?.['action']?.buckets?.find(({ key }) => key === 'blocked');
    expect(blocked?.doc_count).toBe(count(({ threatType, actionTaken }) => threatType === 'secret_leak' && actionTaken === 'blocked'));
    expect(leaks?.['agents']?.value).toBe(20);
  });

  it('agents and users most involved', async () => {
    const answer = await ask('agents-and-users');
    const [agent] = buckets(answer, 'agent');
    const [user] = buckets(answer, 'user');
    const ofAgent = threats.filter(({ agentId }) => agentId === agent?.key);
    expect(agent?.doc_count).toBe(ofAgent.length);
    expect(agent?.['worst']?.value).toBe(Math.max(...ofAgent.map(({ riskScore }) => riskScore)));
    expect(user?.doc_count).toBe(count(({ userId }) => userId === user?.key));
  });

  it('rules to tune', async () => {
    const rules = buckets(await ask('rules-to-tune'), 'rule');
    expect(rules.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(COUNT);
    expect(rules.reduce((sum, { wrong }) => sum + (wrong?.doc_count ?? 0), 0)).toBe(count(({ falsePositive }) => falsePositive === true));
  });

  it('everything about one agent', async () => {
    const { hits } = await ask('one-agent');
    expect(hits.total.value).toBe(count(({ agentId }) => agentId === 'agent-7'));
    expect(new Set(hits.hits.map(({ _source }) => _source['agent_id']))).toEqual(new Set(['agent-7']));
  });

  it('who read clear text', async () => {
    const { hits } = await ask('who-read');
    expect(hits.total.value).toBe(audits.filter(({ action }) => action === 'content.read').length);
    expect(hits.hits[0]?._source).toMatchObject({ actor: expect.any(String), details: { reason: expect.any(String) } });
  });

  it('what was tried and failed', async () => {
    const actors = buckets(await ask('failed-actions'), 'actor');
    const failures = audits.filter(({ outcome }) => outcome === 'failure').length;
    expect(failures).toBeGreaterThan(0);
    expect(actors.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(failures);
  });

  it('audit by a detail', async () => {
    expect((await ask('by-detail')).hits.total.value).toBe(COUNT);
  });

  it('are all of them', () => {
    expect([...asked].sort()).toEqual(ANALYST_QUERIES.map(({ name }) => name).sort());
  });
});
