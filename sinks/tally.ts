/** Counting interactions by hour and status, for the books of the log and of the lake. Other stores count for themselves. */
import { IdSet } from '../core/sets.ts';
import type { Horizon } from './port.ts';

export interface Tally {
  /** Start of the hour of `started_at`, ISO 8601, UTC. */
  hour: string;
  status: string;
  rows: number;
  /** Different interactions; less than `rows` means duplicates. */
  distinct: number;
}

/** What is counted of an interaction. */
export interface Counted {
  interactionId: string;
  gatewayId: string;
  gatewaySequence: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  status: string;
}

export interface Counter {
  /** False where it lies beyond its gateway's horizon, and so was not counted. */
  count(interaction: Counted): boolean;
  /** Ordered by hour and status. What is there twice is distinct where it was counted first. */
  tallies(): Tally[];
}

const HOUR_MS = 3_600_000;

export function createCounter(horizons: readonly Horizon[]): Counter {
  const limits = new Map(horizons.map(({ gatewayId, through, open }) => [gatewayId, { through, open: new Set(open) }]));
  const groups = new Map<string, { hour: number; status: string; rows: number; distinct: number }>();
  const ids = new IdSet();
  return {
    count({ interactionId, gatewayId, gatewaySequence, startedAt, status }) {
      const limit = limits.get(gatewayId);
      if (limit && (gatewaySequence > limit.through || limit.open.has(gatewaySequence))) return false;
      const hour = Math.floor(startedAt / HOUR_MS) * HOUR_MS;
      const name = `${hour}/${status}`;
      const group = groups.get(name) ?? { hour, status, rows: 0, distinct: 0 };
      groups.set(name, group);
      group.rows += 1;
      if (ids.add(interactionId)) group.distinct += 1;
      return true;
    },
    tallies: () =>
      [...groups.values()]
        .sort((a, b) => a.hour - b.hour || (a.status < b.status ? -1 : 1))
        .map((group) => ({ ...group, hour: new Date(group.hour).toISOString() })),
  };
}
