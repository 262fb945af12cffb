/**
 * The stream process, or a part of it, as `parapet stream` runs it, for the pipeline bench. Tells the parent its memory,
 * and the time and CPU time since it began to read, whenever it is asked.
 *
 * Arguments: processors and sinks, each a comma-separated list.
 */
import { readFileSync } from 'node:fs';
import { startStream } from '../cli/stream.ts';
import type { ProcessorName, SinkName } from '../cli/views.ts';
import { readEnvironment } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';

const [processors, sinks] = process.argv.slice(2, 4).map((names) => names.split(',').filter((name) => name !== '')) as [
  ProcessorName[],
  SinkName[],
];
const stream = await startStream(readEnvironment(), createLogger('stream', 'warn'), { processors, sinks });
const started = performance.now();
const cpuBefore = process.cpuUsage();
process.send?.({ url: stream.frontUrl ?? '' });
process.on('message', () => {
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send?.({ ...memory(), elapsedMs: performance.now() - started, cpuMs: (user + system) / 1_000 });
});
process.once('SIGTERM', () => void stream.stop().then(() => process.exit(0)));

/** All resident memory, and of it what is the process's own: the rest are pages of mapped files, which the kernel takes back at need. */
function memory(): { rssMiB: number; ownMiB: number } {
  const rssMiB = process.memoryUsage.rss() / 2 ** 20;
  if (process.platform !== 'linux') return { rssMiB, ownMiB: rssMiB };
  const anonymous = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return { rssMiB, ownMiB: anonymous === undefined ? rssMiB : Number(anonymous) / 1_024 };
}
