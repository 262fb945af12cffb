import { words } from '../localized.ts';
import { fromQuery, isoDay, within } from './sql.ts';

export const spend = fromQuery({
  id: 'spend',
  title: words('Spend by day and model', 'Ausgaben nach Tag und Modell', 'Dépenses par jour et par modèle', 'Gasto por día y modelo'),
  columns: ['day', 'vendor', 'model', 'interactions', 'input_tokens', 'output_tokens', 'cost_usd', 'unpriced'],
  sql: `SELECT ${isoDay('started_at')} AS day, vendor, model_used AS model, toInt64(count()) AS interactions,
  toInt64(sum(i.input_tokens)) AS input_tokens, toInt64(sum(i.output_tokens)) AS output_tokens,
  toFloat64(ifNull(sum(i.cost_usd), 0)) AS cost_usd, toInt64(countIf(isNull(i.cost_usd))) AS unpriced
FROM interactions AS i
WHERE ${within('started_at')} AND vendor != ''
GROUP BY day, vendor, model
ORDER BY day, vendor, model`,
});
