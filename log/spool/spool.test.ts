/** The spool when the log is away, when the disk fails, when it is full, when it closes, and when nothing is wrong. */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../embedded/index.ts';
import { producerIdOf } from './identity.ts';
import { openSpool, type Spool, type SpoolOptions } from './index.ts';
import { inspectSpools } from './inspect.ts';
import { writeBlock } from './segments.ts';
import { directShipper } from './ship.ts';
import { HOUR, type MemoryLog, memoryLog, pass, recordOf, STARTED_AT, TOPIC, temporaryFolder, until } from './testing/spools.ts';

const KiB = 1024;
let temporary = temporaryFolder();
let log: MemoryLog;
const spools: Spool[] = [];

beforeEach(() => {
  temporary = temporaryFolder();
  log = memoryLog();
});
afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close(0);
  temporary.remove();
});

async function open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = await openSpool(log.shipper, {
    folder: join(temporary.folder, 'gw'),
    gatewayId: 'gw',
    maxBytes: 1024 * KiB,
    segmentBytes: 64 * KiB,
    ...options,
  });
  spools.push(spool);
  return spool;
}

describe('a spool', () => {
  it('ships each end once, in order, and never an intent', async () => {
    const spool = await open({ shipRecords: 3 });
    const given = await Promise.all(Array.from({ length: 50 }, (_, i) => pass(spool, i % 2 ? 'failed' : 'answered')));
    expect(given).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    await spool.shipped();
    expect(log.records.map((each) => each.sequence)).toEqual(given);
    expect(log.records.some((each) => each.status === 'orphaned')).toBe(false);
    expect(spool.stats()).toMatchObject({ gatewaySequence: 50, inFlight: 0, unshipped: 0 });
  });

  it('writes a group of records in one block', async () => {
    let blocks = 0;
    const spool = await open({
      writeBlock(segment, block) {
        blocks += 1;
        return writeBlock(segment, block);
      },
    });
    await Promise.all(Array.from({ length: 100 }, () => pass(spool)));
    expect(blocks).toBeLessThan(20);
  });

  it('gives back the number of a record that could not be made', async () => {
    const spool = await open();
    spool.admit();
    expect(() =>
      spool.intent(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    await spool.end(0, (sequence) => recordOf({ sequence, status: 'failed' }), 'failed', STARTED_AT);
    await pass(spool);
    await spool.shipped();
    expect(log.records.map((each) => each.sequence)).toEqual([1, 2]);
  });

  it('takes a record that is larger than a segment, between small ones', async () => {
    const spool = await open();
    await pass(spool);
    await pass(spool, 'answered', 'y'.repeat(200 * KiB));
    await pass(spool);
    await spool.shipped();
    expect(log.records.map((each) => each.padding?.length)).toEqual([0, 200 * KiB, 0]);
    await spool.close();
    expect((await inspectSpools(temporary.folder))[0]).toMatchObject({ gatewaySequence: 3, open: 0, ledger: { [HOUR]: { answered: 3 } } });
  });

  it('retires segments that are done and uses their files again', async () => {
    const spool = await open();
    for (let i = 0; i < 60; i++) {
      await pass(spool, 'answered', 'z'.repeat(10 * KiB));
      await spool.shipped();
    }
    await until(() => files().length <= 4);
    expect(spool.stats().usedBytes).toBeLessThan(3 * 64 * KiB);
    expect(Number(files().at(-1)?.slice(0, 12))).toBeGreaterThan(15);
    await spool.close();
    const [view] = await inspectSpools(temporary.folder);
    expect(view).toMatchObject({ gatewaySequence: 60, unshipped: 0, ledger: { [HOUR]: { answered: 60 } } });
    const again = await open();
    expect(again.stats()).toMatchObject({ gatewaySequence: 60, unshipped: 0, inFlight: 0 });
    expect(await pass(again)).toBe(61);
  });

  it('removes at its start what the crash of a retirement left', async () => {
    const spool = await open();
    for (let i = 0; i < 20; i++) await pass(spool, 'answered', 'z'.repeat(10 * KiB));
    await spool.shipped();
    await until(() => !files().includes('000000000001.segment'));
    await spool.close();
    writeFileSync(join(temporary.folder, 'gw', '000000000001.segment'), Buffer.alloc(64 * KiB));
    await open();
    expect(files()).not.toContain('000000000001.segment');
  });

  it('is a new producer to the log when its folder was lost, so that nothing is taken for a repetition', async () => {
    const kept = await openEmbeddedLog({ path: join(temporary.folder, 'log'), topics: embeddedTopics(1) });
    const folder = join(temporary.folder, 'gw');
    const ids = new Set<string>();
    for (let life = 0; life < 2; life++) {
      const id = producerIdOf(folder, 'gw');
      expect(producerIdOf(folder, 'gw')).toBe(id);
      ids.add(id);
      const spool = await openSpool(directShipper(kept, id), { folder, gatewayId: 'gw', maxBytes: 1024 * KiB });
      for (let i = 0; i < 3; i++) await pass(spool);
      await spool.shipped();
      await spool.close();
      rmSync(folder, { recursive: true });
    }
    expect(ids.size).toBe(2);
    expect((await kept.ranges(TOPIC))[0]).toMatchObject({ end: 6 });
    await kept.close();
  });

  it('belongs to one process', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'PARAPET_SPOOL_LOCKED' });
    const script = new URL('./testing/crash-child.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, join(temporary.folder, 'gw'), join(temporary.folder, 'log')]);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(errors).toContain('PARAPET_SPOOL_LOCKED');
  });

  it('takes over the lock of a process that is gone, and lets go of its own when it cannot open', async () => {
    await (await open()).close();
    writeFileSync(join(temporary.folder, 'gw', 'lock'), '999999999 1');
    await (await open()).close();
    writeFileSync(join(temporary.folder, 'gw', 'checkpoint.json'), 'no JSON');
    await expect(open()).rejects.toThrow(SyntaxError);
    expect(readdirSync(join(temporary.folder, 'gw'))).not.toContain('lock');
  });
});

describe('with the event log as the only durable place', () => {
  it('ends an interaction when the log has it, and not before', async () => {
    const spool = await open({ durability: 'log' });
    log.failure = new Error('away');
    let ended = false;
    const passing = pass(spool).then(() => {
      ended = true;
    });
    await until(() => log.appends >= 2);
    expect(ended).toBe(false);
    expect(() => spool.admit()).toThrow(expect.objectContaining({ code: 'PARAPET_LOG_UNAVAILABLE', status: 503 }));
    log.failure = undefined;
    await passing;
    expect(log.records.map((each) => each.sequence)).toEqual([1]);
    await Promise.all(Array.from({ length: 40 }, () => pass(spool)));
    expect(log.records).toHaveLength(41);
  });

  it('refuses the end that the log had not taken when it closed', async () => {
    const spool = await open({ durability: 'log' });
    log.failure = new Error('away');
    const passing = pass(spool);
    passing.catch(() => undefined);
    await until(() => log.appends >= 1);
    await spool.close(50);
    await expect(passing).rejects.toMatchObject({ code: 'PARAPET_SPOOL_FAILED' });
    // It is on the disk all the same: where the folder is still there, the next start ships it.
    log.failure = undefined;
    const again = await open({ durability: 'log' });
    await again.shipped();
    expect(log.records.map((each) => each.status)).toEqual(['answered']);
  });
});

describe('while the event log is away', () => {
  it('fills up, refuses at the door, loses nothing, and goes on when the log is back', async () => {
    const spool = await open({ maxBytes: 512 * KiB });
    log.failure = new Error('away');
    let accepted = 0;
    let refusal: unknown;
    while (refusal === undefined && accepted < 1_000) {
      try {
        await pass(spool, 'answered', 'w'.repeat(8 * KiB));
        accepted += 1;
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toMatchObject({ code: 'PARAPET_SPOOL_FULL', status: 503, retryAfterSeconds: 5 });
    expect(spool.stats().usedBytes).toBeLessThanOrEqual(512 * KiB);
    expect(log.records).toEqual([]);
    log.failure = undefined;
    await spool.shipped();
    expect(log.records).toHaveLength(accepted);
    await pass(spool);
  });

  it('keeps room for the ends of what is under way', async () => {
    const spool = await open({ maxBytes: 512 * KiB });
    log.failure = new Error('away');
    const padding = 'w'.repeat(16 * KiB);
    const open_: number[] = [];
    for (;;) {
      try {
        spool.admit();
      } catch {
        break;
      }
      await spool.intent((sequence) => {
        open_.push(sequence);
        return recordOf({ sequence, status: 'orphaned', padding });
      });
    }
    expect(open_.length).toBeGreaterThan(5);
    for (const sequence of open_)
      await spool.end(sequence, () => recordOf({ sequence, status: 'answered', padding }), 'answered', STARTED_AT);
    expect(spool.stats().usedBytes).toBeLessThanOrEqual(512 * KiB + 64 * KiB);
    log.failure = undefined;
    await spool.shipped();
    expect(log.records.map((each) => each.sequence)).toEqual(open_);
  });

  it('closes in time, and the next start ships what is left, once', async () => {
    const spool = await open();
    log.failure = new Error('away');
    for (let i = 0; i < 5; i++) await pass(spool);
    const started = performance.now();
    await spool.close(5_000);
    // One more try, not five seconds of them.
    expect(performance.now() - started).toBeLessThan(1_000);
    expect((await inspectSpools(temporary.folder))[0]).toMatchObject({ unshipped: 5, open: 0 });
    log.failure = undefined;
    await (await open()).shipped();
    expect(log.records.map((each) => each.sequence)).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not ship any more once it is closed, also when the log hung meanwhile', async () => {
    let release: () => void = () => undefined;
    const hanging: MemoryLog['shipper'] = (path) => {
      const real = log.shipper(path);
      return {
        async ship(places, firstSequence) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          await real.ship(places, firstSequence);
        },
        close: () => real.close(),
      };
    };
    const spool = await openSpool(hanging, { folder: join(temporary.folder, 'gw'), gatewayId: 'gw', maxBytes: 1024 * KiB, shipRecords: 1 });
    for (let i = 0; i < 3; i++) await pass(spool);
    await spool.close(10);
    release();
    await until(() => log.records.length === 1);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(log.appends).toBe(1);
  });
});

describe('while the disk fails', () => {
  const failing = () => {
    const disk: { error: NodeJS.ErrnoException | undefined; writeBlock: typeof writeBlock } = {
      error: undefined,
      async writeBlock(segment, block) {
        if (disk.error) throw disk.error;
        await writeBlock(segment, block);
      },
    };
    return disk;
  };
  const error = (code: string) => Object.assign(new Error(code), { code });

  it.each(['ENOSPC', 'EIO'])('keeps what was admitted, refuses what is new, and goes on after %s', async (code) => {
    const disk = failing();
    const faults: string[] = [];
    const spool = await open({ writeBlock: disk.writeBlock, onFault: ({ step }) => faults.push(step) });
    await pass(spool);
    disk.error = error(code);
    let ended = false;
    const admitted = pass(spool).then(() => {
      ended = true;
    });
    await until(() => spool.stats().failing);
    expect(() => spool.admit()).toThrow(expect.objectContaining({ code: 'PARAPET_SPOOL_FAILED', status: 503 }));
    await until(() => faults.length >= 3);
    expect(ended).toBe(false);
    disk.error = undefined;
    await admitted;
    await pass(spool);
    await spool.shipped();
    expect(log.records.map((each) => each.sequence)).toEqual([1, 2, 3]);
    expect(new Set(faults)).toEqual(new Set(['write']));
  });

  it('closes in time, says that what waited was not written, and makes it an orphan or nothing', async () => {
    const disk = failing();
    const spool = await open({ writeBlock: disk.writeBlock });
    spool.admit();
    await spool.intent((sequence) => recordOf({ sequence, status: 'orphaned' }));
    disk.error = error('EIO');
    const lost = expect(spool.end(1, () => recordOf({ sequence: 1, status: 'answered' }), 'answered', STARTED_AT)).rejects.toMatchObject({
      code: 'PARAPET_SPOOL_FAILED',
    });
    await spool.close(100);
    await lost;
    await (await open()).shipped();
    expect(log.records).toEqual([{ sequence: 1, status: 'orphaned' }]);
  });

  it('refuses what comes after the close, and writes it into no file', async () => {
    const spool = await open();
    spool.admit();
    await spool.intent((sequence) => recordOf({ sequence, status: 'orphaned' }));
    await spool.close();
    expect(() => spool.admit()).toThrow(expect.objectContaining({ code: 'PARAPET_DRAINING' }));
    await expect(spool.end(1, () => recordOf({ sequence: 1, status: 'answered' }), 'answered', STARTED_AT)).rejects.toMatchObject({
      code: 'PARAPET_SPOOL_FAILED',
    });
    const again = await open();
    expect(again.stats().orphaned).toBe(1);
  });
});

function files(): string[] {
  return readdirSync(join(temporary.folder, 'gw'))
    .filter((name) => /segment/.test(name))
    .sort();
}
