/**
 * How far an agent is trusted, from 0 to 100. One whose interactions are never found fault with stays at 100.
 *
 *   an interaction costs   weight(severity) × (0.5 + risk / 200) × (0.25 if it was blocked, else 1)
 *   and comes back with    2 points an hour, by the events' own clock
 *
 * The weights are 1 (low), 4 (medium), 12 (high) and 20 (critical). An interaction costs as much as the dearest of its threats,
 * once, however many rules it fired: so four critical ones that got through, or some sixteen that were blocked, bring an agent
 * from 100 to below 25. What was blocked counts less, because it did nothing; it counts, because somebody tries. What a
 * quarantine refused costs nothing (`index.ts`).
 */
import type { Threat } from '../../schemas/types.ts';

export const FULL_TRUST = 100;
export const RECOVERY_PER_HOUR = 2;
const HOUR_MICROS = 3_600_000_000;
const WEIGHT: Record<string, number> = { low: 1, medium: 4, high: 12, critical: 20 };
const BLOCKED = 0.25;

export interface Trust {
  score: number;
  /** Microseconds since 1970; of the newest event that it reflects. */
  at: number;
}

export function costOf({ severity, riskScore, actionTaken }: Pick<Threat, 'severity' | 'riskScore' | 'actionTaken'>): number {
  const risk = Math.min(100, Math.max(0, riskScore));
  return (WEIGHT[severity] ?? 1) * (0.5 + risk / 200) * (actionTaken === 'blocked' ? BLOCKED : 1);
}

/** As it stands at this time. What comes late finds nothing recovered. */
export function recovered({ score, at }: Trust, time: number): Trust {
  if (time <= at) return { score, at };
  return { score: Math.min(FULL_TRUST, score + ((time - at) / HOUR_MICROS) * RECOVERY_PER_HOUR), at: time };
}

export function lowered({ score, at }: Trust, cost: number): Trust {
  return { score: Math.max(0, score - cost), at };
}
