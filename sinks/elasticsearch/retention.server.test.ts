/** How long documents stay, on a real Elasticsearch, with or without lifecycles. Needs ELASTICSEARCH_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { createElasticsearchSink, type Elasticsearch, openElasticsearch } from './index.ts';
import { applyRetention, reportRetention } from './retention.ts';
import { hasLifecycles } from './schema.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: the retention of Elasticsearch was not tested, because ELASTICSEARCH_URL is not set.');

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 8, 15);

describe.skipIf(url === '')('the retention of Elasticsearch', () => {
  // A day each: March, April and May.
  const fixtures = createFixtures({ startMs: Date.UTC(2026, 2, 1), stepMs: DAY_MS });
  let store: Elasticsearch;
  let lifecycles: boolean;

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `r${process.pid}-` });
    lifecycles = await hasLifecycles(store);
    for (const view of ['threats', 'audit'] as const) {
      const sink = createElasticsearchSink({ store, view });
      await sink.open();
      await sink.write(fixtures.batch(view, { first: 0, last: 91 }) as never);
    }
    await store.client.indices.refresh({ index: `${store.prefix}*` });
  });
  afterAll(() => tidy(store));

  it('is what the store says, with what it holds', async () => {
    const [threats, audit] = await reportRetention(store, parseRetention(''), NOW);
    const held = { rows: 92, oldestMs: Date.UTC(2026, 2, 1), newestMs: Date.UTC(2026, 4, 31), verdict: 'ok' };
    expect(threats).toMatchObject({ what: `${store.prefix}threats`, ...held, configured: 'cold after 90d, deleted after 731d' });
    expect(audit).toMatchObject({ class: 'audit', ...held, configured: 'cold after 90d, deleted after 2557d' });
    expect(threats?.bytes).toBeGreaterThan(1_000);
  });

  it('deletes months whose end is due, where the cluster does not do so itself', async () => {
    // 120 days before 15 September is 18 May: March and April have ended before it.
    const table = parseRetention('threats=30d/120d');
    const applied = await applyRetention(store, table, NOW);
    if (lifecycles) {
      expect(applied.map(({ what }) => what)).toEqual([`${store.prefix}threats-parapet`]);
      expect((await reportRetention(store, table, NOW))[0]).toMatchObject({ verdict: 'overdue' });
      return;
    }
    expect(applied).toMatchObject([
      { did: `deleted ${store.prefix}threats-2026.03`, removed: 31 },
      { did: `deleted ${store.prefix}threats-2026.04`, removed: 30 },
    ]);
    expect(await applyRetention(store, table, NOW)).toEqual([]);
    expect((await reportRetention(store, table, NOW))[0]).toMatchObject({ verdict: 'ok', rows: 31, oldestMs: Date.UTC(2026, 4, 1) });
    // What comes late is written all the same, and goes the next time.
    const late = createElasticsearchSink({ store, view: 'threats' });
    await late.open();
    expect(await late.write(fixtures.batch('threats', { first: 0, last: 4 }))).toEqual([]);
    expect((await reportRetention(store, table, NOW))[0]).toMatchObject({ verdict: 'overdue', says: 'Run parapet retention apply.' });
    expect(await applyRetention(store, table, NOW)).toMatchObject([{ removed: 5 }]);
  });

  it('deletes nothing that is kept for ever', async () => {
    expect(
      (await applyRetention(store, parseRetention('threats=forever/forever,audit=forever/forever'), NOW)).filter(
        ({ removed }) => removed > 0,
      ),
    ).toEqual([]);
  });
});
