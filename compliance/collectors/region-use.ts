import { words } from '../localized.ts';
import { fromQuery, iso, within } from './sql.ts';

export const regionUse = fromQuery({
  id: 'region-use',
  title: words('Regions that processed calls', 'Regionen der Verarbeitung', 'Régions de traitement', 'Regiones de tratamiento'),
  columns: ['vendor', 'region', 'interactions', 'first_seen', 'last_seen'],
  sql: `SELECT vendor, region, toInt64(sum(h.interactions)) AS interactions, ${iso('min(hour)')} AS first_seen, ${iso('max(hour)')} AS last_seen
FROM interactions_hourly AS h
WHERE ${within('hour')} AND vendor != ''
GROUP BY vendor, region
ORDER BY vendor, region`,
});
