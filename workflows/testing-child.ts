/**
 * A worker that is killed: `node workflows/testing-child.ts BUNDLE [MARKS]`. Before and behind each activity it dies once, by SIGKILL, and
 * leaves a file in MARKS first, so that the next one gets further. Without MARKS it lives.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { startWorkflows } from '../cli/worker.ts';
import { readEnvironment } from '../core/environment.ts';
import { silent } from './testing.ts';

const [bundle, marks] = process.argv.slice(2) as [string, string?];

function dieOnce(at: string): void {
  if (marks === undefined) return;
  const mark = join(marks, at.replaceAll(/[^A-Za-z0-9.-]/g, '_'));
  if (existsSync(mark)) return;
  const file = openSync(mark, 'w');
  fsyncSync(file);
  closeSync(file);
  process.kill(process.pid, 'SIGKILL');
}

await startWorkflows(readEnvironment(), silent, {
  bundle: readFileSync(bundle, 'utf8'),
  interceptors: {
    activity: [
      ({ info }) => ({
        inbound: {
          async execute(input, next) {
            const name = [info.activityType, ...input.args.filter((each) => typeof each === 'string')].join('.');
            dieOnce(`${name}.before`);
            const result = await next(input);
            dieOnce(`${name}.behind`);
            return result;
          },
        } satisfies ActivityInboundCallsInterceptor,
      }),
    ],
  },
});

process.once('SIGTERM', () => process.exit(0));
