/**
 * What every store says about how long it keeps things: what applying the table changed, and what it holds. The same two
 * questions for each, so that a report over all of them reads as one.
 */
import type { RetentionClass } from '../core/retention.ts';

/** Something that applying changed. */
export interface Applied {
  /** Table, index, bucket, topic or folder. */
  what: string;
  did: string;
  /** Rows, documents, files or records that are gone by it; 0 where only a rule was set. */
  removed: number;
}

export interface Holding {
  what: string;
  class: RetentionClass;
  /** What the table asks for there. */
  wanted: string;
  /** What is set there, as the store says. */
  configured: string;
  /** Milliseconds since 1970 of the oldest and the newest event; undefined where there is none, or the store cannot say. */
  oldestMs?: number | undefined;
  newestMs?: number | undefined;
  rows?: number | undefined;
  bytes?: number | undefined;
  /** `overdue`: holds events that are older than allowed, beyond what the store can do in one piece. `differs`: set otherwise. */
  verdict: 'ok' | 'overdue' | 'differs';
  /** Why it is not ok, and what to do. */
  says?: string | undefined;
}

/** `differs` goes before `overdue`: what is set wrongly is why it is late. */
export function verdictOf(as: {
  wanted: string;
  configured: string;
  oldestMs?: number | undefined;
  allowedMs: number;
}): Holding['verdict'] {
  if (as.configured !== as.wanted) return 'differs';
  return as.oldestMs !== undefined && as.oldestMs < as.allowedMs ? 'overdue' : 'ok';
}

/** The first millisecond of the month (UTC) that `ms` lies in. */
export function startOfMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}
