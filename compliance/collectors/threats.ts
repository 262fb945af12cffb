import { words } from '../localized.ts';
import { fromQuery, within } from './sql.ts';

export const threats = fromQuery({
  id: 'threats',
  title: words('Threats', 'Bedrohungen', 'Menaces', 'Amenazas'),
  columns: ['threat_type', 'severity', 'techniques', 'layer', 'action', 'threats', 'interactions', 'agents'],
  sql: `SELECT threat_type, severity, arrayStringConcat(arraySort(t.techniques), ' ') AS techniques, layer, action_taken AS action,
  toInt64(count()) AS threats, toInt64(uniq(interaction_id)) AS interactions, toInt64(uniq(agent_id)) AS agents
FROM threats AS t
WHERE ${within('occurred_at')}
GROUP BY threat_type, severity, techniques, layer, action
ORDER BY threats DESC, threat_type, severity, techniques, layer, action`,
});
