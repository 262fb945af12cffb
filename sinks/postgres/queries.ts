/**
 * What a dashboard asks first, as data: a test runs these and the README prints them, so they cannot rot. Table names are bare:
 * the queries run with the schema (`parapet`) as search path.
 */
export interface DashboardQuery {
  name: string;
  title: string;
  question: string;
  sql: string;
}

export const DASHBOARD_QUERIES: readonly DashboardQuery[] = [
  {
    name: 'shadow-ai',
    title: 'Shadow AI',
    question: 'Which agents are at work that nobody has declared?',
    sql: `SELECT org, agent_id, first_seen, last_seen, interactions, threats, last_vendor, last_model
FROM agents
WHERE is_shadow_ai AND interactions > 0
ORDER BY interactions DESC`,
  },
  {
    name: 'inventory',
    title: 'Agent inventory',
    question: 'Which agents do we have, who owns them, and when were they last at work?',
    sql: `SELECT org, coalesce(name, agent_id) AS agent, type, owner, purpose, last_seen, interactions,
  round(100.0 * threats / greatest(interactions, 1), 2) AS threats_per_hundred
FROM agents
ORDER BY last_seen DESC NULLS LAST`,
  },
  {
    name: 'open-incidents',
    title: 'Open incidents',
    question: 'What must somebody look at now, the worst first?',
    sql: `SELECT id, org, agent_id, title, severity, status, assigned_to, threats, first_seen, last_seen
FROM incidents
WHERE status <> 'resolved'
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], severity), last_seen DESC
LIMIT 100`,
  },
  {
    name: 'time-to-resolve',
    title: 'Time to resolve',
    question: 'How long does it take us to resolve an incident, by severity?',
    sql: `SELECT severity, count(*) AS resolved,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY resolved_at - first_seen) AS median,
  max(resolved_at - first_seen) AS longest
FROM incidents
WHERE status = 'resolved'
GROUP BY severity
ORDER BY severity`,
  },
  {
    name: 'violations',
    title: 'Violations by rule',
    question: 'Which policies and rules are violated most, and how much of it is remediated?',
    sql: `SELECT org, source, rule, severity, count(*) AS violations, count(*) FILTER (WHERE remediated) AS remediated,
  count(DISTINCT agent_id) AS agents, max(occurred_at) AS last_time
FROM violations
GROUP BY org, source, rule, severity
ORDER BY violations DESC`,
  },
  {
    name: 'false-alarms',
    title: 'False alarms by rule',
    question: 'Which rules do analysts find to be wrong, and how often of how many that they looked at?',
    sql: `SELECT org, rule_id, threat_type, count(*) AS judged, count(*) FILTER (WHERE verdict = 'false_positive') AS wrong,
  max(occurred_at) AS last_time
FROM verdicts_holding
WHERE threat_id IS NOT NULL
GROUP BY org, rule_id, threat_type
ORDER BY wrong DESC, judged DESC`,
  },
  {
    name: 'models',
    title: 'Models discovered',
    question: 'Which models are in use, since when, and what have they cost?',
    sql: `SELECT vendor, model_name, discovered_at, last_seen, interactions, input_tokens + output_tokens AS tokens, round(cost_usd, 2) AS usd
FROM models
ORDER BY cost_usd DESC`,
  },
  {
    name: 'violators',
    title: 'Users with violations',
    question: 'Whose requests violate policies, and how often of how many?',
    sql: `SELECT u.org, u.user_id, u.interactions, count(v.id) AS violations, max(v.occurred_at) AS last_violation
FROM users u
JOIN violations v ON v.org = u.org AND v.user_id = u.user_id
GROUP BY u.org, u.user_id, u.interactions
ORDER BY violations DESC
LIMIT 20`,
  },
];
