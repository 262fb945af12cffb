/**
 * Membership in a consumer group: join, divide the partitions, keep alive, give up, join again. A rebalance waits for
 * what the handlers hold: the member goes on beating while they finish, and joins the new generation when they have, or
 * when `drainMs` is over; what is still in hand then counts as lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../core/logger.ts';
import { divide } from './assignor.ts';
import { type Coordinator, createCoordinator, GROUP } from './coordinator.ts';
import { isExpelled, isRebalance, unavailable } from './faults.ts';
import { type Cluster, MemberAssignment, MemberMetadata } from './internals.ts';

const PROTOCOL = 'parapet';
const PROTOCOL_VERSION = 1;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A leave that finds no coordinator is not worth waiting for: the session runs out by itself. */
const LEAVE_MS = 2_000;
const REPORTED_FAILURE = 5;

export interface Timing {
  /** A member that is not heard of for so long is taken for dead. At least 6 s, Kafka's own minimum. */
  sessionMs: number;
  heartbeatMs: number;
  /** How long a handler may finish what it holds when a partition is to be given up. */
  drainMs: number;
}

export interface Generation {
  groupId: string;
  memberId: string;
  groupGenerationId: number;
}

export interface MemberEvents {
  /** The partitions of the new generation. */
  taken(generation: Generation, partitions: { topic: string; partition: number }[]): void;
  /** Give everything up; resolves when the handlers have ended. */
  revoke(): Promise<void>;
  /** What has not ended is no longer this member's. */
  lost(): void;
}

export interface Member {
  readonly coordinator: Coordinator;
  /** Throws ILLEGAL_GENERATION or UNKNOWN_MEMBER_ID when the generation is over; a rebalance under way is not yet that. */
  confirm(generation: Generation): Promise<void>;
  /** Gives everything up, waits for the handlers and leaves. */
  leave(): Promise<void>;
}

export interface MemberParts {
  cluster: Cluster;
  logger: Logger;
  groupId: string;
  topics: string[];
  timing: Timing;
  partitionCount(topic: string): Promise<number>;
  events: MemberEvents;
}

export function joinGroup({ cluster, logger, groupId, topics, timing, partitionCount, events }: MemberParts): Member {
  const coordinator = createCoordinator(cluster, groupId, GROUP);
  const leaving = new AbortController();
  let memberId = '';

  async function join(): Promise<{ generation: Generation; partitions: { topic: string; partition: number }[] }> {
    const joined = await coordinator.ask((broker) =>
      broker.joinGroup({
        groupId,
        sessionTimeout: timing.sessionMs,
        // The others' handlers have as long as ours, and a member that is about to be taken for dead needs its session.
        rebalanceTimeout: timing.drainMs + timing.sessionMs,
        memberId,
        groupProtocols: [{ name: PROTOCOL, metadata: MemberMetadata.encode({ version: PROTOCOL_VERSION, topics }) }],
      }),
    );
    memberId = joined.memberId;
    const members = joined.members.map((each) => ({ id: each.memberId, topics: MemberMetadata.decode(each.memberMetadata).topics }));
    const { memberAssignment } = await coordinator.ask(async (broker) =>
      broker.syncGroup({
        groupId,
        generationId: joined.generationId,
        memberId,
        groupAssignment: joined.leaderId === memberId ? await assignments(members) : [],
      }),
    );
    const mine = MemberAssignment.decode(memberAssignment)?.assignment ?? {};
    return {
      generation: { groupId, memberId, groupGenerationId: joined.generationId },
      partitions: Object.entries(mine).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition }))),
    };
  }

  async function assignments(members: { id: string; topics: string[] }[]) {
    const wanted = [...new Set(members.flatMap((each) => each.topics))].sort();
    const counts = await Promise.all(wanted.map(async (topic) => ({ topic, partitions: await partitionCount(topic) })));
    return [...divide(members, counts)].map(([id, assignment]) => ({
      memberId: id,
      memberAssignment: MemberAssignment.encode({ version: PROTOCOL_VERSION, assignment }),
    }));
  }

  /** Beats until the group wants a new generation ('rebalance'), has dropped this member ('expelled'), or `until`. */
  async function beat(generation: Generation, until: AbortSignal): Promise<'rebalance' | 'expelled' | 'ended'> {
    while (!until.aborted) {
      await sleep(timing.heartbeatMs, undefined, { signal: until }).catch(() => undefined);
      if (until.aborted) break;
      try {
        await coordinator.ask((broker) => broker.heartbeat(generation));
      } catch (error) {
        if (isRebalance(error)) return 'rebalance';
        if (isExpelled(error)) return 'expelled';
        // The broker is away, and with it the whole group: it stands as it stood when the broker is back.
      }
    }
    return 'ended';
  }

  /** Lets the handlers finish while the member stays alive. True when they did. */
  async function drain(generation: Generation): Promise<boolean> {
    const ended = new AbortController();
    let done = false;
    const handlers = events.revoke().then(() => {
      done = true;
      ended.abort();
    });
    const expelled = (async () => {
      while (!ended.signal.aborted) if ((await beat(generation, ended.signal)) === 'expelled') return;
    })();
    const late = sleep(timing.drainMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
    await Promise.race([handlers, expelled, late]);
    ended.abort();
    return done;
  }

  async function live(): Promise<void> {
    let failures = 0;
    while (!leaving.signal.aborted) {
      try {
        const { generation, partitions } = await join();
        failures = 0;
        logger.info({ group: groupId, generation: generation.groupGenerationId, partitions: partitions.length }, 'joined');
        events.taken(generation, partitions);
        const why = await beat(generation, leaving.signal);
        if (why === 'expelled') {
          logger.warn({ group: groupId, generation: generation.groupGenerationId }, 'taken for dead by the group');
          events.lost();
          memberId = '';
        }
        if (!(await drain(generation))) {
          logger.warn({ group: groupId, drainMs: timing.drainMs }, 'handlers did not end in time');
          events.lost();
        }
      } catch (error) {
        if (isExpelled(error)) memberId = '';
        if (isRebalance(error) || isExpelled(error)) continue;
        failures += 1;
        if (failures === REPORTED_FAILURE) {
          logger.warn({ group: groupId, code: 'PARAPET_LOG_UNAVAILABLE', err: unavailable(error).message }, 'cannot join the group');
        }
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 6));
        await sleep(pause, undefined, { signal: leaving.signal }).catch(() => undefined);
        await cluster.refreshMetadata().catch(() => undefined);
      }
    }
  }

  const living = live();

  return {
    coordinator,
    async confirm(generation) {
      try {
        await coordinator.ask((broker) => broker.heartbeat(generation));
      } catch (error) {
        if (!isRebalance(error)) throw error;
      }
    },
    async leave() {
      leaving.abort();
      await living;
      // The drain has a bound, this has none: whoever closes wants the handlers to have ended.
      await events.revoke();
      if (memberId === '') return;
      const left = coordinator.ask((broker) => broker.leaveGroup({ groupId, memberId })).catch(() => undefined);
      await Promise.race([left, sleep(LEAVE_MS, undefined, { ref: false })]);
    },
  };
}
