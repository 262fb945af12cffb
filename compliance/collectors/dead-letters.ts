/** Records of the organisation that a consumer set aside until the window's end, by what was decided about them. */
import { readDeadLetters } from '../../log/dead-letters.ts';
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { STATE_DAYS, standing } from './sql.ts';

type Letters = {
  consumer: string;
  /** `looked at` is the row of a consumer itself: also one that set nothing aside was asked. */
  state: string;
  code: string;
  letters: number;
  oldest_at: string | null;
  newest_at: string | null;
};

export const deadLetters: EvidenceCollector = {
  id: 'dead-letters',
  version: 1,
  title: words('Records set aside', 'Ausgesonderte Datensätze', 'Enregistrements mis de côté', 'Registros apartados'),
  source: 'log',
  columns: columns('consumer', 'state', 'code', 'letters', 'oldest_at', 'newest_at'),
  validDays: STATE_DAYS,
  async collect(context) {
    const { log, org, window, consumers } = context;
    const groups = new Map<string, Letters>();
    for (const consumer of consumers) {
      groups.set(`${consumer} `, { consumer, state: 'looked at', code: '', letters: 0, oldest_at: null, newest_at: null });
      for (const { record, state, failedAt, failure } of await readDeadLetters(log, consumer)) {
        if (!record.key.startsWith(`${org}/`) || Date.parse(failedAt) >= Date.parse(window.to)) continue;
        const name = `${consumer} ${state} ${failure.code}`;
        const group = groups.get(name) ?? { consumer, state, code: failure.code, letters: 0, oldest_at: null, newest_at: null };
        groups.set(name, group);
        group.letters += 1;
        if (group.oldest_at === null || failedAt < group.oldest_at) group.oldest_at = failedAt;
        if (group.newest_at === null || failedAt > group.newest_at) group.newest_at = failedAt;
      }
    }
    const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    return { query: 'dead letters of every processor and sink, with what was decided', parameters: standing(context), rows };
  },
};
