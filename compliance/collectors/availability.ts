/** A call that the client left was served as far as it wanted; one that guards or checks stopped is no fault of availability. */
import { words } from '../localized.ts';
import { fromQuery, isoDay, within } from './sql.ts';

export const availability = fromQuery({
  id: 'availability',
  title: words('Availability by day', 'Verfügbarkeit nach Tagen', 'Disponibilité par jour', 'Disponibilidad por día'),
  columns: ['day', 'interactions', 'served', 'failed', 'refused'],
  sql: `SELECT ${isoDay('hour')} AS day, toInt64(sum(h.interactions)) AS interactions,
  toInt64(sumIf(h.interactions, status IN ('answered', 'abandoned'))) AS served,
  toInt64(sumIf(h.interactions, status IN ('failed', 'orphaned'))) AS failed,
  toInt64(sumIf(h.interactions, status IN ('blocked', 'rejected'))) AS refused
FROM interactions_hourly AS h
WHERE ${within('hour')}
GROUP BY day
ORDER BY day`,
});
