/**
 * What the spool can take: 256 interactions at a time, each an intent and an end of 1 KiB, each append durable before its
 * caller goes on, while a worker thread ships into the embedded log as in the gateway. The baseline of the same run is the
 * disk's own: one `write` and one `fdatasync` for each group of the size that the spool committed at once.
 *
 * Options: --seconds 4  --rounds 3  --concurrency 256  --bytes 1024  --json
 */
import { fdatasync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LogRecord } from '../log/port.ts';
import { openSpool, type Spool } from '../log/spool/index.ts';
import { workerShipper } from '../log/spool/ship.ts';
import { TOPICS } from '../log/topics.ts';
import { median, option, quantile, report, versions } from './report.ts';

const seconds = option('seconds', 4);
const rounds = option('rounds', 3);
const concurrency = option('concurrency', 256);
const bytes = option('bytes', 1_024);
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));

const value = Buffer.alloc(bytes, 'evidence ');
const records = Array.from(
  { length: 64 },
  (_, i): LogRecord => ({ topic: TOPICS.interactions.name, key: `bench/agent-${i}`, timestamp: Date.now(), headers: {}, value }),
);

const spool = await openSpool(
  workerShipper(new URL('../log/embedded/shipping-thread.ts', import.meta.url), {
    path: join(folder, 'log'),
    partitions: 4,
    producerId: 'bench',
  }),
  { folder: join(folder, 'spool'), gatewayId: 'bench', maxBytes: 32 * 2 ** 30 },
);

interface Round {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Appends in one group commit, on average. */
  group: number;
}

try {
  await appends(spool, 1);
  await spool.shipped();
  const measured: Round[] = [];
  const disk: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const result = await appends(spool, seconds);
    const { unshipped } = spool.stats();
    const caughtUp = performance.now();
    await spool.shipped();
    const behindMs = performance.now() - caughtUp;
    const baseline = await writeAndSync(Math.round(result.group), seconds / 2);
    measured.push(result);
    disk.push(baseline);
    console.log(
      `round ${round}: ${Math.round(result.perSecond)} appends/s, p50 ${result.p50Ms.toFixed(2)} p99 ${result.p99Ms.toFixed(2)} max ${result.maxMs.toFixed(1)} ms, ${Math.round(result.group)} a group; write+fdatasync alone ${Math.round(baseline)}/s; ${unshipped} unshipped at the end, shipped ${Math.round(behindMs)} ms later`,
    );
  }
  report(
    'spool',
    {
      appends_per_s: median(measured.map((each) => each.perSecond)),
      p50_ms: median(measured.map((each) => each.p50Ms)),
      p99_ms: median(measured.map((each) => each.p99Ms)),
      max_ms: Math.max(...measured.map((each) => each.maxMs)),
      group: median(measured.map((each) => each.group)),
      write_fdatasync_per_s: median(disk),
      ratio_disk: median(measured.map((each, i) => each.perSecond / (disk[i] as number))),
    },
    versions('lmdb'),
  );
} finally {
  await spool.close(0);
  rmSync(folder, { recursive: true, force: true });
}

async function appends(to: Spool, forSeconds: number): Promise<Round> {
  const latencies: number[] = [];
  let groups = 0;
  let resolving = false;
  const started = performance.now();
  const until = started + forSeconds * 1_000;

  async function durable(append: Promise<void>): Promise<void> {
    const from = performance.now();
    await append;
    latencies.push(performance.now() - from);
    // Everything that was committed together resolves in one turn of the event loop.
    if (resolving) return;
    groups += 1;
    resolving = true;
    setImmediate(() => {
      resolving = false;
    });
  }

  async function worker(index: number): Promise<void> {
    const record = records[index % records.length] as LogRecord;
    let sequence = 0;
    const numbered = (given: number) => {
      sequence = given;
      return record;
    };
    while (performance.now() < until) {
      to.admit();
      await durable(to.intent(numbered));
      await durable(to.end(sequence, numbered, 'answered', record.timestamp * 1_000));
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, index) => worker(index)));
  const elapsed = (performance.now() - started) / 1_000;
  return {
    perSecond: latencies.length / elapsed,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    group: latencies.length / groups,
  };
}

/** Records per second that the disk takes in groups of this size, one after the other, into a file that has its size already. */
async function writeAndSync(group: number, forSeconds: number): Promise<number> {
  const sync = promisify(fdatasync);
  const fd = openSync(join(folder, 'baseline'), 'w+');
  const block = Buffer.alloc(group * bytes, 'evidence ');
  const size = 32 * 1024 * 1024;
  ftruncateSync(fd, size);
  for (let at = 0; at < size; at += block.length) writeSync(fd, block, 0, Math.min(block.length, size - at), at);
  await sync(fd);
  let written = 0;
  const started = performance.now();
  const until = started + forSeconds * 1_000;
  while (performance.now() < until) {
    const at = ((written / group) * block.length) % (size - block.length);
    writeSync(fd, block, 0, block.length, at);
    await sync(fd);
    written += group;
  }
  return written / ((performance.now() - started) / 1_000);
}
