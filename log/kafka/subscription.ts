/** A member of a group at work: takes partitions, runs a handler for each, and gives them up again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Assignment, LogRecord, SubscribeOptions, Subscription } from '../port.ts';
import { createAssignment } from './assignment.ts';
import { createPartitionBuffer } from './buffer.ts';
import { committedOffset } from './coordinator.ts';
import { isExpelled, persist } from './faults.ts';
import { createFetcher } from './fetcher.ts';
import type { Cluster } from './internals.ts';
import { type Generation, joinGroup, type Member, type Timing } from './member.ts';
import type { Partitioner } from './partitioner.ts';
import { EARLIEST, LATEST, offsetsAt } from './protocol.ts';
import { createTransactor } from './transactor.ts';

/** A handler that ended by itself gets its partition again after a moment, as if another member took over. */
const RETAKE_MS = 1_000;

export interface SubscriptionParts extends SubscribeOptions {
  /** The subscription's own: joining a group blocks a connection. Closed with it. */
  cluster: Cluster;
  logger: Logger;
  timing: Timing;
  partitionOf: Partitioner;
  partitionCount(topic: string): Promise<number>;
  check(records: readonly LogRecord[]): Promise<void>;
  withinMs: number;
  handler(assignment: Assignment): Promise<void>;
}

interface Held {
  abort: AbortController;
  lost: boolean;
  lose?: () => void;
  ended: Promise<void>;
}

export function startSubscription(parts: SubscriptionParts): Subscription {
  const { cluster, logger, group, topics, from, timing, withinMs } = parts;
  const fetcher = createFetcher(cluster, logger);
  const held = new Map<string, Held>();

  function take(member: Member, generation: Generation, topic: string, partition: number): void {
    const name = `${topic}/${partition}`;
    const before = held.get(name)?.ended;
    const mine: Held = { abort: new AbortController(), lost: false, ended: Promise.resolve() };
    held.set(name, mine);
    mine.ended = (async () => {
      // A handler that outlived its drain still runs here; two at once in one process would be hard to understand.
      await before;
      while (!mine.abort.signal.aborted) {
        try {
          await work(member, generation, topic, partition, mine);
        } catch (error) {
          if (isExpelled(error)) break;
          const { code, message } = toParapetError(error);
          logger.warn({ group, topic, partition, code, err: message }, 'partition not taken, trying again');
        }
        await sleep(RETAKE_MS, undefined, { signal: mine.abort.signal }).catch(() => undefined);
      }
      if (held.get(name) === mine) held.delete(name);
    })();
  }

  async function work(member: Member, generation: Generation, topic: string, partition: number, mine: Held): Promise<void> {
    const revoked = mine.abort.signal;
    const transactor = createTransactor({ ...parts, transactionalId: `parapet.${group}.${topic}.${partition}` });
    const { stored, offset } = await persist(
      async () => {
        // To begin fences the owner before, so make sure to be the owner after; and only then is the position the last.
        await member.confirm(generation);
        const position = await transactor.begin(() => committedOffset(member.coordinator, group, topic, partition));
        const first = (await offsetsAt(cluster, topic, [partition], position || from === 'earliest' ? EARLIEST : LATEST)).get(partition);
        return { stored: position, offset: Math.max(position?.offset ?? 0, first ?? 0) };
      },
      { withinMs, until: () => revoked.aborted, mend: () => cluster.refreshMetadata() },
    );
    if (revoked.aborted) return;
    const buffer = createPartitionBuffer(topic, partition, offset);
    const { assignment, lose } = createAssignment({
      ...parts,
      member,
      generation,
      topic,
      partition,
      stored,
      offset,
      transactor,
      buffer,
      revoked,
    });
    if (mine.lost) lose();
    mine.lose = lose;
    fetcher.add(buffer);
    try {
      // The handler's owner (the runner) reports its own faults; here only the partition must come free again.
      await parts.handler(assignment).catch(() => undefined);
    } finally {
      lose();
      fetcher.remove(buffer);
    }
  }

  const member = joinGroup({
    ...parts,
    groupId: group,
    topics,
    timing,
    events: {
      taken(generation, partitions) {
        for (const { topic, partition } of partitions) take(member, generation, topic, partition);
      },
      async revoke() {
        for (const each of held.values()) each.abort.abort();
        await Promise.all([...held.values()].map((each) => each.ended));
      },
      lost() {
        for (const each of held.values()) {
          each.lost = true;
          each.lose?.();
          each.abort.abort();
        }
      },
    },
  });

  return {
    async close() {
      await member.leave();
      fetcher.close();
      await cluster.disconnect().catch(() => undefined);
    },
  };
}
