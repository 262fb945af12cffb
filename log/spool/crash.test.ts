/** The first promise, with real kills: what was acknowledged is in the log once, and nothing is there twice. */
import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../embedded/index.ts';
import type { EventLog, StoredRecord } from '../port.ts';
import type { Status } from './format.ts';
import { openSpool } from './index.ts';
import { inspectSpools } from './inspect.ts';
import { directShipper } from './ship.ts';
import { HOUR, said, TOPIC, temporaryFolder } from './testing/spools.ts';

const KILLS = 12;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('a gateway that is killed at full speed, again and again', () => {
  it('loses nothing it acknowledged, doubles nothing and leaves no gap', { timeout: 60_000 }, async () => {
    const { folder, remove } = temporaryFolder();
    cleanups.push(remove);
    const intents = new Set<number>();
    const ends = new Map<number, Status>();
    for (let kill = 0; kill < KILLS; kill++) {
      const lines = await runAndKill(`${folder}/spool/crash`, `${folder}/log`, 40 + ((kill * 53) % 170));
      for (const line of lines) {
        const [what, number, status] = line.split(' ');
        if (what === 'i') intents.add(Number(number));
        if (what === 'e') {
          expect(ends.has(Number(number)), `interaction ${number} acknowledged twice`).toBe(false);
          ends.set(Number(number), status as Status);
        }
      }
    }
    expect(ends.size).toBeGreaterThan(500);

    const log = await openEmbeddedLog({ path: `${folder}/log`, topics: embeddedTopics(2) });
    cleanups.push(() => log.close());
    const spool = await openSpool(directShipper(log, 'crash'), {
      folder: `${folder}/spool/crash`,
      gatewayId: 'crash',
      maxBytes: 64 * 1024 * 1024,
      segmentBytes: 64 * 1024,
    });
    await spool.shipped();
    const stored = new Map<number, Status>();
    for (const record of await everything(log)) {
      const { sequence, status } = said(record);
      expect(stored.has(sequence), `interaction ${sequence} is in the log twice`).toBe(false);
      stored.set(sequence, status);
    }

    for (const [sequence, status] of ends) expect(stored.get(sequence), `interaction ${sequence}`).toBe(status);
    for (const sequence of intents) expect(stored.has(sequence), `interaction ${sequence}`).toBe(true);
    expect([...stored.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: stored.size }, (_, i) => i + 1));
    expect(spool.stats()).toMatchObject({ gatewaySequence: stored.size, inFlight: 0, unshipped: 0 });
    await spool.close();

    const counts: Partial<Record<Status, number>> = {};
    for (const status of stored.values()) counts[status] = (counts[status] ?? 0) + 1;
    expect(counts.orphaned).toBeGreaterThan(0);
    const [view] = await inspectSpools(`${folder}/spool`);
    expect(view).toEqual({
      gatewayId: 'crash',
      ledger: { [HOUR]: counts },
      gatewaySequence: stored.size,
      open: 0,
      openSequences: [],
      unshipped: 0,
    });
  });
});

/** The lines that the child wrote before it was killed, `ms` after it was ready. */
function runAndKill(folder: string, logFolder: string, ms: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const script = new URL('./testing/crash-child.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, folder, logFolder], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    let ready = false;
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
      if (ready) return;
      ready = true;
      setTimeout(() => child.kill('SIGKILL'), ms);
    });
    child.once('close', (_code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`The child ended by itself: ${errors}`));
      // The last line may be torn.
      resolve(out.slice(0, out.lastIndexOf('\n')).split('\n'));
    });
  });
}

async function everything(log: EventLog): Promise<StoredRecord[]> {
  const out: StoredRecord[] = [];
  for (const { partition, start, end } of await log.ranges(TOPIC)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic: TOPIC, partition, offset }, { maxRecords: 10_000, maxBytes: 64 * 1024 * 1024 });
      out.push(...records);
      offset = (records.at(-1) as StoredRecord).offset + 1;
    }
  }
  return out;
}
