/** Further members of the consumer groups, beside those of `parapet up`: a processor or the sinks of a store in one more process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESSOR_NAMES, type ProcessorName, type StoreName, sinksOf } from '../../cli/views.ts';

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname;
const STOP_MS = 60_000;

const KINDS = {
  processors: ['process', ...(PROCESSOR_NAMES as readonly ProcessorName[])],
  clickhouse: ['sink', ...sinksOf('clickhouse')],
  lake: ['sink', ...sinksOf('s3')],
  elasticsearch: ['sink', ...sinksOf('elasticsearch')],
  influxdb: ['sink', ...sinksOf('influxdb' satisfies StoreName)],
} as const;

export type MemberKind = keyof typeof KINDS;
export const MEMBER_KINDS = Object.keys(KINDS) as MemberKind[];

export interface Members {
  /** Comes, works for so long, and then drains and leaves, or is killed. */
  visit(kind: MemberKind, ms: number, abruptly: boolean): Promise<void>;
  /** Ends those that are still there. */
  close(): void;
}

export function createMembers(environment: NodeJS.ProcessEnv): Members {
  const running = new Set<ChildProcess>();
  return {
    async visit(kind, ms, abruptly) {
      const env = { ...environment, PARAPET_METRICS_PORT: '0' };
      const child = spawn(process.execPath, [MAIN, ...KINDS[kind]], { env, stdio: ['ignore', 'ignore', 'inherit'] });
      running.add(child);
      const ended = once(child, 'exit');
      await Promise.race([sleep(ms), ended]);
      child.kill(abruptly ? 'SIGKILL' : 'SIGTERM');
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        throw new Error(`a member of ${kind} did not leave within ${STOP_MS} ms of SIGTERM`);
      }
      running.delete(child);
    },
    close() {
      for (const child of running) child.kill('SIGKILL');
    },
  };
}
