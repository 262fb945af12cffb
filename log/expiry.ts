/**
 * Which records are old enough to leave a log. The subtle point: a record whose time is still to come is of a clock that went
 * wrong, and by its own time would hold all behind it for as long. So it leaves with the first old record behind it.
 */
import { DAY_MS } from '../core/retention.ts';

/** `old`: before `before`; `early`: of a time that cannot have come yet. */
export function ageOf(timestamp: number, before: number): 'old' | 'kept' | 'early' {
  if (timestamp < before) return 'old';
  return timestamp > Math.max(before, Date.now()) + DAY_MS ? 'early' : 'kept';
}
