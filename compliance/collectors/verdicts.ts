/** Of the threats of the window, what people said; missed attacks stand by themselves, as no rule saw them. */
import { words } from '../localized.ts';
import { fromQuery, within } from './sql.ts';

export const verdicts = fromQuery({
  id: 'verdicts',
  title: words(
    'Verdicts of analysts, by rule',
    'Urteile der Analysten nach Regeln',
    'Avis des analystes, par règle',
    'Dictámenes de los analistas, por regla',
  ),
  columns: ['rule', 'layer', 'threats', 'judged', 'true_positives', 'false_positives', 'missed', 'analysts'],
  sql: `SELECT * FROM (
SELECT rule_id AS rule, layer, toInt64(count()) AS threats, toInt64(countIf(verdict != '')) AS judged,
  toInt64(countIf(verdict = 'true_positive')) AS true_positives, toInt64(countIf(verdict = 'false_positive')) AS false_positives,
  toInt64(0) AS missed, toInt64(uniqExactIf(judged_by, verdict != '')) AS analysts
FROM threats_judged
WHERE ${within('occurred_at')}
GROUP BY rule, layer
UNION ALL
SELECT '' AS rule, '' AS layer, toInt64(0) AS threats, toInt64(0) AS judged, toInt64(0) AS true_positives, toInt64(0) AS false_positives,
  toInt64(count()) AS missed, toInt64(uniqExact(said.actor)) AS analysts
FROM (
  SELECT interaction_id, argMax(verdict, (occurred_at, verdict_id)) AS newest, argMax(v.actor, (occurred_at, verdict_id)) AS actor
  FROM verdicts AS v WHERE ${within('occurred_at')} AND threat_id = '' GROUP BY interaction_id
) AS said
WHERE newest = 'missed'
HAVING missed > 0
)
ORDER BY rule, layer`,
});
