import { words } from '../localized.ts';
import { fromQuery, iso, within } from './sql.ts';

export const modelInventory = fromQuery({
  id: 'model-inventory',
  title: words(
    'Vendors and models in traffic',
    'Anbieter und Modelle im Verkehr',
    'Fournisseurs et modèles dans le trafic',
    'Proveedores y modelos en el tráfico',
  ),
  columns: ['vendor', 'model', 'interactions', 'first_seen', 'last_seen'],
  sql: `SELECT vendor, model_used AS model, toInt64(sum(h.interactions)) AS interactions,
  ${iso('min(hour)')} AS first_seen, ${iso('max(hour)')} AS last_seen
FROM interactions_hourly AS h
WHERE ${within('hour')} AND vendor != ''
GROUP BY vendor, model
ORDER BY vendor, model`,
});
