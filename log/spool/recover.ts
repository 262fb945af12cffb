/**
 * What a crash left in the segments: which records still have to be shipped, and which intents never came to an end.
 * An end may stand in a later segment than its intent, never in an earlier one, and segments are retired in order; so
 * an intent without an end in what is left really has none.
 */
import { readFile } from 'node:fs/promises';
import type { Checkpoint, Ledger } from './checkpoint.ts';
import { count } from './checkpoint.ts';
import { type FoundEntry, scanSegment } from './format.ts';
import type { SegmentFiles } from './segments.ts';

export interface Place {
  segment: number;
  offset: number;
  length: number;
}

export interface SegmentState {
  number: number;
  size: number;
  /** Intents without an end and records not shipped yet: while there are any, the segment stays. */
  live: number;
  /** Highest gateway sequence in it. */
  gatewaySequence: number;
  ledger: Ledger;
}

export interface Recovered {
  segments: SegmentState[];
  /** Records to be shipped, in order of their ship sequence. */
  unshipped: (Place & { shipSequence: number })[];
  /** Intents without an end, in order of admission. */
  open: (Place & { gatewaySequence: number })[];
  gatewaySequence: number;
  shipSequence: number;
  /** Interactions in the segments that have an end. */
  ended: number;
}

export async function scanSegments(files: SegmentFiles, checkpoint: Checkpoint): Promise<Recovered> {
  const segments: SegmentState[] = [];
  const unshipped: Recovered['unshipped'] = [];
  const open = new Map<number, Place & { gatewaySequence: number }>();
  // What stood in retired segments was shipped, so its numbers end where shipping does.
  let { gatewaySequence, shippedThrough: shipSequence } = checkpoint;
  let ended = 0;
  for (const { number, size } of await files.list()) {
    if (number <= checkpoint.retiredThrough) continue;
    const bytes = await readFile(files.path(number));
    const ledger: Ledger = {};
    let highest = 0;
    for (const entry of scanSegment(bytes, number).entries) {
      highest = Math.max(highest, entry.gatewaySequence);
      shipSequence = Math.max(shipSequence, entry.shipSequence);
      const place = placeOf(number, entry);
      if (entry.kind === 'intent') {
        open.set(entry.gatewaySequence, { ...place, gatewaySequence: entry.gatewaySequence });
        continue;
      }
      if (entry.kind === 'end') {
        open.delete(entry.gatewaySequence);
        count(ledger, entry.hour, entry.status);
        ended += 1;
      }
      if (entry.shipSequence > checkpoint.shippedThrough) unshipped.push({ ...place, shipSequence: entry.shipSequence });
    }
    gatewaySequence = Math.max(gatewaySequence, highest);
    segments.push({ number, size, live: 0, gatewaySequence: highest, ledger });
  }
  const states = new Map(segments.map((each) => [each.number, each]));
  for (const each of [...unshipped, ...open.values()]) (states.get(each.segment) as SegmentState).live += 1;
  return {
    segments,
    unshipped: unshipped.sort((a, b) => a.shipSequence - b.shipSequence),
    open: [...open.values()],
    gatewaySequence,
    shipSequence,
    ended,
  };
}

function placeOf(segment: number, { offset, length }: FoundEntry): Place {
  return { segment, offset, length };
}
