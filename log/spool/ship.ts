/**
 * From the spool's segments into the event log. The records are read back from the files (they are in the page cache):
 * so the spool holds none of them in memory however far the log is behind, and the work can be done in another thread.
 */
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ParapetError } from '../../core/errors.ts';
import type { EventLog, LogRecord } from '../port.ts';
import { recordOf } from './format.ts';
import type { Place } from './recover.ts';

export interface Shipper {
  /** Appends the records at these places; they are numbered from `firstSequence`. Throws what the log throws. */
  ship(places: readonly Place[], firstSequence: number): Promise<void>;
  close(): Promise<void>;
}

/** Ships in this thread. */
export function directShipper(log: EventLog, producerId: string): (path: (segment: number) => string) => Shipper {
  return (path) => ({
    async ship(places, firstSequence) {
      await log.append(await readEntries(path, places), { id: producerId, firstSequence });
    },
    async close() {},
  });
}

/**
 * Ships in a worker thread, so that the log's work never stands in the way of a request. `entry` is a module that calls
 * `serveShipper`; `data` reaches it as `workerData`. A worker that dies is started again at the next call.
 */
export function workerShipper(entry: URL, data: object): (path: (segment: number) => string) => Shipper {
  return (path) => {
    let worker: Worker | undefined;
    let waiting: { resolve: () => void; reject: (error: unknown) => void } | undefined;

    function start(): Worker {
      const started = new Worker(entry, { workerData: data });
      started.on('message', (reply: { error?: string }) => {
        const { resolve, reject } = waiting ?? {};
        waiting = undefined;
        if (reply.error === undefined) resolve?.();
        else reject?.(new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: reply.error }));
      });
      const lost = (error: unknown) => {
        if (worker === started) worker = undefined;
        waiting?.reject(error);
        waiting = undefined;
      };
      started.on('error', lost);
      started.on('exit', (code) =>
        lost(new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `The shipping thread ended (${code}).` })),
      );
      return started;
    }

    return {
      ship(places, firstSequence) {
        worker ??= start();
        const paths = Object.fromEntries([...new Set(places.map((each) => each.segment))].map((segment) => [segment, path(segment)]));
        return new Promise((resolve, reject) => {
          waiting = { resolve, reject };
          worker?.postMessage({ paths, places: places.flatMap((each) => [each.segment, each.offset, each.length]), firstSequence });
        });
      },
      async close() {
        const ending = worker;
        worker = undefined;
        if (!ending) return;
        const ended = new Promise((resolve) => ending.once('exit', resolve));
        ending.postMessage('close');
        await ended;
      },
    };
  };
}

export interface ShipMessage {
  paths: Record<number, string>;
  /** Segment, offset, length of each place, flat: thousands of small objects are slow to pass between threads. */
  places: number[];
  firstSequence: number;
}

/** One message of `workerShipper`, done. */
export async function shipMessage(log: EventLog, producerId: string, { paths, places, firstSequence }: ShipMessage): Promise<void> {
  const list: Place[] = [];
  for (let i = 0; i < places.length; i += 3) {
    list.push({ segment: places[i] as number, offset: places[i + 1] as number, length: places[i + 2] as number });
  }
  await log.append(await readEntries((segment) => paths[segment] as string, list), { id: producerId, firstSequence });
}

const MAX_RANGE_BYTES = 16 * 1024 * 1024;

/** The records at these places, in their order. Neighbours are read in one go. */
export async function readEntries(path: (segment: number) => string, places: readonly Place[]): Promise<LogRecord[]> {
  const out: LogRecord[] = [];
  for (let i = 0; i < places.length; ) {
    const first = places[i] as Place;
    let last = first;
    let end = i + 1;
    while (end < places.length) {
      const next = places[end] as Place;
      if (next.segment !== first.segment || next.offset < last.offset || next.offset + next.length - first.offset > MAX_RANGE_BYTES) break;
      last = next;
      end += 1;
    }
    const bytes = Buffer.allocUnsafe(last.offset + last.length - first.offset);
    const file = await open(path(first.segment), 'r');
    try {
      await file.read(bytes, 0, bytes.length, first.offset);
    } finally {
      await file.close();
    }
    for (; i < end; i++) {
      const place = places[i] as Place;
      const start = place.offset - first.offset;
      out.push(recordOf(bytes.subarray(start, start + place.length)));
    }
  }
  return out;
}
