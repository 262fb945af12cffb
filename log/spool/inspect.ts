/**
 * What a gateway has accepted, read from its spool's folder while the gateway runs or after it has gone. The checkpoint
 * may be replaced between two reads, so it is read again after the segments, and all of it again when it has changed.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyCheckpoint, type Ledger, merge, readCheckpoint } from './checkpoint.ts';
import { scanSegments } from './recover.ts';
import { segmentFiles } from './segments.ts';

export interface SpoolView {
  gatewayId: string;
  /** Interactions that ended, by hour since 1970 and status. */
  ledger: Ledger;
  /** The newest gateway sequence that is on disk. */
  gatewaySequence: number;
  /** Admitted, not ended (still running, or waiting for the next start to become orphaned), and their gateway sequences. */
  open: number;
  openSequences: number[];
  /** Ended, and not known to be in the log. */
  unshipped: number;
}

/** Every spool below the folder. */
export async function inspectSpools(folder: string): Promise<SpoolView[]> {
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return Promise.all(names.filter((entry) => entry.isDirectory()).map((entry) => inspectSpool(join(folder, entry.name), entry.name)));
}

async function inspectSpool(folder: string, gatewayId: string): Promise<SpoolView> {
  for (;;) {
    const before = (await readCheckpoint(folder)) ?? emptyCheckpoint(gatewayId);
    const files = segmentFiles(folder, 0);
    const scan = await scanSegments({ ...files, list: () => files.peek() }, before).catch((error: NodeJS.ErrnoException) => {
      // A segment retired under our hands.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const after = (await readCheckpoint(folder)) ?? emptyCheckpoint(gatewayId);
    if (scan === undefined || after.retiredThrough !== before.retiredThrough) continue;
    const ledger: Ledger = {};
    merge(ledger, before.ledger);
    for (const segment of scan.segments) merge(ledger, segment.ledger);
    return {
      gatewayId,
      ledger,
      gatewaySequence: scan.gatewaySequence,
      open: scan.open.length,
      openSequences: scan.open.map((each) => each.gatewaySequence),
      unshipped: scan.unshipped.length,
    };
  }
}
