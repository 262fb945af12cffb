/**
 * What the spool remembers of segments it no longer has: how far it has shipped, and the ledger of what was accepted by
 * hour and status. The ledger holds exactly the ends of the retired segments, so that ledger + segments = everything
 * this gateway ever accepted; `parapet reconcile` reads both.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Status } from './format.ts';

/** Hours since 1970 → status → number of interactions. */
export type Ledger = Record<string, Partial<Record<Status, number>>>;

export interface Checkpoint {
  gatewayId: string;
  /** Segments up to this number are retired; the ledger holds their ends. */
  retiredThrough: number;
  shippedThrough: number;
  /** Highest number given in retired segments. */
  gatewaySequence: number;
  ledger: Ledger;
}

export function emptyCheckpoint(gatewayId: string): Checkpoint {
  return { gatewayId, retiredThrough: 0, shippedThrough: 0, gatewaySequence: 0, ledger: {} };
}

export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'checkpoint.json'), 'utf8')) as Checkpoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the checkpoint whole: a reader sees the old one or the new one. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const temporary = join(folder, 'checkpoint.new');
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(JSON.stringify(checkpoint));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, 'checkpoint.json'));
  // Segments are removed next: a power cut must not bring back the checkpoint that still counts on them.
  await syncFolder(folder);
}

/** Makes names in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function count(ledger: Ledger, hour: number, status: Status, by = 1): void {
  const row = ledger[hour] ?? {};
  row[status] = (row[status] ?? 0) + by;
  ledger[hour] = row;
}

export function merge(into: Ledger, from: Ledger): void {
  for (const [hour, row] of Object.entries(from)) {
    for (const [status, number] of Object.entries(row)) count(into, Number(hour), status as Status, number);
  }
}
