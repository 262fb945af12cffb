import { words } from '../localized.ts';
import { fromQuery, isoDay, within } from './sql.ts';

export const interactions = fromQuery({
  id: 'interactions',
  title: words('Interactions by day', 'Interaktionen nach Tagen', 'Interactions par jour', 'Interacciones por día'),
  columns: ['day', 'status', 'interactions'],
  sql: `SELECT ${isoDay('hour')} AS day, status, toInt64(sum(h.interactions)) AS interactions
FROM interactions_hourly AS h
WHERE ${within('hour')}
GROUP BY day, status
ORDER BY day, status`,
});
