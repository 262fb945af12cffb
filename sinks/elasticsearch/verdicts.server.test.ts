/** Threats and what was said of them, on a real Elasticsearch. Needs ELASTICSEARCH_URL; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalystVerdict } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import { createElasticsearchSink, type Elasticsearch, openElasticsearch, rebuildBase, swapIn, tallyElasticsearch } from './index.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'] ?? '';
if (url === '') console.warn('SKIPPED: verdicts in Elasticsearch were not tested, because ELASTICSEARCH_URL is not set.');

describe.skipIf(url === '')('a verdict in Elasticsearch', () => {
  const fixtures = createFixtures({ startMs: Date.UTC(2026, 2, 31, 23), stepMs: 60_000 });
  let store: Elasticsearch;
  let said = 0;

  beforeAll(async () => {
    store = await openElasticsearch({ url, prefix: `t${process.pid}v-` });
    for (const view of ['threats', 'verdicts'] as const) await createElasticsearchSink({ store, view }).open();
  });
  afterAll(() => tidy(store));

  const threats = (n: number, rebuilt?: string) =>
    createElasticsearchSink({ store, view: 'threats', ...(rebuilt === undefined ? {} : { rebuilt }) }).write(written(n, n));

  /** Threats that come a second time stand further on in the log. */
  function written(n: number, offset: number): SinkBatch<ReturnType<typeof fixtures.threat>> {
    const batch = fixtures.batch('threats', { first: n, last: n });
    const records = batch.records.map((record) => ({ ...record, offset, value: { ...record.value, falsePositive: null } }));
    return { ...batch, firstOffset: offset, lastOffset: offset, records };
  }

  function verdict(n: number, change: Partial<AnalystVerdict>): SinkBatch<AnalystVerdict> {
    const batch = fixtures.batch('verdicts', { first: n, last: n });
    said += 1;
    const value = { ...fixtures.verdict(n), verdictId: `v-${said}`, occurredAt: 1_800_000_000_000_000 + said, actor: 'ada', ...change };
    return { ...batch, records: batch.records.map((record) => ({ ...record, value })) };
  }
  const say = (n: number, word: AnalystVerdict['verdict']) =>
    createElasticsearchSink({ store, view: 'verdicts' }).write(verdict(n, { verdict: word }));

  async function shown(n: number) {
    const { threatId, occurredAt } = fixtures.threat(n);
    const month = new Date(occurredAt / 1_000).toISOString().slice(0, 7).replace('-', '.');
    const { _source } = await store.client.get<Record<string, unknown>>({ index: `${store.prefix}threats-${month}`, id: threatId });
    const { false_positive: wrong, judged_by: by, judged_at: at, prompt } = _source ?? {};
    return { wrong, by, at, whole: prompt === fixtures.threat(n).maskedExcerpt };
  }

  it('is put into its threat, in whichever month that is, and the newest holds', async () => {
    for (const n of [1, 119]) {
      await threats(n);
      expect(await shown(n)).toEqual({ whole: true });
      await say(n, 'false_positive');
      expect(await shown(n)).toMatchObject({
        wrong: true,
        by: 'ada',
        at: expect.stringMatching(/^2027-01-15T08:00:00\.00000\dZ$/),
        whole: true,
      });
      await say(n, 'true_positive');
      expect(await shown(n)).toMatchObject({ wrong: false, whole: true });
    }
    const months = Object.keys(await store.client.indices.get({ index: `${store.prefix}threats-*` }));
    expect(months).toHaveLength(2);
  });

  it('changes nothing when it comes again, nor when an older one does', async () => {
    await threats(2);
    const [older, newer] = [verdict(2, { verdict: 'true_positive' }), verdict(2, { verdict: 'false_positive' })];
    const sink = createElasticsearchSink({ store, view: 'verdicts' });
    for (const batch of [newer, older, newer, older]) {
      await sink.write(batch);
      expect(await shown(2)).toMatchObject({ wrong: true });
    }
    const at = (await shown(2)).at;
    const versions = await store.client.get({ index: `${store.prefix}threats-2026.03`, id: fixtures.threat(2).threatId });
    await sink.write({ ...newer, recovered: true });
    expect((await shown(2)).at).toBe(at);
    const again = await store.client.get({ index: `${store.prefix}threats-2026.03`, id: fixtures.threat(2).threatId });
    expect(again._version).toBe(versions._version);
  });

  it('is not lost when it comes before its threat, nor when the threat is written again', async () => {
    await say(3, 'false_positive');
    const sink = createElasticsearchSink({ store, view: 'threats' });
    await sink.write(written(3, 3));
    expect(await shown(3)).toMatchObject({ wrong: true, whole: true });
    await sink.write(written(3, 500));
    expect(await shown(3)).toMatchObject({ wrong: true, by: 'ada', whole: true });
  });

  it('is gone from the threat when it is withdrawn, also when the threat comes later', async () => {
    await threats(4);
    await say(4, 'false_positive');
    await say(4, 'withdrawn');
    expect((await shown(4)).wrong).toBeUndefined();
    await say(5, 'false_positive');
    await say(5, 'withdrawn');
    await threats(5);
    expect((await shown(5)).wrong).toBeUndefined();
  });

  it('stays when threats are rebuilt, also one that is said meanwhile', async () => {
    await threats(6);
    await threats(7);
    await say(6, 'false_positive');
    const rebuilt = rebuildBase(store, 'threats', 'v1');
    for (const n of [1, 119, 2, 3, 4, 5, 6, 7]) await threats(n, rebuilt);
    await say(7, 'false_positive');
    await swapIn(store, 'threats', rebuilt);
    for (const n of [2, 3, 6, 7]) expect(await shown(n)).toMatchObject({ wrong: true, by: 'ada', whole: true });
    await say(6, 'true_positive');
    expect(await shown(6)).toMatchObject({ wrong: false });
  });

  it('is counted once for each threat, and a missed attack under its interaction', async () => {
    await createElasticsearchSink({ store, view: 'verdicts' }).write(verdict(8, { verdict: 'missed', threatId: null }));
    const tally = await tallyElasticsearch(store, 'verdicts');
    expect(tally.reduce((sum, { rows }) => sum + rows, 0)).toBe(9);
    const { interactionId } = fixtures.verdict(8);
    const index = `${store.prefix}verdicts-2026.03`;
    expect((await store.client.get({ index, id: `interaction/${interactionId}` }))._source).toMatchObject({ verdict: 'missed' });
  });
});
