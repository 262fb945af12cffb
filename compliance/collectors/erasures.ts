/**
 * Erasures that were completed in the window, and those that were begun before its end and are not done. A subject is named by
 * its pseudonym alone.
 */
import { followControls } from '../../log/controls.ts';
import { ERASURE, orderOf } from '../../log/erasures.ts';
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';
import { ask, iso, PAST_DAYS, within } from './sql.ts';

const SHAPE = columns('target', 'status', 'requested_at', 'occurred_at', 'hours', 'actor', 'reason_given');

const SQL = `SELECT target, 'done' AS status, ${iso('requested')} AS requested_at, ${iso('a.occurred_at')} AS occurred_at,
  round(dateDiff('second', requested, a.occurred_at) / 3600, 2) AS hours, actor, details['reason'] != '' AS reason_given,
  ifNull(parseDateTime64BestEffortOrNull(details['until'], 3, 'UTC'), a.occurred_at) AS requested
FROM audit AS a
WHERE ${within('a.occurred_at')} AND action = 'subject.erased'
ORDER BY a.occurred_at, audit_id`;

export const erasures: EvidenceCollector = {
  id: 'erasures',
  version: 1,
  title: words('Erasures', 'Löschungen', 'Effacements', 'Supresiones'),
  source: 'log',
  columns: SHAPE,
  validDays: PAST_DAYS,
  async collect(context) {
    const { query, parameters, rows } = await ask(context, { sql: SQL }, SHAPE);
    return { query: `${query}\nand controls of the log that are not done`, parameters, rows: [...rows, ...(await pending(context))] };
  },
};

async function pending({ log, codec, org, window, now }: CollectContext) {
  const controls = await followControls(log, codec);
  try {
    return controls
      .list(ERASURE)
      .filter((control) => control.org === org && !orderOf(control).done && control.issuedAt / 1_000 < Date.parse(window.to))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, issuedAt, actor }) => ({
        target: key,
        status: 'begun',
        requested_at: new Date(issuedAt / 1_000).toISOString(),
        occurred_at: null,
        hours: Math.round((Date.parse(now) - issuedAt / 1_000) / 36_000) / 100,
        actor,
        reason_given: null,
      }));
  } finally {
    await controls.close();
  }
}
