import { words } from '../localized.ts';
import { fromQuery, iso } from './sql.ts';

export const auditTrail = fromQuery({
  id: 'audit-trail',
  title: words(
    'Actions of people and parts',
    'Aktionen von Menschen und Bestandteilen',
    'Actions des personnes et des composants',
    'Acciones de personas y componentes',
  ),
  columns: ['actor', 'action', 'outcome', 'events', 'first_seen', 'last_seen'],
  sql: `SELECT actor, action, outcome, toInt64(count()) AS events, ${iso('min(occurred_at)')} AS first_seen, ${iso('max(occurred_at)')} AS last_seen
FROM audit
WHERE org IN ({org:String}, {platform:String}) AND occurred_at >= {from:DateTime64(6, 'UTC')} AND occurred_at < {to:DateTime64(6, 'UTC')}
GROUP BY actor, action, outcome
ORDER BY actor, action, outcome`,
  parameters: ({ env }) => ({ platform: env.PARAPET_ORG }),
});
