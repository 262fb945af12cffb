/** When reports come by themselves: at two in the morning, UTC, of the first day after their period. What came late is mostly there by then. */
import type { PeriodKind } from '../compliance/assembly/index.ts';

export const HOUR = 2;

/** The newest time at which a kind was due, at or before `now`. */
export function lastDue(kind: PeriodKind, now: Date): Date {
  const [y, m, d] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const [newest, before] = {
    day: [at(y, m, d), at(y, m, d - 1)],
    month: [at(y, m, 1), at(y, m - 1, 1)],
    quarter: [at(y, 3 * Math.floor(m / 3), 1), at(y, 3 * Math.floor(m / 3) - 3, 1)],
    year: [at(y, 0, 1), at(y - 1, 0, 1)],
  }[kind] as [Date, Date];
  return newest <= now ? newest : before;
}

/** Every time at which it was due after `since` and until `now`, oldest first, at most `most` of them: the newest. */
export function dueBetween(kind: PeriodKind, since: Date, now: Date, most = 400): Date[] {
  const times: Date[] = [];
  for (let due = lastDue(kind, now); due > since && times.length < most; due = lastDue(kind, new Date(due.getTime() - 1))) times.push(due);
  return times.reverse();
}

const at = (year: number, month: number, day: number) => new Date(Date.UTC(year, month, day, HOUR));
