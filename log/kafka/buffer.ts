/** What was fetched of a partition and not read yet: pulled at one end by the reader, filled at the other by the fetcher. */
import type { StoredRecord } from '../port.ts';
import type { FetchedPart } from './protocol.ts';

/** Below this the fetcher asks for more, so that the next stretch is there when the last one is read. */
const LOW_BYTES = 2 * 1024 * 1024;

export interface Fetch {
  offset: number;
  /** Changes when the reader jumps: an answer to an earlier question is dropped. */
  turn: number;
}

export interface PartitionBuffer {
  readonly topic: string;
  readonly partition: number;
  /** One past the newest committed record, as of the last answer; undefined before the first. */
  end(): number | undefined;
  take(from: number, limits: { maxRecords: number; maxBytes: number; waitMs: number }, until: AbortSignal): Promise<StoredRecord[]>;
  readAt(): number;
  wantsMore(): boolean;
  beginFetch(): Fetch;
  endFetch(fetch: Fetch, part: FetchedPart): void;
  /** Nothing came of the fetch; goes on at `offset` if that lies ahead. */
  failFetch(fetch: Fetch, offset?: number): void;
  onRoom(listener: () => void): void;
}

interface Chunk {
  records: StoredRecord[];
  /** Index of the first record not yet read. */
  at: number;
}

export function createPartitionBuffer(topic: string, partition: number, start: number): PartitionBuffer {
  let chunks: Chunk[] = [];
  let bytes = 0;
  /** Everything from here to `fetchAt` is in the chunks, or there is nothing there. */
  let readFrom = start;
  let fetchAt = start;
  let turn = 0;
  let fetching = false;
  let end: number | undefined;
  let readAt = performance.now();
  let room = () => {};
  const waiting = new Set<() => void>();

  function jump(to: number): void {
    chunks = [];
    bytes = 0;
    readFrom = to;
    fetchAt = to;
    turn += 1;
    room();
  }

  function takeNow(from: number, maxRecords: number, maxBytes: number): StoredRecord[] {
    if (from < readFrom || from > fetchAt) jump(from);
    let out: StoredRecord[] = [];
    let taken = 0;
    while (chunks.length > 0 && out.length < maxRecords) {
      const chunk = chunks[0] as Chunk;
      const { records } = chunk;
      let to = chunk.at;
      while (to < records.length && (records[to] as StoredRecord).offset < from) to += 1;
      const first = to;
      const full = first + maxRecords - out.length;
      while (to < records.length && to < full) {
        const { length } = (records[to] as StoredRecord).value;
        if (taken > 0 && taken + length > maxBytes) break;
        taken += Math.max(1, length);
        to += 1;
      }
      const part = first === 0 && to === records.length ? records : records.slice(first, to);
      if (out.length === 0) out = part;
      else for (const record of part) out.push(record);
      chunk.at = to;
      if (to < records.length) break;
      chunks.shift();
    }
    const last = out.at(-1);
    readFrom = last === undefined ? from : last.offset + 1;
    bytes = chunks.length === 0 ? 0 : Math.max(0, bytes - taken);
    return out;
  }

  return {
    topic,
    partition,
    end: () => end,
    readAt: () => readAt,
    async take(from, { maxRecords, maxBytes, waitMs }, until) {
      const deadline = performance.now() + waitMs;
      for (;;) {
        if (until.aborted) return [];
        const out = takeNow(from, maxRecords, maxBytes);
        readAt = performance.now();
        if (bytes < LOW_BYTES) room();
        if (out.length > 0) return out;
        const left = deadline - performance.now();
        if (left <= 0) return [];
        await waitFor(left, until);
      }
    },
    wantsMore: () => !fetching && bytes < LOW_BYTES,
    beginFetch() {
      fetching = true;
      return { offset: fetchAt, turn };
    },
    endFetch(fetch, { records, next, bytes: more, lastStableOffset }) {
      fetching = false;
      end = lastStableOffset;
      if (fetch.turn !== turn) return;
      if (next !== undefined && next > fetchAt) fetchAt = next;
      if (records.length === 0) return;
      chunks.push({ records, at: 0 });
      bytes += more;
      for (const arrived of [...waiting]) arrived();
    },
    failFetch(fetch, offset = 0) {
      fetching = false;
      if (fetch.turn === turn && offset > fetchAt) fetchAt = offset;
    },
    onRoom(listener) {
      room = listener;
    },
  };

  function waitFor(ms: number, until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        until.removeEventListener('abort', finish);
        waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      until.addEventListener('abort', finish, { once: true });
      waiting.add(finish);
    });
  }
}
