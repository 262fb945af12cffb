/**
 * Wakes readers when something was appended, by this process or another one. LMDB has no notification across processes,
 * so one timer for the whole process looks at the count of appends, often while there is traffic and seldom while there
 * is none: idle processes stay idle.
 */

/** How often it looks, by how long ago something was appended: each look of a sleeping process costs a hundred times its work. */
const PACES = [
  { withinMs: 200, everyMs: 2 },
  { withinMs: 10_000, everyMs: 20 },
  { withinMs: Number.POSITIVE_INFINITY, everyMs: 250 },
] as const;

export interface Waker {
  /** Resolves true at the next append, false after `waitMs` or when the signal aborts. */
  wait(waitMs: number, signal: AbortSignal): Promise<boolean>;
  /** This process has appended. */
  wake(): void;
  close(): void;
}

export function createWaker(appends: () => number): Waker {
  const waiting = new Set<() => void>();
  let seen = appends();
  let changedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    timer = undefined;
    const now = performance.now();
    const last = appends();
    if (last !== seen) {
      seen = last;
      changedAt = now;
      wake();
    }
    if (waiting.size > 0) schedule(now);
  }

  function schedule(now: number): void {
    const pace = PACES.find(({ withinMs }) => now - changedAt < withinMs);
    timer ??= setTimeout(look, pace?.everyMs);
  }

  function wake(): void {
    const all = [...waiting];
    waiting.clear();
    for (const each of all) each();
  }

  return {
    wait(waitMs, signal) {
      if (signal.aborted || waitMs <= 0) return Promise.resolve(false);
      return new Promise((resolve) => {
        const finish = (woken: boolean) => {
          clearTimeout(late);
          signal.removeEventListener('abort', aborted);
          waiting.delete(found);
          resolve(woken);
        };
        const found = () => finish(true);
        const aborted = () => finish(false);
        const late = setTimeout(() => finish(false), waitMs);
        signal.addEventListener('abort', aborted, { once: true });
        waiting.add(found);
        schedule(performance.now());
      });
    },
    wake,
    close() {
      clearTimeout(timer);
    },
  };
}
