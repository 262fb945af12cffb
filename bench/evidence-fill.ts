/**
 * A quarter's interactions and what goes with them, made by the ClickHouse server itself: `INSERT … SELECT` from numbers, so that ten
 * million take minutes. The same number gives the same row. Every hundredth interaction has a threat.
 */
import type { ClickHouse } from '../sinks/clickhouse/index.ts';
import { createClickHouseSink } from '../sinks/clickhouse/index.ts';

export const ORG = 'acme';
export const PERIOD = '2026-Q3';
const FROM_MICROS = Date.parse('2026-07-01T00:00:00.000Z') * 1_000;
const QUARTER_MICROS = 92 * 86_400_000_000;
const BATCH = 1_000_000;
const VIEWS = ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const;

/** Of the row that the expression numbers. */
const interactionId = (n: string) => `lower(hex(MD5(concat('interaction ', toString(${n})))))`;
const pick = (salt: number, of: string) => `cityHash64(${salt}, n) % ${of}`;
const oneOf = (words: readonly string[], which: string) => `[${words.map((word) => `'${word}'`).join(', ')}][1 + ${which}]`;

/** Gives how many rows each table has. */
export async function fillQuarter(store: ClickHouse, rows: number, says: (line: string) => void): Promise<Record<string, number>> {
  for (const view of VIEWS) await createClickHouseSink({ store, view }).open();
  const step = Math.floor(QUARTER_MICROS / rows);
  const moment = (n: string) => `fromUnixTimestamp64Micro(toInt64(${FROM_MICROS}) + toInt64(${n}) * ${step} + 17, 'UTC')`;
  const insert = async (view: string, first: number, count: number, columns: Readonly<Record<string, string>>) => {
    await store.client.command({
      query: `INSERT INTO ${store.database}.${view} (${Object.keys(columns).join(', ')})
        SELECT ${Object.values(columns).join(',\n ')} FROM (SELECT number + ${first} AS n FROM numbers(${count}))
        SETTINGS max_threads = 2, max_insert_threads = 1`,
    });
  };
  for (let first = 0; first < rows; first += BATCH) {
    await insert('interactions', first, Math.min(BATCH, rows - first), interactions(moment));
    says(`${Math.min(first + BATCH, rows)} interactions`);
  }
  const counts: Record<string, number> = { interactions: rows };
  for (const [view, share, columns] of [
    ['threats', 100, threats],
    ['audit', 1_000, audit],
    ['verdicts', 2_000, verdicts],
    ['incidents', 5_000, incidents],
  ] as const) {
    counts[view] = Math.floor(rows / share);
    await insert(view, 0, counts[view], columns(moment));
  }
  return counts;
}

type Columns = (moment: (n: string) => string) => Record<string, string>;

const interactions: Columns = (moment) => ({
  interaction_id: interactionId('n'),
  gateway_id: `concat('gw-', toString(n % 4))`,
  gateway_sequence: 'intDiv(n, 4) + 1',
  org: `'${ORG}'`,
  agent_id: `concat('agent-', toString(${pick(1, '40')}))`,
  user_id: `concat('user-', toString(${pick(2, '5000')}))`,
  subject: `concat('${ORG}/user-', toString(${pick(2, '5000')}))`,
  conversation_id: `concat('conversation-', toString(intDiv(n, 6)))`,
  wire_format: `'openai.chat'`,
  operation: `'chat'`,
  vendor: oneOf(['openai', 'anthropic', 'mistral'], pick(3, '3')),
  model_asked: oneOf(['gpt-5', 'claude-haiku-4-5', 'mistral-large'], pick(3, '3')),
  model_used: oneOf(['gpt-5', 'claude-haiku-4-5', 'mistral-large'], pick(3, '3')),
  region: oneOf(['eu-west-1', 'eu-central-1', 'us-east-1'], pick(4, '3')),
  message_count: `1 + ${pick(5, '12')}`,
  input_tokens: `200 + ${pick(6, '3000')}`,
  output_tokens: `20 + ${pick(7, '900')}`,
  usage_source: `'vendor'`,
  started_at: moment('n'),
  ended_at: `${moment('n')} + toIntervalMillisecond(300 + ${pick(8, '4000')})`,
  latency_ms: `300 + ${pick(8, '4000')}`,
  vendor_ms: `290 + ${pick(8, '4000')}`,
  inspect_ms: `0.2 + ${pick(9, '3000')} / 1000`,
  attempts: '1',
  status: `multiIf(n % 1000 = 7, 'failed', n % 400 = 0, 'blocked', n % 300 = 1, 'abandoned', 'answered')`,
  http_status: `multiIf(n % 1000 = 7, 502, n % 400 = 0, 403, 200)`,
  verdict_rules: `if(n % 100 = 0, ['LLM01-OVERRIDE-001'], [])`,
  verdict_layers: `if(n % 100 = 0, ['signature'], [])`,
  verdict_types: `if(n % 100 = 0, ['prompt_injection'], [])`,
  verdict_severities: `if(n % 100 = 0, ['high'], [])`,
  verdict_scores: `if(n % 100 = 0, [0.9], [])`,
  verdict_actions: `if(n % 100 = 0, [if(n % 400 = 0, 'blocked', 'flagged')], [])`,
  inspect_mode: `'block'`,
  turn: `1 + n % 6`,
  cost_usd: `toDecimal64((200 + ${pick(6, '3000')}) * 0.000002, 9)`,
  price_key: `'gpt-5'`,
  masked_prompt: `concat('summarise the contract of ', toString(${pick(10, '100000')}), ' and say which clauses the customer must answer before the end of the month')`,
  masked_response: `concat('the contract names ', toString(${pick(11, '1000')}), ' clauses, of which the customer has to answer two within thirty days of receiving it')`,
  masked_counts: `if(n % 50 = 0, map('person', 2, 'email', 1), map())`,
  content_available: 'true',
  event_hash: `lower(hex(SHA256(concat('record ', toString(n)))))`,
  risk_score: `if(n % 100 = 0, 80, ${pick(12, '15')})`,
  threats_detected: `if(n % 100 = 0, 1, 0)`,
  top_threat_type: `if(n % 100 = 0, 'prompt_injection', '')`,
  top_severity: `if(n % 100 = 0, 'high', '')`,
  rule_ids: `if(n % 100 = 0, ['LLM01-OVERRIDE-001'], [])`,
  signature_version: `'2026.07.1'`,
  _partition: 'n % 4',
  _offset: 'intDiv(n, 4)',
});

const threats: Columns = (moment) => ({
  threat_id: `lower(hex(MD5(concat('threat ', toString(n)))))`,
  interaction_id: interactionId('n * 100'),
  org: `'${ORG}'`,
  agent_id: `concat('agent-', toString(cityHash64(1, n * 100) % 40))`,
  user_id: `concat('user-', toString(cityHash64(2, n * 100) % 5000))`,
  subject: `concat('${ORG}/user-', toString(cityHash64(2, n * 100) % 5000))`,
  occurred_at: moment('n * 100'),
  layer: `'signature'`,
  rule_id: `concat('LLM01-OVERRIDE-', toString(${pick(21, '60')}))`,
  rule_version: '1',
  threat_type: oneOf(['prompt_injection', 'jailbreak', 'system_prompt_leak', 'sensitive_data'], pick(22, '4')),
  severity: oneOf(['low', 'medium', 'high', 'critical'], pick(23, '4')),
  score: '0.9',
  risk_score: '80',
  techniques: `['LLM01:2025', 'AML.T0051']`,
  direction: `'request'`,
  path: `'messages[0].content'`,
  action_taken: `if(n % 4 = 0, 'blocked', 'flagged')`,
  _partition: 'n % 4',
  _offset: 'intDiv(n, 4)',
});

const audit: Columns = (moment) => ({
  audit_id: `lower(hex(MD5(concat('audit ', toString(n)))))`,
  org: `'${ORG}'`,
  occurred_at: moment('n * 1000'),
  actor: `concat('analyst-', toString(${pick(31, '12')}))`,
  action: oneOf(['threat.judged', 'content.read', 'policy.published', 'signatures.taken', 'gateway.started'], pick(32, '5')),
  target: `concat('target/', toString(n % 500))`,
  outcome: `'success'`,
  details: `map('reason', 'case ' || toString(n % 90))`,
  _partition: 'n % 4',
  _offset: 'intDiv(n, 4)',
});

const verdicts: Columns = (moment) => ({
  verdict_id: `lower(hex(MD5(concat('verdict ', toString(n)))))`,
  org: `'${ORG}'`,
  occurred_at: `${moment('n * 2000')} + toIntervalHour(2)`,
  actor: `concat('analyst-', toString(${pick(41, '12')}))`,
  verdict: `if(n % 10 = 0, 'false_positive', 'confirmed')`,
  threat_id: `lower(hex(MD5(concat('threat ', toString(n * 20)))))`,
  interaction_id: interactionId('n * 2000'),
  rule_id: `concat('LLM01-OVERRIDE-', toString(cityHash64(21, n * 20) % 60))`,
  _partition: 'n % 4',
  _offset: 'intDiv(n, 4)',
});

const incidents: Columns = (moment) => ({
  incident_id: `concat('incident-', toString(n))`,
  org: `'${ORG}'`,
  agent_id: `concat('agent-', toString(n % 40))`,
  threat_type: `'prompt_injection'`,
  title: `'Repeated override'`,
  severity: oneOf(['medium', 'high', 'critical'], pick(51, '3')),
  status: `if(n % 20 = 0, 'open', 'closed')`,
  threats: '7',
  interactions: '5',
  first_seen_at: moment('n * 5000'),
  last_seen_at: `${moment('n * 5000')} + toIntervalHour(3)`,
  _partition: 'n % 4',
  _offset: 'intDiv(n, 4)',
});
