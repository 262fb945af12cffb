/**
 * Personal data that was found and masked in the views' texts, by type; and, to see whether masking works, e-mail addresses
 * that can still be read there: counted, and not shown.
 */
import { words } from '../localized.ts';
import { fromQuery, within } from './sql.ts';

const ADDRESS = String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}`;
const readable = (text: string) => `(position(${text}, '@') > 0 AND match(${text}, '${ADDRESS}'))`;

export const sensitiveData = fromQuery({
  id: 'sensitive-data',
  title: words(
    'Personal data in the views',
    'Personenbezogene Daten in den Ansichten',
    'Données personnelles dans les vues',
    'Datos personales en las vistas',
  ),
  columns: ['data_type', 'interactions', 'found', 'unmasked'],
  sql: `SELECT * FROM (
SELECT data_type, toInt64(count()) AS interactions, toInt64(sum(times)) AS found, toInt64(0) AS unmasked
FROM interactions ARRAY JOIN mapKeys(masked_counts) AS data_type, mapValues(masked_counts) AS times
WHERE ${within('started_at')}
GROUP BY data_type
UNION ALL
SELECT 'all' AS data_type, toInt64(count()) AS interactions, toInt64(sum(arraySum(mapValues(masked_counts)))) AS found,
  toInt64(countIf(${readable('masked_prompt')} OR ${readable('masked_response')})) AS unmasked
FROM interactions
WHERE ${within('started_at')}
HAVING interactions > 0
)
ORDER BY data_type`,
});
