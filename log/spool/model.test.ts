/**
 * The spool against the simplest model there is: a list of what was promised. Random walks of intents, ends, notes,
 * failing disks, failing logs, closes and crashes; after each walk the log holds what the list says, once, in order.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Status } from './format.ts';
import { openSpool, type Spool } from './index.ts';
import { inspectSpools } from './inspect.ts';
import { writeBlock } from './segments.ts';
import { HOUR, memoryLog, recordOf, STARTED_AT, temporaryFolder } from './testing/spools.ts';

type Step =
  | { do: 'intent' | 'reject'; bytes: number }
  | { do: 'end'; which: number; status: Status; bytes: number }
  | { do: 'log' | 'disk'; works: boolean }
  | { do: 'restart' | 'crash' | 'settle' };

const bytes = fc.oneof({ weight: 5, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(90_000) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('intent' as const), bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reject' as const), bytes }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(20),
      status: fc.constantFrom('answered', 'failed', 'abandoned'),
      bytes,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('log', 'disk'), works: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart', 'crash', 'settle') }) },
);

describe('the spool and its model', () => {
  it('agree after any walk', { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), walk), { numRuns: 40 });
  });
});

/** The folder as it stands at one moment, for all that other threads still rename in it. */
async function snapshot(from: string, to: string): Promise<void> {
  const seen = () => JSON.stringify([readdirSync(join(from, 'gw')), readIfThere(join(from, 'gw', 'checkpoint.json'))]);
  for (;;) {
    const before = seen();
    try {
      cpSync(from, to, { recursive: true, filter: (name) => !/\.new$|\.spare$|lock$/.test(name) });
      if (seen() === before) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    rmSync(to, { recursive: true, force: true });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

async function walk(steps: Step[]): Promise<void> {
  const temporary = temporaryFolder();
  const log = memoryLog();
  let diskWorks = true;
  let life = 0;
  let folder = join(temporary.folder, 'life-0');
  const started = () =>
    openSpool(log.shipper, {
      folder: join(folder, 'gw'),
      gatewayId: 'gw',
      maxBytes: 16 * 1024 * 1024,
      segmentBytes: 64 * 1024,
      shipRecords: 4,
      async writeBlock(segment, block) {
        if (!diskWorks) throw Object.assign(new Error('EIO'), { code: 'EIO' });
        await writeBlock(segment, block);
      },
    });
  let spool: Spool = await started();
  /** Intents without an end that was asked for, and what the ends must be once they are durable. */
  let under: number[] = [];
  const promised = new Map<number, Status>();
  const waiting: Promise<void>[] = [];

  const settle = async () => {
    diskWorks = true;
    await Promise.all(waiting.splice(0));
  };
  try {
    for (const each of steps) {
      switch (each.do) {
        case 'intent':
        case 'reject': {
          if (!diskWorks) break;
          spool.admit();
          let sequence = 0;
          const make = (given: number) => {
            sequence = given;
            return recordOf({ sequence: given, status: each.do === 'reject' ? 'rejected' : 'orphaned', padding: 'p'.repeat(each.bytes) });
          };
          waiting.push(each.do === 'reject' ? spool.end(0, make, 'rejected', STARTED_AT) : spool.intent(make));
          if (each.do === 'reject') promised.set(sequence, 'rejected');
          else under.push(sequence);
          break;
        }
        case 'end': {
          const [sequence] = under.splice(each.which % Math.max(1, under.length), 1);
          if (sequence === undefined) break;
          const { status } = each;
          waiting.push(spool.end(sequence, () => recordOf({ sequence, status, padding: 'e'.repeat(each.bytes) }), status, STARTED_AT));
          promised.set(sequence, status);
          break;
        }
        case 'log':
          log.failure = each.works ? undefined : new Error('away');
          break;
        case 'disk':
          diskWorks = each.works;
          break;
        case 'settle':
          await settle();
          break;
        case 'restart':
        case 'crash': {
          await settle();
          const before = folder;
          if (each.do === 'crash') {
            // What a kill leaves is what stands on the disk now; the old life ends beside it, without its log.
            folder = join(temporary.folder, `life-${++life}`);
            await snapshot(before, folder);
            const failure = log.failure;
            log.failure = new Error('this process is dead');
            await spool.close(0);
            log.failure = failure;
            rmSync(before, { recursive: true });
          } else await spool.close(0);
          for (const sequence of under) promised.set(sequence, 'orphaned');
          under = [];
          spool = await started();
          break;
        }
      }
    }
    await settle();
    log.failure = undefined;
    const ended = new Map(promised);
    for (const sequence of under) {
      await spool.end(sequence, () => recordOf({ sequence, status: 'answered' }), 'answered', STARTED_AT);
      ended.set(sequence, 'answered');
    }
    await spool.shipped();
    await spool.close();
    const counts: Record<string, number> = {};
    for (const status of ended.values()) counts[status] = (counts[status] ?? 0) + 1;
    expect(Object.fromEntries(log.records.map(({ sequence, status }) => [sequence, status]))).toEqual(Object.fromEntries(ended));
    expect(log.records).toHaveLength(ended.size);
    expect([...ended.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: ended.size }, (_, i) => i + 1));
    const [view] = await inspectSpools(folder);
    expect(view).toEqual({
      gatewayId: 'gw',
      ledger: ended.size === 0 ? {} : { [HOUR]: counts },
      gatewaySequence: ended.size,
      open: 0,
      openSequences: [],
      unshipped: 0,
    });
  } finally {
    await spool.close(0);
    temporary.remove();
  }
}
