/**
 * Keeps the buffers of a member's partitions filled: one long poll at a time to each broker, for every partition whose
 * buffer has room. A partition with a slow reader is left out, and the others go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../core/logger.ts';
import type { Fetch, PartitionBuffer } from './buffer.ts';
import { protocolError, unavailable } from './faults.ts';
import type { Cluster } from './internals.ts';
import { EARLIEST, fetchParts, leaderOf, offsetsAt } from './protocol.ts';

const PARTITION_BYTES = 2 * 1024 * 1024;
const ANSWER_BYTES = 16 * 1024 * 1024;
const POLL_MS = 500;
const SHORTEST_POLL_MS = 5;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** A moved leader is found again at once; what fails so often is worth a word. */
const REPORTED_FAILURE = 5;

const OFFSET_OUT_OF_RANGE = 1;

export interface Fetcher {
  add(buffer: PartitionBuffer): void;
  remove(buffer: PartitionBuffer): void;
  close(): void;
}

export function createFetcher(cluster: Cluster, logger: Logger): Fetcher {
  const buffers = new Set<PartitionBuffer>();
  const polling = new Set<number>();
  let failures = 0;
  let pausing = false;
  let planned = false;
  let closed = false;

  /** Many readers drain their buffers in one turn of the loop: they get one poll together. */
  function plan(): void {
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      pump();
    });
  }

  function pump(): void {
    if (closed || pausing) return;
    const byLeader = new Map<number, PartitionBuffer[]>();
    for (const buffer of buffers) {
      try {
        const leader = leaderOf(cluster, buffer.topic, buffer.partition);
        const mine = byLeader.get(leader);
        if (mine) mine.push(buffer);
        else byLeader.set(leader, [buffer]);
      } catch (error) {
        void pause(error);
        return;
      }
    }
    for (const [leader, mine] of byLeader) {
      if (polling.has(leader)) continue;
      const hungry = mine.filter((buffer) => buffer.wantsMore());
      if (hungry.length > 0) void poll(leader, hungry, mine);
    }
  }

  async function poll(leader: number, hungry: readonly PartitionBuffer[], all: readonly PartitionBuffer[]): Promise<void> {
    polling.add(leader);
    const asked = new Map<string, { buffer: PartitionBuffer; from: Fetch }>();
    for (const buffer of hungry) asked.set(`${buffer.topic}/${buffer.partition}`, { buffer, from: buffer.beginFetch() });
    try {
      const broker = await cluster.findBroker({ nodeId: leader });
      const parts = [...asked.values()].map(({ buffer: { topic, partition }, from: { offset } }) => ({
        topic,
        partition,
        offset,
        maxBytes: PARTITION_BYTES,
      }));
      const fetched = await fetchParts(broker, parts, { maxWaitMs: patience(hungry, all), maxBytes: ANSWER_BYTES });
      let failed: Error | undefined;
      for (const part of fetched) {
        const name = `${part.topic}/${part.partition}`;
        const question = asked.get(name);
        if (question === undefined) continue;
        asked.delete(name);
        if (part.errorCode === 0) question.buffer.endFetch(question.from, part);
        else if (part.errorCode === OFFSET_OUT_OF_RANGE) void outOfRange(question.buffer, question.from);
        else {
          // The partition moved to another broker, or has no leader for a moment.
          failed = protocolError(part.errorCode);
          question.buffer.failFetch(question.from);
        }
      }
      if (failed) await pause(failed);
      else failures = 0;
    } catch (error) {
      await pause(error);
    } finally {
      for (const { buffer, from } of asked.values()) buffer.failFetch(from);
      polling.delete(leader);
      plan();
    }
  }

  /**
   * How long the broker may hold the answer. While a partition is left out, the poll stands in its way once its reader
   * comes back, so it is short at first and grows as long as the reader stays away.
   */
  function patience(hungry: readonly PartitionBuffer[], all: readonly PartitionBuffer[]): number {
    if (hungry.length === all.length) return POLL_MS;
    const now = performance.now();
    let wait = POLL_MS;
    for (const buffer of all) if (!hungry.includes(buffer)) wait = Math.min(wait, now - buffer.readAt());
    return Math.max(SHORTEST_POLL_MS, Math.round(wait));
  }

  /** Expired records are skipped, as in every engine. An offset beyond the end is a log that lost its tail: wait there. */
  async function outOfRange(buffer: PartitionBuffer, from: Fetch): Promise<void> {
    const { topic, partition } = buffer;
    let start: number | undefined;
    try {
      start = (await offsetsAt(cluster, topic, [partition], EARLIEST)).get(partition);
    } catch (error) {
      await pause(error);
    }
    logger.warn({ topic, partition, offset: from.offset, start }, 'the log does not hold this offset');
    if (start === undefined || start <= from.offset) await sleep(LONGEST_PAUSE_MS);
    buffer.failFetch(from, start);
    plan();
  }

  async function pause(error: unknown): Promise<void> {
    if (pausing || closed) return;
    pausing = true;
    failures += 1;
    if (failures === REPORTED_FAILURE) logger.warn({ code: 'PARAPET_LOG_UNAVAILABLE', err: unavailable(error).message }, 'fetching fails');
    await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 5)));
    if (!closed) await cluster.refreshMetadata().catch(() => undefined);
    pausing = false;
    plan();
  }

  return {
    add(buffer) {
      buffers.add(buffer);
      buffer.onRoom(plan);
      plan();
    },
    remove(buffer) {
      buffers.delete(buffer);
    },
    close() {
      closed = true;
      buffers.clear();
    },
  };
}
