/**
 * Who reads which partition. Every member of a group keeps a row with an expiry and looks at the others' once a second;
 * all reach the same division on their own. A partition changes hands through a lease with an epoch: the old holder
 * drains and lets go, and if it never does (killed, stopped), the lease runs out and its late commits are refused.
 */
import { hostname } from 'node:os';
import { ParapetError } from '../../core/errors.ts';
import type { Store } from './store.ts';

const TICK_MS = 1_000;
const MEMBER_TTL_MS = 5_000;
const LEASE_TTL_MS = 10_000;

interface MemberRow {
  host: string;
  pid: number;
  topics: string[];
  expires: number;
}

interface LeaseRow {
  member: string;
  epoch: number;
  expires: number;
}

export interface Lease {
  topic: string;
  partition: number;
  epoch: number;
}

export interface MembershipEvents {
  taken(lease: Lease): void;
  /** The partition is to be given up: stop, then call `release`. */
  revoked(lease: Lease): void;
}

export interface Membership {
  /** Inside a write transaction: throws PARAPET_LOG_FENCED unless the lease is still held. */
  assertHeld(lease: Lease): void;
  release(lease: Lease): Promise<void>;
  leave(): Promise<void>;
}

/** Joins a group and keeps the membership alive until `leave`. `now` is in milliseconds since 1970. */
export async function joinGroup(
  store: Store,
  group: string,
  topics: string[],
  events: MembershipEvents,
  now = Date.now,
): Promise<Membership> {
  const { root, facts } = store;
  const member = `${hostname()}/${process.pid}/${Math.random().toString(36).slice(2, 10)}`;
  const memberKey = `member/${group}/${member}`;
  const held = new Map<string, Lease>();
  const leaving = new Set<string>();
  let left = false;

  const leaseKey = (topic: string, partition: number) => `lease/${group}/${topic}/${partition}`;

  function membersAt(at: number): { id: string; row: MemberRow; alive: boolean }[] {
    const prefix = `member/${group}/`;
    return [...facts.getRange({ start: prefix, end: `${prefix}\uffff` })].map(({ key, value }) => {
      const row = value as MemberRow;
      return { id: key.slice(prefix.length), row, alive: isAlive(row, at) };
    });
  }

  function liveMembers(at: number): [string, MemberRow][] {
    const members = membersAt(at);
    for (const { id, alive } of members) if (!alive) facts.removeSync(`member/${group}/${id}`);
    return members.filter(({ alive }) => alive).map(({ id, row }) => [id, row]);
  }

  function tick(): { taken: Lease[]; revoked: Lease[] } {
    const at = now();
    facts.putSync(memberKey, { host: hostname(), pid: process.pid, topics, expires: at + MEMBER_TTL_MS } satisfies MemberRow);
    const members = liveMembers(at);
    const alive = new Set(members.map(([id]) => id));
    const taken: Lease[] = [];
    const revoked: Lease[] = [];
    for (const topic of topics) {
      const readers = members.filter(([, row]) => row.topics.includes(topic)).map(([id]) => id);
      for (let partition = 0; partition < store.topic(topic).partitions; partition++) {
        const key = leaseKey(topic, partition);
        const row = facts.get(key) as LeaseRow | undefined;
        const mine = readers[partition % readers.length] === member;
        const lease = held.get(key);
        if (lease) {
          if (row?.member !== member || row.epoch !== lease.epoch) revoked.push(lease);
          else {
            facts.putSync(key, { ...row, expires: at + LEASE_TTL_MS } satisfies LeaseRow);
            if (!mine) revoked.push(lease);
          }
        } else if (mine && (row === undefined || row.member === '' || row.expires < at || !alive.has(row.member))) {
          const fresh: Lease = { topic, partition, epoch: (row?.epoch ?? 0) + 1 };
          facts.putSync(key, { member, epoch: fresh.epoch, expires: at + LEASE_TTL_MS } satisfies LeaseRow);
          taken.push(fresh);
        }
      }
    }
    return { taken, revoked };
  }

  /** Whether there is anything to write: a beat that changes nothing would still cost a synced commit. */
  function due(): boolean {
    const at = now();
    const own = facts.get(memberKey) as MemberRow | undefined;
    if (own === undefined || own.expires - at < MEMBER_TTL_MS / 2) return true;
    const members = membersAt(at);
    if (members.some(({ alive }) => !alive)) return true;
    return topics.some((topic) => {
      const readers = members.filter(({ row }) => row.topics.includes(topic)).map(({ id }) => id);
      return Array.from({ length: store.topic(topic).partitions }).some(
        (_, partition) => held.has(leaseKey(topic, partition)) !== (readers[partition % readers.length] === member),
      );
    });
  }

  async function beat(): Promise<void> {
    if (!due()) return;
    const { taken, revoked } = await root.transaction(tick);
    if (left) return;
    for (const lease of revoked) {
      const key = leaseKey(lease.topic, lease.partition);
      if (leaving.has(key)) continue;
      leaving.add(key);
      events.revoked(lease);
    }
    for (const lease of taken) {
      held.set(leaseKey(lease.topic, lease.partition), lease);
      events.taken(lease);
    }
  }

  async function release(lease: Lease): Promise<void> {
    const key = leaseKey(lease.topic, lease.partition);
    held.delete(key);
    leaving.delete(key);
    await root.transaction(() => {
      const row = facts.get(key) as LeaseRow | undefined;
      if (row?.member === member && row.epoch === lease.epoch)
        facts.putSync(key, { member: '', epoch: row.epoch, expires: 0 } satisfies LeaseRow);
    });
  }

  await beat();
  // A failed beat (a full disk, say) is tried again at the next one; the lease bounds how long that may go on.
  const timer = setInterval(() => void beat().catch(() => undefined), TICK_MS);

  return {
    assertHeld(lease) {
      const row = facts.get(leaseKey(lease.topic, lease.partition)) as LeaseRow | undefined;
      if (row?.member !== member || row.epoch !== lease.epoch) {
        throw new ParapetError('PARAPET_LOG_FENCED', {
          message: `${group} no longer holds ${lease.topic}/${lease.partition} in this process.`,
        });
      }
    },
    release,
    async leave() {
      left = true;
      clearInterval(timer);
      await root.transaction(() => {
        facts.removeSync(memberKey);
      });
    },
  };
}

/** True while someone holds the partition for the group. Inside a write transaction or outside. */
export function isHeld(store: Store, group: string, topic: string, partition: number, now = Date.now()): boolean {
  const row = store.facts.get(`lease/${group}/${topic}/${partition}`) as LeaseRow | undefined;
  if (row === undefined || row.member === '' || row.expires < now) return false;
  const holder = store.facts.get(`member/${group}/${row.member}`) as MemberRow | undefined;
  return holder !== undefined && isAlive(holder, now);
}

/** A row that has not run out, of a process that is not known to be dead. */
function isAlive(row: MemberRow, at: number): boolean {
  if (row.expires < at) return false;
  if (row.host !== hostname()) return true;
  try {
    process.kill(row.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
