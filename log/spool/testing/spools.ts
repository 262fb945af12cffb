/**
 * What the spool's tests share: folders that go away, records that say which interaction they are, and a log in memory
 * that takes a numbered record once, as every engine of the event log does, and that can be told to fail.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '../../port.ts';
import type { Status } from '../format.ts';
import type { Spool } from '../index.ts';
import { readEntries, type Shipper } from '../ship.ts';

export const TOPIC = 'parapet.interactions.v1';
/** 2023-11-14T22:13:20Z. */
export const STARTED_AT = 1_700_000_000_000_000;
export const HOUR = Math.floor(STARTED_AT / 3_600_000_000);

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-spool-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Said {
  sequence: number;
  status: Status;
  padding?: string;
}

export function recordOf(said: Said): LogRecord {
  return { topic: TOPIC, key: 'org/agent', timestamp: STARTED_AT / 1_000, headers: {}, value: Buffer.from(JSON.stringify(said)) };
}

export function said(record: { value: Buffer }): Said {
  return JSON.parse(record.value.toString()) as Said;
}

/** One interaction, from admission to its end; gives its gateway sequence. */
export async function pass(spool: Spool, status: Status = 'answered', padding = ''): Promise<number> {
  spool.admit();
  let sequence = 0;
  await spool.intent((given) => {
    sequence = given;
    return recordOf({ sequence, status: 'orphaned', padding });
  });
  await spool.end(sequence, () => recordOf({ sequence, status, padding }), status, STARTED_AT);
  return sequence;
}

export interface MemoryLog {
  records: Said[];
  /** Set: every append fails with this. */
  failure: Error | undefined;
  /** Appends that were tried. */
  appends: number;
  shipper: (path: (segment: number) => string) => Shipper;
}

export function memoryLog(): MemoryLog {
  let last = 0;
  const log: MemoryLog = {
    records: [],
    failure: undefined,
    appends: 0,
    shipper: (path) => ({
      async ship(places, firstSequence) {
        log.appends += 1;
        if (log.failure) throw log.failure;
        const records = await readEntries(path, places);
        records.forEach((record, i) => {
          if (firstSequence + i > last) log.records.push(said(record));
        });
        last = Math.max(last, firstSequence + records.length - 1);
      },
      async close() {},
    }),
  };
  return log;
}

/** Waits until the fact holds; fails after ten seconds. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await fact())) {
    if (performance.now() > end) throw new Error(`Never came true: ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
