/**
 * The embedded event log: LMDB in a folder, shared by the processes of one machine. Appends and commits are
 * transactions, so a processor's outputs and its position move together: exactly once, without a protocol.
 */
import { mkdirSync } from 'node:fs';
import { ParapetError, toParapetError } from '../../core/errors.ts';
import type { Assignment, Commit, EventLog, LogRecord, Subscription } from '../port.ts';
import { isDeadLetterTopic } from '../topics.ts';
import { isHeld, joinGroup, type Lease, type Membership } from './groups.ts';
import { openStore, type Store } from './store.ts';
import { createWaker, type Waker } from './waker.ts';

const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export interface EmbeddedLogOptions {
  /** Folder of the log; made when missing. */
  path: string;
  /** Topics to make, with their number of partitions. Dead-letter topics are made when first written or subscribed to, with one. */
  topics: Record<string, number>;
}

export { partitionsByTopic as embeddedTopics } from '../topics.ts';

export async function openEmbeddedLog({ path, topics }: EmbeddedLogOptions): Promise<EventLog> {
  mkdirSync(path, { recursive: true });
  const store = openStore(path, (topic) => topics[topic] ?? (isDeadLetterTopic(topic) ? 1 : undefined));
  for (const [name, partitions] of Object.entries(topics)) await store.createTopic(name, partitions);
  const waker = createWaker(store.appends);
  const subscriptions = new Set<Subscription>();
  // Readers that were killed would keep old pages from being used again.
  const cleaner = setInterval(() => store.root.readerCheck(), 60_000).unref();

  return {
    transactional: true,

    async append(records, producer) {
      if (records.length === 0) return [];
      for (const record of records) assertSize(record);
      const positions = await write(store, () => store.appendInTransaction(records, producer));
      waker.wake();
      return positions;
    },

    async subscribe({ group, topics: wanted, from }, handler) {
      for (const name of wanted) if (isDeadLetterTopic(name)) await store.createTopic(name, 1);
      const subscription = await startSubscription({ store, waker, group, topics: wanted, from, handler });
      subscriptions.add(subscription);
      return {
        async close() {
          subscriptions.delete(subscription);
          await subscription.close();
        },
      };
    },

    async read(position, options) {
      store.root.resetReadTxn();
      return store.read(position, options);
    },

    async ranges(topic) {
      store.root.resetReadTxn();
      return store.ranges(topic);
    },

    async commits(group) {
      store.root.resetReadTxn();
      const prefix = `commit/${group}/`;
      return [...store.facts.getRange({ start: prefix, end: `${prefix}\uffff` })].map(({ value }) => value as Commit);
    },

    async seek(group, position, metadata = '') {
      await write(store, () => {
        if (isHeld(store, group, position.topic, position.partition)) {
          throw new ParapetError('PARAPET_LOG_FENCED', {
            message: `A member of ${group} is reading ${position.topic}/${position.partition}; stop it first.`,
          });
        }
        putCommit(store, group, { ...position, metadata });
      });
    },

    async standings(topic) {
      store.root.resetReadTxn();
      store.topic(topic);
      return [...store.facts.getRange({ start: 'commit/', end: 'commit/\uffff' })]
        .filter(({ value }) => (value as Commit).topic === topic)
        .map(({ key, value }) => {
          const { partition, offset } = value as Commit;
          return { group: key.slice('commit/'.length, key.lastIndexOf(`/${topic}/`)), partition, offset };
        });
    },

    expire: (topic, before, limits) => store.expire(topic, before, limits),

    async close() {
      clearInterval(cleaner);
      await Promise.all([...subscriptions].map((each) => each.close()));
      waker.close();
      await store.root.close();
    },
  };
}

interface SubscriptionParts {
  store: Store;
  waker: Waker;
  group: string;
  topics: string[];
  from: 'earliest' | 'latest';
  handler: (assignment: Assignment) => Promise<void>;
}

async function startSubscription({ store, waker, group, topics, from, handler }: SubscriptionParts): Promise<Subscription> {
  const running = new Map<Lease, { abort: AbortController; ended: Promise<void> }>();
  const pending: Lease[] = [];
  let membership: Membership | undefined;

  function start(lease: Lease, member: Membership): void {
    const abort = new AbortController();
    const assignment = createAssignment({ store, waker, group, from, lease, member, revoked: abort.signal });
    const ended = handler(assignment)
      // The handler's owner (the runner) reports its own faults; here only the partition must come free again.
      .catch(() => undefined)
      .then(async () => {
        running.delete(lease);
        await member.release(lease).catch(() => undefined);
      });
    running.set(lease, { abort, ended });
  }

  membership = await joinGroup(store, group, topics, {
    taken(lease) {
      if (membership) start(lease, membership);
      else pending.push(lease);
    },
    revoked(lease) {
      running.get(lease)?.abort.abort();
    },
  });
  for (const lease of pending) start(lease, membership);

  return {
    async close() {
      const all = [...running.values()];
      for (const each of all) each.abort.abort();
      await Promise.all(all.map((each) => each.ended));
      await membership.leave();
    },
  };
}

interface AssignmentParts {
  store: Store;
  waker: Waker;
  group: string;
  from: 'earliest' | 'latest';
  lease: Lease;
  member: Membership;
  revoked: AbortSignal;
}

function createAssignment({ store, waker, group, from, lease, member, revoked }: AssignmentParts): Assignment {
  const { topic, partition } = lease;
  store.root.resetReadTxn();
  const stored = store.facts.get(commitKey(group, topic, partition)) as Commit | undefined;
  const range = store.ranges(topic)[partition] ?? { start: 0, end: 0 };
  const offset = Math.max(stored?.offset ?? (from === 'latest' ? range.end : 0), range.start);

  return {
    topic,
    partition,
    committed: { offset, metadata: stored?.metadata ?? '' },
    revoked,

    async read(start, { maxRecords, maxBytes, waitMs }) {
      const until = performance.now() + waitMs;
      for (;;) {
        if (revoked.aborted) return [];
        store.root.resetReadTxn();
        if (start < store.end(topic, partition)) return store.read({ topic, partition, offset: start }, { maxRecords, maxBytes });
        if (!(await waker.wait(until - performance.now(), revoked))) return [];
      }
    },

    async end() {
      store.root.resetReadTxn();
      return store.end(topic, partition);
    },

    async commit(next, metadata = '', records = []) {
      for (const record of records) assertSize(record);
      await write(store, () => {
        member.assertHeld(lease);
        if (records.length > 0) store.appendInTransaction(records);
        putCommit(store, group, { topic, partition, offset: next, metadata });
      });
      if (records.length > 0) waker.wake();
    },
  };
}

const commitKey = (group: string, topic: string, partition: number) => `commit/${group}/${topic}/${partition}`;

function putCommit(store: Store, group: string, commit: Commit): void {
  store.facts.putSync(commitKey(group, commit.topic, commit.partition), commit);
}

/** One write transaction. A failure inside undoes all of it: LMDB alone would keep what came before the throw. */
async function write<T>(store: Store, work: () => T): Promise<T> {
  let failure: unknown;
  let result: T | undefined;
  try {
    await store.root.childTransaction(() => {
      try {
        result = work();
        return undefined;
      } catch (error) {
        failure = error;
        throw error;
      }
    });
  } catch (error) {
    throw toParapetError(failure ?? error, 'PARAPET_STORE_UNAVAILABLE');
  }
  return result as T;
}

function assertSize(record: LogRecord): void {
  if (record.value.length > MAX_RECORD_BYTES) {
    throw new ParapetError('PARAPET_RECORD_TOO_LARGE', {
      message: `A record of ${record.value.length} bytes for ${record.topic}; ${MAX_RECORD_BYTES} are allowed.`,
    });
  }
}
