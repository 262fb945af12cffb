/** What analysts say, on both engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { momentOf } from '../../log/verdicts.ts';
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, migrate, type Postgres, positions, tallyPostgres, tallyVerdicts } from './index.ts';
import { ask, cut, deliver, freshSchema, schemaOf, tablesOf, tidy } from './testing.ts';

export function verdictsSuite(engine: string, open: () => Promise<Postgres>): void {
  describe(`the verdicts on ${engine}`, () => {
    const fixtures = createFixtures({ stepMs: 420_000 });
    let store: Postgres;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(async () => {
      await tidy(store, `t_verdicts_${process.pid}`);
      await store.close();
    });

    async function fresh(): Promise<Postgres> {
      const own = schemaOf(store, freshSchema('verdicts'));
      await migrate(own);
      return own;
    }

    it('show of a blocked threat the newest that holds, whichever of them comes first', async () => {
      const own = await fresh();
      const threats = fixtures.batch('threats', { first: 0, last: 5 });
      for (const { value } of threats.records) value.actionTaken = 'blocked';
      const words = ['false_positive', 'true_positive', 'withdrawn', 'missed', 'false_positive'] as const;
      const verdicts = fixtures.batch('verdicts', { first: 0, last: 7 });
      for (const { value, offset } of verdicts.records) Object.assign(value, { verdict: words[offset] ?? 'withdrawn', note: '' });
      const said = (n: number) => verdicts.records[n]?.value as (typeof verdicts.records)[0]['value'];
      // The first threat is said to be right a minute later; the second one's word is an older one. The last two are on interactions.
      Object.assign(said(4), { threatId: said(0).threatId, verdict: 'true_positive', occurredAt: said(0).occurredAt + 60_000_000 });
      Object.assign(said(5), { threatId: said(1).threatId, verdict: 'false_positive', occurredAt: said(1).occurredAt - 1, note: 'a\0b' });
      for (const n of [3, 6, 7]) Object.assign(said(n), { threatId: null, interactionId: n === 3 ? 'i-3' : 'i-6' });
      Object.assign(said(6), { verdict: 'missed' });
      Object.assign(said(7), { occurredAt: said(6).occurredAt + 1 });

      await deliver(own, cut(verdicts, 0, 2));
      await deliver(own, threats);
      for (const batch of [verdicts, cut(verdicts, 2, 7), verdicts]) await deliver(own, batch);
      const judged = await ask<{ id: string; verdict: string | null; false_positive: boolean | null; judged_by: string | null }>(
        own,
        'SELECT id::text, verdict, false_positive, judged_by FROM violations_judged ORDER BY occurred_at',
      );
      expect(judged.map(({ verdict, false_positive: wrong, judged_by: by }) => [verdict, wrong, by])).toEqual([
        ['true_positive', false, said(4).actor],
        ['true_positive', false, said(1).actor],
        ...Array.from({ length: 4 }, () => [null, null, null]),
      ]);
      expect(await ask(own, 'SELECT interaction_id FROM verdicts_holding WHERE threat_id IS NULL')).toEqual([{ interaction_id: 'i-3' }]);
      const rows = (await tablesOf(own)).verdicts as { verdict_id: string; note: string }[];
      expect(rows.map(({ verdict_id: id }) => id)).toEqual(verdicts.records.map(({ value }) => value.verdictId).sort());
      expect(rows.filter(({ note }) => note !== '').map(({ note }) => note)).toEqual(['a\uFFFDb']);
      expect((await tallyPostgres(own)).reduce((sum, tally) => sum + tally.verdicts, 0)).toBe(8);
      expect(await positions(own, 'postgres.verdicts')).toEqual([{ partition: 0, nextOffset: 8, uncounted: 0 }]);
      const moments = verdicts.records.map(({ value }) => momentOf(value) / 1_000);
      const hourOf = (ms: number) => new Date(Math.floor(ms / 3_600_000) * 3_600_000).toISOString();
      const hours = Map.groupBy(moments, hourOf);
      expect(await tallyVerdicts(own)).toEqual(
        [...hours].map(([hour, { length }]) => ({ hour, rows: length })).sort((a, b) => (a.hour < b.hour ? -1 : 1)),
      );
    });

    it('are refused where their time is none, alone', async () => {
      const own = await fresh();
      const batch = fixtures.batch('verdicts', { first: 0, last: 2 });
      Object.assign(batch.records[1]?.value ?? {}, { threatAt: -1 });
      const refused = await createPostgresSink({ store: own, view: 'verdicts' }).write(batch);
      expect(refused).toEqual([{ index: 1, reason: 'threatAt is not a time between the years 1970 and 9999.' }]);
      expect((await tablesOf(own)).verdicts).toHaveLength(2);
    });
  });
}
