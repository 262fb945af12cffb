/**
 * How grave threats were answered, by the first answer there is: stopped in line, its agent kept from every vendor, judged by a
 * person. Late is what took longer than the objective, or has waited longer than it; whatever waits less is still in time.
 */
import { words } from '../localized.ts';
import { fromQuery, within } from './sql.ts';

export const threatResponse = fromQuery({
  id: 'threat-response',
  title: words(
    'Answers to grave threats',
    'Reaktion auf schwere Bedrohungen',
    'Réponses aux menaces graves',
    'Respuesta a amenazas graves',
  ),
  columns: ['severity', 'answer', 'threats', 'late', 'waiting', 'slowest_hours'],
  sql: `WITH grave AS (
  SELECT severity, occurred_at, action_taken IN ('blocked', 'redacted') AS stopped, verdict != '' AS is_judged, judged_at, org || '/' || agent_id AS agent
  FROM threats_judged
  WHERE ${within('occurred_at')} AND severity IN ('high', 'critical')
), contained AS (
  SELECT target, occurred_at AS set_at FROM audit
  WHERE org = {org:String} AND action = 'quarantine.set' AND occurred_at >= {from:DateTime64(6, 'UTC')}
), answered AS (
  SELECT g.severity AS severity, g.stopped AS stopped, g.is_judged AS is_judged, c.target != '' AS is_contained,
    dateDiff('second', g.occurred_at, g.judged_at) / 3600 AS judged_hours, dateDiff('second', g.occurred_at, c.set_at) / 3600 AS contained_hours,
    dateDiff('second', g.occurred_at, parseDateTime64BestEffort({now:String}, 6, 'UTC')) / 3600 AS waited_hours
  FROM grave AS g ASOF LEFT JOIN contained AS c ON g.agent = c.target AND g.occurred_at <= c.set_at
), timed AS (
  SELECT severity, waited_hours,
    multiIf(stopped, 'stopped', is_contained AND (NOT is_judged OR contained_hours <= judged_hours), 'contained', is_judged, 'judged', 'none') AS answer,
    multiIf(answer = 'stopped', 0, answer = 'contained', contained_hours, answer = 'judged', greatest(judged_hours, 0), waited_hours) AS hours
  FROM answered
)
SELECT severity, answer, toInt64(count()) AS threats, toInt64(countIf(hours > {objective_hours:Float64})) AS late,
  toInt64(countIf(answer = 'none' AND hours <= {objective_hours:Float64})) AS waiting, round(max(hours), 2) AS slowest_hours
FROM timed
GROUP BY severity, answer
ORDER BY severity, answer`,
  parameters: ({ now, settings }) => ({ now, objective_hours: settings.objectives.threatResponseHours }),
});
