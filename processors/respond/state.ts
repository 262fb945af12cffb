/**
 * What is remembered of one agent, and its bytes. Everything that makes two passes over the same threats come to the same is
 * in here, and nothing of what was said. Ids that were counted are kept as six bytes of their hash, the last of them only: a
 * threat that comes again is told by them, and one that comes a day late is not counted at all.
 */
import { hash } from 'node:crypto';
import avro from 'avsc';
import type { Incident } from '../../detection/incidents.ts';
import { FULL_TRUST, type Trust } from './trust.ts';

/** About 500 threats of their interactions. */
const SEEN = 1_024;
const COSTS = 64;
const MARK_BYTES = 6;
/** States of another format begin anew. */
const FORMAT = 1;

/** An incident, and what its record says beside. Times in microseconds since 1970. */
export interface Case extends Pick<Incident, 'id' | 'threatType' | 'severity' | 'firstSeen' | 'lastSeen' | 'resolvedAt'> {
  /** Those of lower severities too, which join an incident and do not keep it open. */
  threats: number;
  blocked: number;
  interactions: number;
  riskScore: number;
  techniques: string[];
  openedBy: string;
  newestThreatId: string;
  newestInteractionId: string;
  newestAt: number;
  closed: boolean;
  /** The end of its agent's quarantine, while nobody lifted it. */
  containedUntil: number | null;
  /** A person lifted a quarantine while it was there: it brings no other about. */
  excused: boolean;
}

/** The last quarantine that was asked for. */
export interface Asked {
  askedAt: number;
  until: number;
}

export interface AgentState {
  /** Of the newest record that it counted. */
  position: number;
  /** Of the newest event. */
  newest: number;
  trust: Trust;
  /** As the log was told last. */
  published: number;
  cases: Case[];
  asked: Asked | null;
  /** What was counted, oldest first. */
  seen: Set<string>;
  /** What each of the last interactions has cost, by its mark. */
  costs: Map<string, number>;
}

export function createAgentState(): AgentState {
  return {
    position: -1,
    newest: 0,
    trust: { score: FULL_TRUST, at: 0 },
    published: FULL_TRUST,
    cases: [],
    asked: null,
    seen: new Set(),
    costs: new Map(),
  };
}

export function markOf(...parts: string[]): string {
  return hash('sha256', parts.join('\n')).slice(0, 2 * MARK_BYTES);
}

/** True when it was not counted yet; from then on it is. */
export function countOnce({ seen }: AgentState, mark: string): boolean {
  if (seen.has(mark)) return false;
  seen.add(mark);
  forgetOldest(seen, SEEN);
  return true;
}

/** What more a threat of this cost takes: an interaction costs as much as its dearest one. */
export function chargeMore({ costs }: AgentState, mark: string, cost: number): number {
  const before = costs.get(mark) ?? 0;
  if (cost <= before) return 0;
  costs.delete(mark);
  costs.set(mark, cost);
  forgetOldest(costs, COSTS);
  return cost - before;
}

function forgetOldest(marks: Set<string> | Map<string, number>, size: number): void {
  for (const oldest of marks.keys()) {
    if (marks.size <= size) return;
    marks.delete(oldest);
  }
}

const TYPE = avro.Type.forSchema({
  type: 'record',
  name: 'AgentState',
  fields: [
    { name: 'position', type: 'long' },
    { name: 'newest', type: 'long' },
    {
      name: 'trust',
      type: {
        type: 'record',
        name: 'Trust',
        fields: [
          { name: 'score', type: 'double' },
          { name: 'at', type: 'long' },
        ],
      },
    },
    { name: 'published', type: 'int' },
    {
      name: 'cases',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Case',
          fields: [
            ...['id', 'threatType', 'severity'].map((name) => ({ name, type: 'string' })),
            ...['firstSeen', 'lastSeen'].map((name) => ({ name, type: 'long' })),
            { name: 'resolvedAt', type: ['null', 'long'] },
            ...['threats', 'blocked', 'interactions', 'riskScore'].map((name) => ({ name, type: 'int' })),
            { name: 'techniques', type: { type: 'array', items: 'string' } },
            ...['openedBy', 'newestThreatId', 'newestInteractionId'].map((name) => ({ name, type: 'string' })),
            { name: 'newestAt', type: 'long' },
            { name: 'closed', type: 'boolean' },
            { name: 'containedUntil', type: ['null', 'long'] },
            { name: 'excused', type: 'boolean' },
          ],
        },
      },
    },
    {
      name: 'asked',
      type: [
        'null',
        {
          type: 'record',
          name: 'Asked',
          fields: ['askedAt', 'until'].map((name) => ({ name, type: 'long' })),
        },
      ],
    },
    { name: 'seen', type: 'bytes' },
    { name: 'costMarks', type: 'bytes' },
    { name: 'costs', type: { type: 'array', items: 'double' } },
  ],
} as avro.Schema);

export function encodeAgentState({ seen, costs, ...rest }: AgentState): Buffer {
  const body = TYPE.toBuffer({ ...rest, seen: bytesOf(seen.keys()), costMarks: bytesOf(costs.keys()), costs: [...costs.values()] });
  return Buffer.concat([Buffer.of(FORMAT), body]);
}

export function decodeAgentState(bytes: Buffer): AgentState {
  if (bytes[0] !== FORMAT) return createAgentState();
  const { seen, costMarks, costs, ...rest } = TYPE.fromBuffer(bytes.subarray(1)) as Stored;
  return {
    position: rest.position,
    newest: rest.newest,
    trust: { ...rest.trust },
    published: rest.published,
    cases: rest.cases.map((each) => ({ ...each })),
    asked: rest.asked === null ? null : { ...rest.asked },
    seen: new Set(marksIn(seen)),
    costs: new Map(marksIn(costMarks).map((mark, i) => [mark, costs[i] as number])),
  };
}

type Stored = Omit<AgentState, 'seen' | 'costs'> & { seen: Buffer; costMarks: Buffer; costs: number[] };

function bytesOf(marks: Iterable<string>): Buffer {
  return Buffer.from([...marks].join(''), 'hex');
}

function marksIn(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return Array.from({ length: bytes.length / MARK_BYTES }, (_, i) => hex.slice(i * 2 * MARK_BYTES, (i + 1) * 2 * MARK_BYTES));
}
