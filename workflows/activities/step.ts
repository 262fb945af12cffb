/**
 * How every activity runs: it gives signs of life, ends when it is cancelled, and fails with the code of its error. One subtle point:
 * an attempt that the server gave up on may still be at work in this process; the next one joins it instead of doing the same twice.
 */
import { Context } from '@temporalio/activity';
import { asFailure } from './failures.ts';

export type Step = <T>(key: string, act: () => Promise<T>) => Promise<T>;

const HEARTBEAT_MS = 60_000;

export function createSteps(): Step {
  const running = new Map<string, Promise<unknown>>();

  function begin<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = running.get(key);
    if (before !== undefined) return before as Promise<T>;
    const work = act().finally(() => running.delete(key));
    running.set(key, work);
    return work;
  }

  return async (key, act) => {
    const context = Context.current();
    const { attempt, heartbeatTimeoutMs = HEARTBEAT_MS } = context.info;
    const beat = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / 4);
    try {
      return await Promise.race([begin(key, act), context.cancelled]);
    } catch (error) {
      throw asFailure(error, attempt);
    } finally {
      clearInterval(beat);
    }
  };
}
