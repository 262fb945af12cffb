/**
 * The books of log and lake over what `reconcile-fill.ts` made, in a process of its own so that its resident memory is theirs. Sends what
 * it took and what it found.
 *
 * Argument: how many numbers the gateway gave.
 */

import { tallyLog } from '../cli/reconcile.ts';
import { openCodec, openLake, openLog } from '../cli/stores.ts';
import { readEnvironment } from '../core/environment.ts';
import { tallyLake } from '../sinks/s3/index.ts';
import type { Tally } from '../sinks/tally.ts';
import { anonymousMb, peakMb } from './processes.ts';

export interface ReconcileRun {
  logSeconds: number;
  lakeSeconds: number;
  /** The most that was resident, and of it what is not a file's pages: the log is mapped into memory, and the kernel takes that back. */
  rssMb: number;
  anonymousMb: number;
  missing: number;
  log: { rows: number; distinct: number };
  lake: { rows: number; distinct: number };
}

process.send?.({ url: '' });
const through = Number(process.argv[2]);
const env = readEnvironment();
const [log, codec, lake] = [await openLog(env), await openCodec(env), openLake(env)];
let anonymous = 0;
const sampling = setInterval(() => {
  anonymous = Math.max(anonymous, anonymousMb());
}, 100);
const horizons = [{ gatewayId: 'gw-1', through, open: [] }];
const [began, inLog] = [performance.now(), await tallyLog(log, codec, horizons)];
const [between, inLake] = [performance.now(), await tallyLake(lake, horizons)];
clearInterval(sampling);
const run: ReconcileRun = {
  logSeconds: (between - began) / 1_000,
  lakeSeconds: (performance.now() - between) / 1_000,
  rssMb: peakMb(),
  anonymousMb: anonymous,
  missing: inLog.gaps[0]?.missing ?? 0,
  log: sumOf(inLog.tallies),
  lake: sumOf(inLake),
};
await lake.close();
await log.close();
process.send?.(run);
process.disconnect();

function sumOf(tallies: readonly Tally[]): ReconcileRun['log'] {
  const sum = (of: 'rows' | 'distinct') => tallies.reduce((total, tally) => total + tally[of], 0);
  return { rows: sum('rows'), distinct: sum('distinct') };
}
