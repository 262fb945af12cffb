/**
 * What a syslog server took last, to be sent once more after a failure. A server that has read a batch may still have it only
 * in its memory; when it dies, nobody is told. But the next connection to it fails, and that is the moment to doubt what came
 * shortly before. Kept in the process only, and bounded.
 */
export interface Recent {
  /** What goes before the next batch: nothing, unless there was a failure since the last success. */
  doubted(): Buffer[];
  /** The server took `payload`, and what `doubted` had given. */
  took(payload: Buffer): void;
  failed(): void;
}

/** `windowMs` before the last batch taken; `now` in milliseconds of a clock that never goes back. */
export function createRecent(windowMs: number, maxBytes: number, now: () => number = () => performance.now()): Recent {
  let kept: { at: number; payload: Buffer }[] = [];
  let bytes = 0;
  let doubting = false;
  return {
    doubted: () => (doubting ? kept.map(({ payload }) => payload) : []),
    took(payload) {
      const at = now();
      // What was doubted has just been taken again.
      if (doubting) kept = kept.map((each) => ({ ...each, at }));
      doubting = false;
      if (windowMs <= 0) return;
      kept.push({ at, payload });
      bytes += payload.length;
      // By the time of the last success, not by now: a server that died in a pause is only found out after it.
      while (kept.length > 0 && ((kept[0]?.at ?? 0) < at - windowMs || bytes > maxBytes)) bytes -= kept.shift()?.payload.length ?? 0;
    },
    failed() {
      doubting = true;
    },
  };
}
