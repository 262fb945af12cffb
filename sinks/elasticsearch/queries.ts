/**
 * What analysts ask first, as data: the README prints these and a test runs them against a server, so they cannot rot. They
 * name the view's alias, so they run as they stand in Kibana's Dev Tools; with a prefix, put it before the name.
 */
import type { ElasticsearchView } from './documents.ts';

export interface AnalystQuery {
  name: string;
  title: string;
  question: string;
  view: ElasticsearchView;
  /** The body of `POST <view>/_search`. */
  body: Record<string, unknown>;
}

const top = (field: string, size = 10) => ({ terms: { field, size } });
const NEWEST = [{ timestamp: { order: 'desc' } }];

export const ANALYST_QUERIES: readonly AnalystQuery[] = [
  {
    name: 'newest-serious',
    title: 'The newest serious threats',
    question: 'What of high or critical severity happened last, and what did it say (personal data masked)?',
    view: 'threats',
    body: {
      size: 20,
      _source: ['timestamp', 'severity', 'threat_type', 'agent_id', 'user_id', 'action_taken', 'prompt'],
      query: { terms: { severity: ['critical', 'high'] } },
      sort: NEWEST,
    },
  },
  {
    name: 'by-words',
    title: 'Threats by their words',
    question: 'Where did somebody try this with an invoice?',
    view: 'threats',
    body: { query: { match: { prompt: { query: 'missing invoice', operator: 'and' } } }, highlight: { fields: { prompt: {} } } },
  },
  {
    name: 'timeline',
    title: 'Timeline by severity',
    question: 'When did it begin, and how bad did it get?',
    view: 'threats',
    body: {
      size: 0,
      aggs: { day: { date_histogram: { field: 'timestamp', calendar_interval: 'day' }, aggs: { severity: top('severity') } } },
    },
  },
  {
    name: 'types-and-actions',
    title: 'Threats by type and action',
    question: 'What attacks us, and was it stopped?',
    view: 'threats',
    body: {
      size: 0,
      aggs: { type: { ...top('threat_type'), aggs: { action: top('action_taken'), agents: { cardinality: { field: 'agent_id' } } } } },
    },
  },
  {
    name: 'agents-and-users',
    title: 'Agents and users most involved',
    question: 'Whom do we talk to first?',
    view: 'threats',
    body: {
      size: 0,
      aggs: {
        agent: { ...top('agent_id'), aggs: { worst: { max: { field: 'risk_score' } } } },
        user: { ...top('user_id'), aggs: { worst: { max: { field: 'risk_score' } } } },
      },
    },
  },
  {
    name: 'rules-to-tune',
    title: 'Rules to tune',
    question: 'Which rules fire most, and how often were they wrong?',
    view: 'threats',
    body: { size: 0, aggs: { rule: { ...top('rule_id'), aggs: { wrong: { filter: { term: { false_positive: true } } } } } } },
  },
  {
    name: 'one-agent',
    title: 'Everything about one agent',
    question: 'What has agent-7 done since the first of March?',
    view: 'threats',
    body: {
      query: { bool: { filter: [{ term: { agent_id: 'agent-7' } }, { range: { timestamp: { gte: '2026-03-01T00:00:00Z' } } }] } },
      sort: NEWEST,
    },
  },
  {
    name: 'open-incidents',
    title: 'Open incidents',
    question: 'Which incidents are not over, and which of them was seen last?',
    view: 'incidents',
    body: {
      _source: ['severity', 'status', 'title', 'threats', 'blocked', 'trust_score', 'timestamp', 'last_seen_at', 'containment'],
      query: { bool: { must_not: [{ term: { status: 'closed' } }] } },
      sort: [{ last_seen_at: { order: 'desc' } }],
    },
  },
  {
    name: 'who-read',
    title: 'Who read clear text',
    question: 'Who opened sealed content, when, and for what reason?',
    view: 'audit',
    body: {
      _source: ['timestamp', 'actor', 'target', 'outcome', 'details'],
      query: { term: { action: 'content.read' } },
      sort: NEWEST,
    },
  },
  {
    name: 'failed-actions',
    title: 'What was tried and failed',
    question: 'Who tried what, without success?',
    view: 'audit',
    body: { size: 0, query: { term: { outcome: 'failure' } }, aggs: { actor: { ...top('actor'), aggs: { action: top('action') } } } },
  },
  {
    name: 'by-detail',
    title: 'Audit by a detail',
    question: 'What was done by version 0.1.0? (every key of details is searchable)',
    view: 'audit',
    body: { query: { term: { 'details.version': '0.1.0' } }, sort: NEWEST },
  },
];

/** As the README prints it: a piece for Kibana's Dev Tools. */
export function printed({ title, question, view, body }: AnalystQuery): string {
  return `**${title}.** ${question}\n\n\`\`\`\nPOST ${view}/_search\n${laidOut(body)}\n\`\`\``;
}

/** JSON whose short parts stand on one line. */
function laidOut(value: unknown, indent = ''): string {
  const line = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  if (indent.length + line.length <= 110 || typeof value !== 'object' || value === null) return line;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((part) => laidOut(part, deeper))
    : Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${laidOut(part, deeper)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}
