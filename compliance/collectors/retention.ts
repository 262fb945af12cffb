/** What every store was told to keep and what it really holds. A store that did not answer is in it, and says so. */
import { words } from '../localized.ts';
import type { CollectedRow } from '../types.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { STATE_DAYS, standing } from './sql.ts';

export const retention: EvidenceCollector = {
  id: 'retention',
  version: 1,
  title: words(
    'Retention in every store',
    'Aufbewahrung in jedem Speicher',
    'Conservation dans chaque système',
    'Conservación en cada almacén',
  ),
  source: 'stores',
  columns: columns('store', 'name', 'data_class', 'wanted', 'configured', 'oldest_at', 'verdict'),
  validDays: STATE_DAYS,
  async collect(context) {
    const rows = (await context.retention()).flatMap(({ store, holdings, error, note }): CollectedRow[] => {
      const nothing = { data_class: '', wanted: '', configured: '', oldest_at: null };
      if (error !== undefined) return [{ store, name: error.code, ...nothing, verdict: 'unknown' }];
      if (holdings.length === 0) return [{ store, name: note ?? '', ...nothing, verdict: 'empty' }];
      return holdings.map(({ what, class: data_class, wanted, configured, oldestMs, verdict }) => ({
        store,
        name: what,
        data_class,
        wanted,
        configured,
        oldest_at: oldestMs === undefined ? null : new Date(oldestMs).toISOString(),
        verdict,
      }));
    });
    return { query: 'parapet retention report', parameters: standing(context), rows };
  },
};
