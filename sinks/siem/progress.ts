/**
 * What of a batch a destination has taken or refused already, for when the rest of it has to be tried again: remembered in
 * the process only, to spare a receiver repetitions. After a crash nothing is remembered and everything is sent again.
 */
import type { BatchBounds } from '../port.ts';

export interface Judged {
  /** Offsets that the destination has. */
  taken: Set<number>;
  /** Offset → reason, of those that it will never take. */
  refused: Map<number, string>;
}

export interface Progress {
  /** Of this batch; to be added to. */
  of(batch: BatchBounds): Judged;
  /** Forgets the batch: it was written. */
  done(batch: BatchBounds): void;
}

export function createProgress(): Progress {
  /** One unfinished batch a partition: the runner never has two. */
  const unfinished = new Map<string, { bounds: string; judged: Judged }>();
  const place = ({ topic, partition }: BatchBounds) => `${topic}/${partition}`;
  return {
    of(batch) {
      const bounds = `${batch.firstOffset}-${batch.lastOffset}`;
      const known = unfinished.get(place(batch));
      if (known?.bounds === bounds) return known.judged;
      const judged: Judged = { taken: new Set(), refused: new Map() };
      unfinished.set(place(batch), { bounds, judged });
      return judged;
    },
    done: (batch) => void unfinished.delete(place(batch)),
  };
}
