/**
 * A partition in the hands of a member. A commit without records is a plain one, which the coordinator refuses to a
 * stale generation. One with records is a transaction, which the broker refuses to whoever is not the last to have
 * begun under the partition's id. Both leave the same trace: offset and note.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Assignment, LogRecord } from '../port.ts';
import type { PartitionBuffer } from './buffer.ts';
import { type CommittedOffset, committedOffset } from './coordinator.ts';
import { finalError, isExpelled, isRebalance, persist, reportTo } from './faults.ts';
import type { Cluster } from './internals.ts';
import type { Generation, Member } from './member.ts';
import { LATEST, offsetsAt } from './protocol.ts';
import type { Transactor } from './transactor.ts';

const VISIBLE_MS = 500;

export interface AssignmentParts {
  cluster: Cluster;
  member: Member;
  generation: Generation;
  topic: string;
  partition: number;
  /** As the group has it now; undefined when it has never committed. */
  stored: CommittedOffset | undefined;
  /** Where to begin. */
  offset: number;
  transactor: Transactor;
  buffer: PartitionBuffer;
  revoked: AbortSignal;
  /** Checks topics and sizes; throws what `append` throws. */
  check(records: readonly LogRecord[]): Promise<void>;
  logger: Logger;
  /** How long a commit is tried before it fails with PARAPET_LOG_UNAVAILABLE. */
  withinMs: number;
}

export interface HeldAssignment {
  assignment: Assignment;
  /** From now on every commit is refused. */
  lose(): void;
}

export function createAssignment(parts: AssignmentParts): HeldAssignment {
  const { cluster, member, generation, topic, partition, offset, transactor, buffer, revoked } = parts;
  const group = generation.groupId;
  let stored = parts.stored;
  let lost = false;
  let last: Promise<void> = Promise.resolve();

  const fenced = (cause?: unknown) =>
    new ParapetError('PARAPET_LOG_FENCED', { message: `${group} no longer holds ${topic}/${partition} in this process.`, cause });

  function assertHeld(): void {
    if (lost) throw fenced();
  }

  async function plain(next: CommittedOffset): Promise<void> {
    await persist(
      async () => {
        assertHeld();
        try {
          await member.coordinator.ask((broker) =>
            broker.offsetCommit({
              ...generation,
              topics: [{ topic, partitions: [{ partition, offset: String(next.offset), metadata: next.metadata }] }],
            }),
          );
        } catch (error) {
          if (isExpelled(error) || isRebalance(error)) lose(error);
          throw error;
        }
      },
      { withinMs: parts.withinMs, onFailure: reportTo(parts.logger, { group, topic, partition }) },
    );
    stored = next;
  }

  async function transactional(next: CommittedOffset, records: readonly LogRecord[]): Promise<void> {
    await persist(
      async () => {
        assertHeld();
        // Begun anew, the last try has ended one way or the other, and the group's position says which.
        if (!transactor.ready && (await restart(next)) === 'done') return;
        await transactor.transact(records, { topic, partition, ...next });
      },
      { withinMs: parts.withinMs, mend: () => cluster.refreshMetadata(), onFailure: reportTo(parts.logger, { group, topic, partition }) },
    );
    stored = next;
    await visible(next);
  }

  /** A transaction has committed a moment before its position can be read; whoever reads after the commit shall see it. */
  async function visible(next: CommittedOffset): Promise<void> {
    const until = performance.now() + VISIBLE_MS;
    for (let pause = 1; performance.now() < until; pause *= 2) {
      const now = await committedOffset(member.coordinator, group, topic, partition).catch(() => undefined);
      if (same(now, next)) return;
      await sleep(pause);
    }
  }

  /**
   * To begin fences the partition's new owner, if there is one; so the group is asked first. Should it change its mind
   * in between, the owner is fenced once, finds itself still a member, begins too, and the position tells both where
   * they stand: whoever does not find it where he left it gives up.
   */
  async function restart(next: CommittedOffset): Promise<'done' | 'again'> {
    try {
      await member.confirm(generation);
    } catch (error) {
      if (isExpelled(error)) lose(error);
      throw error;
    }
    const now = await transactor.begin(() => committedOffset(member.coordinator, group, topic, partition));
    if (same(now, stored)) return 'again';
    if (same(now, next)) return 'done';
    return lose();
  }

  function lose(cause?: unknown): never {
    lost = true;
    throw fenced(cause);
  }

  return {
    lose() {
      lost = true;
    },
    assignment: {
      topic,
      partition,
      committed: { offset, metadata: parts.stored?.metadata ?? '' },
      revoked,

      read: (start, limits) => buffer.take(start, limits, revoked),

      async end() {
        return buffer.end() ?? (await offsetsAt(cluster, topic, [partition], LATEST)).get(partition) ?? offset;
      },

      commit(next, metadata = '', records = []) {
        const target = { offset: next, metadata };
        // One after the other: a commit that overtakes another would put the group back.
        const done = last.then(async () => {
          assertHeld();
          try {
            if (records.length === 0) await plain(target);
            else {
              await parts.check(records);
              await transactional(target, records);
            }
          } catch (error) {
            throw finalError(error) ?? error;
          }
        });
        last = done.catch(() => undefined);
        return done;
      },
    },
  };
}

function same(a: CommittedOffset | undefined, b: CommittedOffset | undefined): boolean {
  return a?.offset === b?.offset && (a?.metadata ?? '') === (b?.metadata ?? '');
}
