/**
 * Numbers that a gateway gave and no row carries. A gateway numbers the interactions of all its organisations in one row, so
 * numbers are counted across them; and they are written down a moment after they are given, so a day is added on both sides.
 */
import { words } from '../localized.ts';
import { fromQuery, iso, NO_TRAFFIC, within } from './sql.ts';

export const sequenceGaps = fromQuery({
  id: 'sequence-gaps',
  title: words('Numbers of the gateways', 'Nummern der Gateways', 'Numéros des passerelles', 'Números de las pasarelas'),
  columns: ['gateway', 'first_number', 'last_number', 'present', 'missing', 'first_seen', 'last_seen'],
  sql: `WITH bounds AS (
  SELECT gateway_id, min(gateway_sequence) AS low, max(gateway_sequence) AS high, min(started_at) AS first_at, max(started_at) AS last_at
  FROM interactions WHERE ${within('started_at')} GROUP BY gateway_id
)
SELECT i.gateway_id AS gateway, any(b.low) AS first_number, any(b.high) AS last_number,
  toInt64(groupBitmap(toUInt64(i.gateway_sequence))) AS present, last_number - first_number + 1 - present AS missing,
  ${iso('any(b.first_at)')} AS first_seen, ${iso('any(b.last_at)')} AS last_seen
FROM interactions AS i INNER JOIN bounds AS b ON i.gateway_id = b.gateway_id
WHERE i.started_at >= {from:DateTime64(6, 'UTC')} - toIntervalDay(1) AND i.started_at < {to:DateTime64(6, 'UTC')} + toIntervalDay(1)
  AND i.gateway_sequence >= b.low AND i.gateway_sequence <= b.high
GROUP BY gateway
ORDER BY gateway`,
  empty: NO_TRAFFIC,
});
