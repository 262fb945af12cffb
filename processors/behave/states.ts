/**
 * The states of one partition, as this process holds them: all of them packed, the busiest also as what they mean. Each is
 * written once for a batch, whatever happened to it. What nobody has touched for long, by the events' own time, is begun anew
 * when it comes again, and leaves some time after: so memory follows who is active, not who ever was, and the findings do
 * not depend on when it was swept.
 */
import { createState, decodeState, encodeState, pack, type Scope, type State, seenAtOf, unpack } from '../../detection/behaviour/index.ts';
import { keyBeside, nameBeside } from '../../log/keys.ts';
import type { StoredRecord } from '../../log/port.ts';
import { STATE_DAYS } from '../../log/topics.ts';

const DAY_MS = 86_400_000;
/** Conversations are many, and few go on after days. */
const LIFE_MS: Record<Scope, number> = { user: STATE_DAYS * DAY_MS, agent: STATE_DAYS * DAY_MS, conversation: 2 * DAY_MS };
/** An event that comes later than this after a newer one may find its state swept. */
const LATE_MS = DAY_MS;
/** A decoded state is some ten times its packed bytes. More than those of one event. */
const DECODED = 600;
const GONE = Buffer.alloc(0);
const FRESH: Record<Scope, Uint8Array> = {
  user: encodeState(createState('user')),
  agent: encodeState(createState('agent')),
  conversation: encodeState(createState('conversation')),
};

export interface Held {
  readonly key: string;
  readonly scope: Scope;
  /** Of the newest event that it counted; milliseconds since 1970. */
  at: number;
  /** Packed, as of when it was last put away; empty before. */
  bytes: Buffer;
  /** Undefined while it is put away. */
  state: State | undefined;
}

export interface PartitionStates {
  restore(record: Pick<StoredRecord, 'key' | 'value'>): void;
  /** The state of `name` beside the event's key, decoded; a new one when there is none, or an event of `at` comes too late for it. */
  take(key: string, scope: Scope, name: string, at: number): Held;
  /** It has counted an event of `at`. */
  keep(held: Held, at: number): void;
  /** Takes back every user that this says so of. */
  forget(which: (name: string, at: number) => boolean): void;
  /** What is to be written; an empty value takes a key back. `now` in milliseconds since 1970. */
  changes(now: number): { key: string; bytes: Buffer }[];
}

export function createStates({ decoded = DECODED }: { decoded?: number } = {}): PartitionStates {
  /** Least recently touched first. */
  const kept: Record<Scope, Map<string, Held>> = { user: new Map(), agent: new Map(), conversation: new Map() };
  /** With a decoded state, least recently used first. */
  const inUse = new Set<Held>();
  const changed = new Set<Held>();
  const gone = new Set<string>();
  let newest = Number.NEGATIVE_INFINITY;

  /** States that were put away, to be filled anew. */
  const free: Record<Scope, State[]> = { user: [], agent: [], conversation: [] };

  function putAway(held: Held): void {
    const state = held.state as State;
    if (changed.has(held)) held.bytes = pack(encodeState(state));
    held.state = undefined;
    inUse.delete(held);
    free[held.scope].push(state);
  }

  /** Puts away the least recently used until there is room for one more. */
  function makeRoom(): void {
    for (const held of inUse) {
      if (inUse.size < decoded) break;
      putAway(held);
    }
  }

  /** A state of another format begins anew. */
  function open(scope: Scope, bytes: Uint8Array): State {
    return decodeState(bytes, free[scope].pop()) ?? createState(scope);
  }

  function drop(held: Held): void {
    kept[held.scope].delete(held.key);
    inUse.delete(held);
    changed.delete(held);
    gone.add(held.key);
  }

  return {
    restore({ key, value }) {
      const scope = scopeOf(key);
      kept[scope].delete(key);
      if (value.length === 0) return;
      const held: Held = { key, scope, at: seenAtOf(unpack(value)), bytes: copyOf(value), state: undefined };
      kept[scope].set(key, held);
      newest = Math.max(newest, held.at);
    },

    take(eventKey, scope, name, at) {
      const key = keyBeside(eventKey, `${scope}/${name}`);
      const known = kept[scope].get(key);
      if (known === undefined || at - known.at > LIFE_MS[scope]) {
        return { key, scope, at, bytes: GONE, state: open(scope, FRESH[scope]) };
      }
      if (known.state === undefined) {
        makeRoom();
        known.state = open(scope, unpack(known.bytes));
      }
      inUse.delete(known);
      inUse.add(known);
      return known;
    },

    keep(held, at) {
      held.at = Math.max(held.at, at);
      newest = Math.max(newest, at);
      const known = kept[held.scope];
      if (known.get(held.key) !== held) {
        const before = known.get(held.key);
        if (before) drop(before);
        gone.delete(held.key);
        makeRoom();
        inUse.add(held);
      }
      if (changed.has(held)) return;
      changed.add(held);
      known.delete(held.key);
      known.set(held.key, held);
    },

    forget(which) {
      for (const held of [...kept.user.values()]) if (which(held.key.slice(held.key.lastIndexOf('/') + 1), held.at)) drop(held);
    },

    changes(now) {
      const written: { key: string; bytes: Buffer }[] = [];
      for (const held of changed) {
        if (held.state) held.bytes = pack(encodeState(held.state));
        written.push({ key: held.key, bytes: held.bytes });
      }
      changed.clear();
      // A clock that is ahead must not sweep away what is in use.
      const time = Math.min(newest, now);
      for (const scope of SCOPES) {
        for (const held of kept[scope].values()) {
          if (time - held.at <= LIFE_MS[scope] + LATE_MS) break;
          drop(held);
        }
      }
      for (const key of gone) written.push({ key, bytes: GONE });
      gone.clear();
      return written;
    },
  };
}

/** What a log gives is a window on much more. */
function copyOf(value: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}

const SCOPES = ['user', 'agent', 'conversation'] as const;

function scopeOf(key: string): Scope {
  const name = nameBeside(key);
  return name.slice(0, name.indexOf('/')) as Scope;
}
