/**
 * What it takes to build a view anew beside the one in use: sinks that write beside, and, when all is written, the comparison
 * and the exchange.
 */
import type { TopicId } from '../../log/topics.ts';
import type { Sink } from '../../sinks/port.ts';

/** Event times in milliseconds since 1970, [from, to). */
export interface Window {
  from: number;
  to: number;
}

export interface Differences {
  /** Rows of the rebuilt view that the old one lacked or had otherwise. */
  missing: number;
  /** Rows of the old view that the rebuilt one does not have. */
  extra: number;
}

export interface RebuildPart {
  /** The consumer group of the view in use, whose commits say what is in it. */
  group: string;
  topic: TopicId;
  /** Writes beside the view in use. */
  sink: Sink;
}

export interface Rebuild {
  /** One for each topic that the view is made from. */
  parts: RebuildPart[];
  /** Rows beside, as written by the sinks, of events at or after `since` (milliseconds since 1970; 0: all). */
  rows(since: number): Promise<number>;
  /** The first full hour that the store surely keeps; undefined, or absent, where it forgets nothing. */
  keptSince?(): Promise<number | undefined>;
  /**
   * Rows of the view in use whose events are in [since, before), in milliseconds since 1970: what a source that begins at `before`
   * has forgotten. A store that cannot tell by time says how many more it has counted than what was rebuilt.
   */
  forgotten(since: number, before: number): Promise<number>;
  /** Where the view in use stands by its own account, for stores that count and so keep one. */
  positions?(group: string): Promise<{ partition: number; offset: number }[]>;
  /** Takes over what the view in use holds outside of the window; absent for stores that rebuild whole views only. */
  keepOutside?(window: Window): Promise<void>;
  compare(since: number): Promise<Differences>;
  /** Puts the rebuilt view in the place of the one in use. */
  swap(): Promise<void>;
  /** Ends a swap that a kill may have cut in two; absent where it is one step. */
  finishSwap?(): Promise<void>;
  drop(): Promise<void>;
}

/** Of two lists of ids in which one may be there twice. */
export function differences(fresh: readonly string[], old: readonly string[]): Differences {
  const balance = new Map<string, number>();
  for (const id of fresh) balance.set(id, (balance.get(id) ?? 0) + 1);
  for (const id of old) balance.set(id, (balance.get(id) ?? 0) - 1);
  const found: Differences = { missing: 0, extra: 0 };
  for (const count of balance.values()) {
    if (count > 0) found.missing += count;
    else found.extra -= count;
  }
  return found;
}
