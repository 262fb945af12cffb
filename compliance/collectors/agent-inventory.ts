/** Users are only counted: who they are is not evidence about an agent. */
import { words } from '../localized.ts';
import { fromQuery, iso, within } from './sql.ts';

export const agentInventory = fromQuery({
  id: 'agent-inventory',
  title: words('Agents in traffic', 'Agenten im Verkehr', 'Agents dans le trafic', 'Agentes en el tráfico'),
  columns: ['org', 'agent', 'interactions', 'users', 'first_seen', 'last_seen', 'unidentified'],
  sql: `SELECT org, agent_id AS agent, toInt64(count()) AS interactions, toInt64(uniqIf(user_id, user_id != '')) AS users,
  ${iso('min(started_at)')} AS first_seen, ${iso('max(started_at)')} AS last_seen, toInt64(countIf(api_key_id = '')) AS unidentified
FROM interactions
WHERE ${within('started_at')}
GROUP BY org, agent
ORDER BY interactions DESC, agent`,
});
