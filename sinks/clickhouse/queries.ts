/**
 * What analysts ask first, as data: the demo runs these and the README prints them, so they cannot rot.
 * Table names are bare: the queries run in the store's database. Where sums by hour answer, they read `interactions_hourly`,
 * which costs a thousandth of the rows.
 */
export interface AnalystQuery {
  name: string;
  title: string;
  question: string;
  sql: string;
}

export const ANALYST_QUERIES: readonly AnalystQuery[] = [
  {
    name: 'spend',
    title: 'Spend by model and day',
    question: 'What does each model cost us, day by day?',
    sql: `SELECT toDate(hour) AS day, model_used AS model, sum(interactions) AS calls, round(sum(cost_usd_sum), 4) AS usd
FROM interactions_hourly
WHERE model_used != ''
GROUP BY day, model
ORDER BY day, usd DESC`,
  },
  {
    name: 'risky-agents',
    title: 'Agents by risk',
    question: 'Which agents bring the most risk?',
    sql: `SELECT org, agent_id, sum(interactions) AS calls, sum(threats_sum) AS threats, max(risk_score_max) AS worst,
  round(100 * sumIf(interactions, status = 'blocked') / calls, 2) AS blocked_percent
FROM interactions_hourly
GROUP BY org, agent_id
ORDER BY threats DESC, worst DESC
LIMIT 10`,
  },
  {
    name: 'threats',
    title: 'Threats by type, severity and action',
    question: 'What attacks us, how badly, and what was done about it?',
    sql: `SELECT threat_type, severity, action_taken, count() AS threats, uniq(agent_id) AS agents, uniq(interaction_id) AS interactions
FROM threats
GROUP BY threat_type, severity, action_taken
ORDER BY threats DESC`,
  },
  {
    name: 'false-alarms',
    title: 'False alarms by rule',
    question: 'Which rules are wrong most often, of the threats that somebody has judged?',
    sql: `SELECT rule_id, count() AS threats, countIf(verdict != '') AS judged, countIf(verdict = 'false_positive') AS wrong,
  round(100 * wrong / judged, 1) AS wrong_percent
FROM threats_judged
GROUP BY rule_id
HAVING judged > 0
ORDER BY wrong DESC, judged DESC`,
  },
  {
    name: 'open-incidents',
    title: 'Open incidents',
    question: 'Which incidents are not over, the gravest first, and how long has each been quiet?',
    sql: `SELECT severity, status, title, threats, blocked, trust_score, first_seen_at,
  dateDiff('minute', last_seen_at, now64(6)) AS quiet_minutes, containment
FROM incidents_newest
WHERE status != 'closed'
ORDER BY indexOf(['critical', 'high', 'medium', 'low'], severity), last_seen_at DESC`,
  },
  {
    name: 'latency',
    title: 'Latency and time to first token by vendor',
    question: 'How fast does each vendor answer?',
    sql: `SELECT vendor, count() AS calls,
  round(quantile(0.5)(latency_ms)) AS p50_ms, round(quantile(0.99)(latency_ms)) AS p99_ms,
  round(quantile(0.5)(time_to_first_token_ms)) AS ttft_p50_ms, round(quantile(0.99)(time_to_first_token_ms)) AS ttft_p99_ms,
  round(quantile(0.99)(inspect_ms), 2) AS guards_p99_ms
FROM interactions
WHERE vendor != '' AND status = 'answered'
GROUP BY vendor
ORDER BY calls DESC`,
  },
  {
    name: 'failures',
    title: 'Failed and abandoned calls by vendor',
    question: 'How often does a call fail, and how often does the client leave first?',
    sql: `SELECT vendor, sum(interactions) AS calls,
  round(100 * sumIf(interactions, status = 'failed') / calls, 2) AS failed_percent,
  round(100 * sumIf(interactions, status = 'abandoned') / calls, 2) AS abandoned_percent,
  round(100 * sumIf(interactions, status = 'orphaned') / calls, 2) AS orphaned_percent
FROM interactions_hourly
WHERE vendor != ''
GROUP BY vendor
ORDER BY calls DESC`,
  },
  {
    name: 'tokens',
    title: 'Tokens and cache hits by model',
    question: 'Where do our tokens go, and what does the vendors’ cache save?',
    sql: `SELECT model_used AS model, sum(input_tokens_sum) AS input, sum(output_tokens_sum) AS output, sum(reasoning_tokens_sum) AS reasoning,
  round(100 * sum(cached_input_tokens_sum) / greatest(input, 1), 2) AS cached_percent
FROM interactions_hourly
WHERE model_used != ''
GROUP BY model
ORDER BY input + output DESC`,
  },
  {
    name: 'conversation',
    title: 'A conversation, turn by turn',
    question: 'What was said in the riskiest conversation (personal data masked)?',
    sql: `SELECT started_at, turn, agent_id, model_used, status, risk_score, masked_prompt, masked_response
FROM interactions
WHERE conversation_id = (SELECT conversation_id FROM interactions ORDER BY risk_score DESC, started_at LIMIT 1)
ORDER BY started_at`,
  },
  {
    name: 'who-read',
    title: 'Who did what to the system',
    question: 'Who read clear text or changed a policy, and did it work?',
    sql: `SELECT actor, action, outcome, count() AS times, max(occurred_at) AS last_time
FROM audit
GROUP BY actor, action, outcome
ORDER BY times DESC`,
  },
];
