/** What the Kibana dashboards show, in a few words each; `generate.ts` makes Kibana's own form of it. */
import type { ElasticsearchView } from '../../sinks/elasticsearch/documents.ts';

export type Measure = { label: string } & (
  | { operation: 'count' /** In Kibana's query language: counts only these. */; where?: string }
  | { operation: 'unique_count' | 'max'; field: string }
);

/** Fields are those of the view's documents. Tables and bars begin with the largest of their first measure. */
export type Chart =
  | { kind: 'number'; measure: Measure }
  | { kind: 'timeline'; split: string }
  | { kind: 'bars'; of: string; split: string; size: number }
  | { kind: 'donut'; of: string }
  | { kind: 'table'; of: string; size: number; measures: Measure[] }
  | { kind: 'documents'; where: string; columns: string[] };

export interface Panel {
  title: string;
  says: string;
  /** Of 48. */
  width: number;
  chart: Chart;
}

export interface Dashboard {
  view: ElasticsearchView;
  title: string;
  says: string;
  /** Fields that the reader can choose values of, above the panels. */
  choices: string[];
  rows: { height: number; panels: Panel[] }[];
}

const ALL: Measure = { label: 'Threats', operation: 'count' };
const BLOCKED: Measure = { label: 'Blocked', operation: 'count', where: 'action_taken: blocked' };
const SERIOUS = 'severity: (critical or high)';

export const DASHBOARDS: readonly Dashboard[] = [
  {
    view: 'threats',
    title: 'Parapet: threats',
    says: 'What attacks your agents, how badly, and what was done about it. Prompts are shown with personal data masked.',
    choices: ['org', 'severity', 'agent_id'],
    rows: [
      {
        height: 6,
        panels: [
          { title: 'Threats', says: 'Rules that fired.', width: 12, chart: { kind: 'number', measure: ALL } },
          {
            title: 'Critical and high',
            says: 'Of these, the serious ones.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Critical and high', operation: 'count', where: SERIOUS } },
          },
          { title: 'Blocked', says: 'Of all, those that went no further.', width: 12, chart: { kind: 'number', measure: BLOCKED } },
          {
            title: 'Agents concerned',
            says: 'Agents with at least one threat.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Agents', operation: 'unique_count', field: 'agent_id' } },
          },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Threats over time by severity',
            says: 'When did it begin, and how bad did it get?',
            width: 48,
            chart: { kind: 'timeline', split: 'severity' },
          },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Top threat types',
            says: 'What attacks us, by what was done about it.',
            width: 24,
            chart: { kind: 'bars', of: 'threat_type', split: 'action_taken', size: 10 },
          },
          { title: 'Actions taken', says: 'What was done.', width: 12, chart: { kind: 'donut', of: 'action_taken' } },
          { title: 'Detection methods', says: 'Which layer found it.', width: 12, chart: { kind: 'donut', of: 'detection_method' } },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Top agents',
            says: 'Whom do we talk to first?',
            width: 24,
            chart: {
              kind: 'table',
              of: 'agent_id',
              size: 10,
              measures: [ALL, BLOCKED, { label: 'Highest risk', operation: 'max', field: 'risk_score' }],
            },
          },
          {
            title: 'Top users',
            says: 'Users behind the agents, where they are known.',
            width: 24,
            chart: {
              kind: 'table',
              of: 'user_id',
              size: 10,
              measures: [ALL, BLOCKED, { label: 'Highest risk', operation: 'max', field: 'risk_score' }],
            },
          },
        ],
      },
      {
        height: 18,
        panels: [
          {
            title: 'Newest critical and high threats',
            says: 'With what was said, personal data masked.',
            width: 48,
            chart: {
              kind: 'documents',
              where: SERIOUS,
              columns: ['severity', 'threat_type', 'agent_id', 'user_id', 'action_taken', 'detection_method', 'prompt'],
            },
          },
        ],
      },
    ],
  },
  {
    view: 'audit',
    title: 'Parapet: audit',
    says: 'Who did what to the system, or read from it.',
    choices: ['org', 'actor', 'action'],
    rows: [
      {
        height: 6,
        panels: [
          {
            title: 'Events',
            says: 'Things done.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Events', operation: 'count' } },
          },
          {
            title: 'Failed',
            says: 'Tried without success.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Failed', operation: 'count', where: 'outcome: failure' } },
          },
          {
            title: 'Clear text read',
            says: 'Times that somebody opened sealed content.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Clear text read', operation: 'count', where: 'action: content.read' } },
          },
          {
            title: 'Actors',
            says: 'Persons, agents and gateways.',
            width: 12,
            chart: { kind: 'number', measure: { label: 'Actors', operation: 'unique_count', field: 'actor' } },
          },
        ],
      },
      {
        height: 12,
        panels: [
          { title: 'Events over time by action', says: 'What was done when.', width: 48, chart: { kind: 'timeline', split: 'action' } },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Who did what',
            says: 'Actors by what they did.',
            width: 24,
            chart: { kind: 'bars', of: 'actor', split: 'action', size: 10 },
          },
          {
            title: 'Actors',
            says: 'And how often it failed.',
            width: 24,
            chart: {
              kind: 'table',
              of: 'actor',
              size: 20,
              measures: [
                { label: 'Events', operation: 'count' },
                { label: 'Failed', operation: 'count', where: 'outcome: failure' },
                { label: 'Clear text read', operation: 'count', where: 'action: content.read' },
              ],
            },
          },
        ],
      },
      {
        height: 18,
        panels: [
          {
            title: 'Newest reads of clear text and failures',
            says: 'With the reason that was given.',
            width: 48,
            chart: {
              kind: 'documents',
              where: 'action: content.read or outcome: failure',
              columns: ['actor', 'action', 'target', 'outcome', 'details'],
            },
          },
        ],
      },
    ],
  },
  {
    view: 'verdicts',
    title: 'Parapet: verdicts',
    says: 'What analysts say of threats; the time is that of the threat.',
    choices: ['org', 'rule_id', 'actor', 'verdict'],
    rows: [
      {
        height: 6,
        panels: [
          {
            title: 'False alarms',
            says: 'Threats that were none.',
            width: 24,
            chart: { kind: 'number', measure: { label: 'False alarms', operation: 'count', where: 'verdict: false_positive' } },
          },
          {
            title: 'Missed',
            says: 'Interactions in which an attack was missed.',
            width: 24,
            chart: { kind: 'number', measure: { label: 'Missed', operation: 'count', where: 'verdict: missed' } },
          },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Verdicts by rule',
            says: 'Which rules were right, and which wrong.',
            width: 48,
            chart: { kind: 'bars', of: 'rule_id', split: 'verdict', size: 20 },
          },
        ],
      },
    ],
  },
  {
    view: 'incidents',
    title: 'Parapet: incidents',
    says: 'Threats that belong together, as they stand; the time is that of the first of them.',
    choices: ['org', 'severity', 'agent_id', 'status'],
    rows: [
      {
        height: 6,
        panels: [
          {
            title: 'Open',
            says: 'Not over, and nothing done about the agent.',
            width: 16,
            chart: { kind: 'number', measure: { label: 'Open', operation: 'count', where: 'status: open' } },
          },
          {
            title: 'Contained',
            says: 'Not over, and the agent in quarantine.',
            width: 16,
            chart: { kind: 'number', measure: { label: 'Contained', operation: 'count', where: 'status: contained' } },
          },
          {
            title: 'Agents concerned',
            says: 'Agents with at least one incident.',
            width: 16,
            chart: { kind: 'number', measure: { label: 'Agents', operation: 'unique_count', field: 'agent_id' } },
          },
        ],
      },
      {
        height: 12,
        panels: [
          {
            title: 'Incidents over time by severity',
            says: 'When did they begin?',
            width: 24,
            chart: { kind: 'timeline', split: 'severity' },
          },
          {
            title: 'Incidents by threat type',
            says: 'What they are, and whether they are over.',
            width: 24,
            chart: { kind: 'bars', of: 'threat_type', split: 'status', size: 10 },
          },
        ],
      },
      {
        height: 18,
        panels: [
          {
            title: 'Newest incidents that are not over',
            says: 'One that has been quiet for an hour is over, also while its agent sends nothing more.',
            width: 48,
            chart: {
              kind: 'documents',
              where: 'status: (open or contained)',
              columns: ['severity', 'status', 'title', 'threats', 'blocked', 'trust_score', 'last_seen_at', 'containment'],
            },
          },
        ],
      },
    ],
  },
];
