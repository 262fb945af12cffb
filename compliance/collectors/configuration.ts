/** The settings in force where the evidence was collected, and what every gateway said of its own when it started. */
import { settingsHash, settingsInForce } from '../../core/in-force.ts';
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { ask, iso, STATE_DAYS } from './sql.ts';

const SHAPE = columns('kind', 'name', 'value', 'occurred_at', 'mode');

const STARTS = `SELECT 'start' AS kind, actor AS name, details['settingsHash'] AS value, ${iso('a.occurred_at')} AS occurred_at, details['inspectMode'] AS mode
FROM audit AS a
WHERE org IN ({org:String}, {platform:String}) AND a.occurred_at >= {from:DateTime64(6, 'UTC')} AND a.occurred_at < {to:DateTime64(6, 'UTC')}
  AND action = 'gateway.started'
ORDER BY a.occurred_at, audit_id`;

export const configuration: EvidenceCollector = {
  id: 'configuration',
  version: 1,
  title: words('Settings and starts', 'Einstellungen und Starts', 'Réglages et démarrages', 'Ajustes y arranques'),
  source: 'configuration',
  columns: SHAPE,
  validDays: STATE_DAYS,
  async collect(context) {
    const { query, parameters, rows } = await ask(
      context,
      { sql: STARTS, parameters: ({ env }) => ({ platform: env.PARAPET_ORG }) },
      SHAPE,
    );
    const settings = settingsInForce(context.env);
    const own = Object.entries(settings).map(([name, value]) => ({ kind: 'setting', name, value, occurred_at: null, mode: '' }));
    const hash = { kind: 'settings hash', name: 'here', value: settingsHash(settings), occurred_at: null, mode: '' };
    return { query: `settings of this process;\n${query}`, parameters, rows: [...own, hash, ...rows] };
  },
};
