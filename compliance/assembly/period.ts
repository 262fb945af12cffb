/** Periods of reports: a day, a month, a quarter or a year, in UTC. */
import { ParapetError } from '../../core/errors.ts';
import type { Window } from '../types.ts';

export type PeriodKind = 'day' | 'month' | 'quarter' | 'year';

/** `2026-11-21`, `2026-10`, `2026-Q3` or `2026`, as a half-open window. Throws PARAPET_PERIOD_INVALID. */
export function windowOf(period: string): Window {
  const [, year, quarter, month, day] = /^(\d{4})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?$/.exec(period) ?? [];
  if (year === undefined) throw invalid(period);
  const y = Number(year);
  if (quarter !== undefined) return between(y, 3 * (Number(quarter) - 1), 1, y, 3 * Number(quarter), 1);
  if (month === undefined) return between(y, 0, 1, y + 1, 0, 1);
  const m = Number(month) - 1;
  const first = new Date(Date.UTC(y, m, day === undefined ? 1 : Number(day)));
  // A month 13 or a 31st of June would only be another day.
  if (first.getUTCMonth() !== m || (day !== undefined && first.getUTCDate() !== Number(day))) throw invalid(period);
  return day === undefined ? between(y, m, 1, y, m + 1, 1) : between(y, m, Number(day), y, m, Number(day) + 1);
}

/** The newest period of a kind that is over at a time. */
export function lastPeriod(kind: PeriodKind, now: Date): string {
  const [y, m, d] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const day = (date: Date) => date.toISOString().slice(0, 10);
  switch (kind) {
    case 'day':
      return day(new Date(Date.UTC(y, m, d - 1)));
    case 'month':
      return day(new Date(Date.UTC(y, m - 1, 1))).slice(0, 7);
    case 'quarter':
      return m < 3 ? `${y - 1}-Q4` : `${y}-Q${Math.floor(m / 3)}`;
    case 'year':
      return String(y - 1);
  }
}

function between(y1: number, m1: number, d1: number, y2: number, m2: number, d2: number): Window {
  return { from: new Date(Date.UTC(y1, m1, d1)).toISOString(), to: new Date(Date.UTC(y2, m2, d2)).toISOString() };
}

const invalid = (period: string) => new ParapetError('PARAPET_PERIOD_INVALID', { message: `"${period}" is no period.` });
