/** What guards were allowed to do, what they did, and which calls reached a vendor without anybody looking. */
import { words } from '../localized.ts';
import { fromQuery, isoDay, within } from './sql.ts';

export const decisions = fromQuery({
  id: 'decisions',
  title: words('Decisions of the guards', 'Entscheidungen der Prüfungen', 'Décisions des contrôles', 'Decisiones de los controles'),
  columns: ['day', 'inspect_mode', 'interactions', 'called', 'in_line', 'in_stream', 'not_inspected', 'flagged', 'redacted', 'blocked'],
  sql: `SELECT ${isoDay('started_at')} AS day, inspect_mode, toInt64(count()) AS interactions,
  toInt64(countIf(vendor != '')) AS called,
  toInt64(countIf(vendor != '' AND inspect_mode != 'off')) AS in_line,
  toInt64(countIf(vendor != '' AND inspect_mode = 'off' AND signature_version != '')) AS in_stream,
  toInt64(countIf(vendor != '' AND inspect_mode = 'off' AND signature_version = '')) AS not_inspected,
  toInt64(countIf(has(verdict_actions, 'flagged') OR has(policy_effects, 'flag'))) AS flagged,
  toInt64(countIf(has(verdict_actions, 'redacted') OR has(policy_effects, 'redact'))) AS redacted,
  toInt64(countIf(status = 'blocked')) AS blocked
FROM interactions
WHERE ${within('started_at')}
GROUP BY day, inspect_mode
ORDER BY day, inspect_mode`,
});
