/**
 * The agents of one partition. A state stays packed until its agent comes again, and is written once for a batch. An agent that
 * no threat has named for long, by the events' own time, is begun anew: by then its trust is whole and its incidents are over.
 */
import type { StoredRecord } from '../../log/port.ts';
import { STATE_DAYS } from '../../log/topics.ts';
import { type AgentState, createAgentState, decodeAgentState, encodeAgentState } from './state.ts';

const DAY_MICROS = 86_400_000_000;
const LIFE_MICROS = STATE_DAYS * DAY_MICROS;
/** An event that comes later than this after a newer one may find its state swept. */
const LATE_MICROS = DAY_MICROS;
/** Agents whose states are kept open, the last to have been named. */
const OPEN = 1_000;

interface Held {
  newest: number;
  /** As of when it was last written or put away. */
  bytes: Buffer;
  state: AgentState | undefined;
}

export interface AgentStates {
  restore(record: Pick<StoredRecord, 'key' | 'value'>): void;
  /** The state of the agent with this key; what is done to it is kept when `keep` is called. */
  take(key: string, at: number): AgentState;
  keep(key: string, state: AgentState): void;
  /** What is to be written; an empty value takes a key back. `now` in microseconds since 1970. */
  changes(now: number): { key: string; bytes: Buffer }[];
}

export function createAgentStates({ open = OPEN }: { open?: number } = {}): AgentStates {
  /** Least recently named first. */
  const agents = new Map<string, Held>();
  const inUse = new Map<string, Held>();
  const changed = new Set<string>();
  let newest = Number.NEGATIVE_INFINITY;

  /** Nothing that has yet to be written is put away. */
  function makeRoom(): void {
    for (const [key, held] of inUse) {
      if (inUse.size <= open) return;
      if (changed.has(key)) continue;
      held.state = undefined;
      inUse.delete(key);
    }
  }

  return {
    restore({ key, value }) {
      agents.delete(key);
      if (value.length === 0) return;
      // What a log gives is a window on much more.
      const bytes = Buffer.from(value);
      const held: Held = { newest: decodeAgentState(bytes).newest, bytes, state: undefined };
      agents.set(key, held);
      newest = Math.max(newest, held.newest);
    },

    take(key, at) {
      const held = agents.get(key);
      if (held === undefined || at - held.newest > LIFE_MICROS) return createAgentState();
      return held.state ?? decodeAgentState(held.bytes);
    },

    keep(key, state) {
      const held = agents.get(key) ?? { newest: 0, bytes: NONE, state };
      held.state = state;
      held.newest = state.newest;
      newest = Math.max(newest, state.newest);
      for (const map of [agents, inUse]) {
        map.delete(key);
        map.set(key, held);
      }
      changed.add(key);
    },

    changes(now) {
      const written = [...changed].map((key) => {
        const held = agents.get(key) as Held;
        held.bytes = encodeAgentState(held.state as AgentState);
        return { key, bytes: held.bytes };
      });
      changed.clear();
      makeRoom();
      // A clock that is ahead must not sweep away what is in use.
      const time = Math.min(newest, now);
      for (const [key, held] of agents) {
        if (time - held.newest <= LIFE_MICROS + LATE_MICROS) break;
        agents.delete(key);
        inUse.delete(key);
        written.push({ key, bytes: NONE });
      }
      return written;
    },
  };
}

const NONE = Buffer.alloc(0);
