/**
 * One replay, as `parapet replay` runs it, for the replay bench. Sends its result and the CPU time that it took, then ends.
 *
 * Arguments: the view.
 */
import type { ReplayResult } from '../cli/replay.ts';
import { replay } from '../cli/replays.ts';
import { readEnvironment } from '../core/environment.ts';

export interface Replayed {
  result: ReplayResult;
  cpuMs: number;
}

process.send?.({ url: '' });
const cpuBefore = process.cpuUsage();
const result = await replay(readEnvironment(), { view: process.argv[2] as string, source: 'log' }, () => {});
const { user, system } = process.cpuUsage(cpuBefore);
const replayed: Replayed = { result, cpuMs: (user + system) / 1_000 };
process.send?.(replayed);
process.disconnect();
