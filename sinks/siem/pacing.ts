/**
 * When an endpoint may be asked again: after a failure not before a growing, jittered pause, and not before its
 * `Retry-After`. The subtle point: a wait longer than the patience is thrown, not slept, because a sink that sleeps through
 * an hour cannot be stopped; nothing is sent until the time has come, however often the runner tries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';

/** Time as the sinks see it; a test gives its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** From 0 to under 1. */
  random(): number;
}

export const REAL_CLOCK: Clock = { now: () => Date.now(), sleep: (ms) => sleep(ms), random: () => Math.random() };

export interface PacingOptions {
  clock: Clock;
  /** Of the first pause; each further one is twice as long. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** Longer waits are thrown as PARAPET_STORE_UNAVAILABLE. */
  patienceMs: number;
}

export const PACING: Omit<PacingOptions, 'clock'> = { firstPauseMs: 500, longestPauseMs: 300_000, patienceMs: 5_000 };
/** However long a Retry-After is: an endpoint's slip must not stop its events for a year. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export interface Pacing {
  /** Resolves when a request may be made, with the time. Throws PARAPET_STORE_UNAVAILABLE when that is too far off. */
  ready(what: string): Promise<number>;
  /** `startedAt`, from `ready`: several requests that fail together count as one failure. */
  failed(startedAt: number, retryAfter?: string): void;
  succeeded(): void;
}

export function createPacing({ clock, firstPauseMs, longestPauseMs, patienceMs }: PacingOptions): Pacing {
  let failures = 0;
  let lastFailure = Number.NEGATIVE_INFINITY;
  let notBefore = 0;
  return {
    async ready(what) {
      for (;;) {
        const wait = notBefore - clock.now();
        if (wait <= 0) return clock.now();
        if (wait > patienceMs) {
          const retryAfterSeconds = Math.ceil(wait / 1_000);
          throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
            message: `${what}: it failed, and is asked again in ${retryAfterSeconds} s.`,
            retryAfterSeconds,
          });
        }
        await clock.sleep(wait);
      }
    },
    failed(startedAt, retryAfter) {
      const now = clock.now();
      if (startedAt > lastFailure || failures === 0) failures += 1;
      lastFailure = now;
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 30));
      const jittered = pause / 2 + (clock.random() * pause) / 2;
      notBefore = Math.max(notBefore, now + Math.max(jittered, retryAfterMs(retryAfter, now)));
    },
    succeeded() {
      failures = 0;
    },
  };
}

/** Seconds or an HTTP date; 0 for what is neither. */
function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? 0 : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms));
}
