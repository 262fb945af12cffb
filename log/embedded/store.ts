/**
 * The LMDB environment of the embedded log: what is stored under which key, and the append that assigns offsets.
 * Offsets are assigned inside the write transaction, and LMDB has one writer at a time over all processes, so offsets
 * have no gap and no race.
 */
import { hash } from 'node:crypto';
import { type Database, open, type RootDatabase } from 'lmdb';
import { ParapetError } from '../../core/errors.ts';
import { ageOf } from '../expiry.ts';
import type { LogRecord, PartitionRange, Position, Producer, StoredRecord } from '../port.ts';
import { isCompacted } from '../topics.ts';
import { offsetOf, packRecord, partitionOf, recordKey, timestampOf, unpackRecord } from './frame.ts';
import { slabEncoder } from './slab.ts';

export interface TopicMeta {
  number: number;
  partitions: number;
}

export interface Store {
  root: RootDatabase;
  /** Small facts: topics, ends of partitions, commits, leases, members, producers, and where the newest record of a compacted key is. */
  facts: Database<unknown, string>;
  topic(name: string): TopicMeta;
  /** Adds a topic that is not there yet; the partition count of one that is stays. */
  createTopic(name: string, partitions: number): Promise<void>;
  /** Only inside a write transaction. */
  appendInTransaction(records: readonly LogRecord[], producer?: Producer): Position[];
  read(position: Position, options: { maxRecords: number; maxBytes: number }): StoredRecord[];
  end(topic: string, partition: number): number;
  ranges(topic: string): PartitionRange[];
  expire(topic: string, before: number, limits?: ReadonlyMap<number, number>): Promise<number>;
  /** Grows with every append of any process. */
  appends(): number;
}

const EXPIRE_CHUNK = 10_000;
const LAST_OFFSET = Number.MAX_SAFE_INTEGER;

export function openStore(path: string, mayCreate: (topic: string) => number | undefined): Store {
  const root = open({
    path,
    maxDbs: 4,
    // One ordinary commit, synced before it is visible: what a consumer has seen can't be undone by a power cut.
    overlappingSync: false,
    // Maps the file piece by piece as it is read. Else a reader's resident memory grows to all of the log that it has read.
    remapChunks: true,
    keyEncoding: 'binary',
    encoding: 'binary',
  });
  // `encoder` is documented, but missing in lmdb's types.
  const recordOptions = { name: 'records', keyEncoding: 'binary', encoding: 'binary', encoder: slabEncoder() } as const;
  const records = root.openDB<Buffer, Buffer>(recordOptions);
  const facts = root.openDB<unknown, string>({ name: 'facts', keyEncoding: 'ordered-binary', encoding: 'msgpack' });
  const topics = new Map<string, TopicMeta>();

  function lookup(name: string): TopicMeta | undefined {
    const known = topics.get(name) ?? (facts.get(`topic/${name}`) as TopicMeta | undefined);
    if (known) topics.set(name, known);
    return known;
  }

  function createInTransaction(name: string, partitions: number): TopicMeta {
    const existing = facts.get(`topic/${name}`) as TopicMeta | undefined;
    if (existing) return existing;
    const number = ((facts.get('topics') as number | undefined) ?? 0) + 1;
    const meta = { number, partitions };
    facts.putSync('topics', number);
    facts.putSync(`topic/${name}`, meta);
    return meta;
  }

  function topic(name: string): TopicMeta {
    const meta = lookup(name);
    if (meta === undefined) throw new ParapetError('PARAPET_LOG_TOPIC_UNKNOWN', { message: `The event log has no topic ${name}.` });
    return meta;
  }

  function topicForAppend(name: string): TopicMeta {
    const partitions = mayCreate(name);
    return lookup(name) ?? (partitions === undefined ? topic(name) : createInTransaction(name, partitions));
  }

  const endKey = (meta: TopicMeta, partition: number) => `end/${meta.number}/${partition}`;

  // Hashed: a key may be longer than LMDB takes one.
  const newestKey = (meta: TopicMeta, partition: number, key: string) => `newest/${meta.number}/${partition}/${hash('sha1', key)}`;

  /** Only inside a write transaction: the record at `offset` takes the place of its key's last one. */
  function compact(meta: TopicMeta, partition: number, key: string, offset: number): void {
    const newest = newestKey(meta, partition, key);
    const last = facts.get(newest) as number | undefined;
    if (last !== undefined) records.removeSync(recordKey(meta.number, partition, last));
    facts.putSync(newest, offset);
  }

  /** Only inside a write transaction. */
  function remove(topic: string, meta: TopicMeta, partition: number, key: Buffer): void {
    if (isCompacted(topic)) {
      // Another may have taken its place by now.
      for (const found of records.getRange({ start: key, limit: 1 })) {
        if (!found.key.equals(key)) break;
        facts.removeSync(newestKey(meta, partition, unpackRecord(topic, partition, offsetOf(key), found.value).key));
      }
    }
    records.removeSync(key);
  }

  return {
    root,
    facts,
    topic,

    async createTopic(name, partitions) {
      if (lookup(name)) return;
      await root.transaction(() => createInTransaction(name, partitions));
    },

    appendInTransaction(batch, producer) {
      const positions: Position[] = [];
      const ends = new Map<string, number>();
      let skip = 0;
      if (producer) {
        const last = (facts.get(`producer/${producer.id}`) as number | undefined) ?? 0;
        skip = Math.max(0, last + 1 - producer.firstSequence);
        if (skip < batch.length) facts.putSync(`producer/${producer.id}`, producer.firstSequence + batch.length - 1);
      }
      for (let i = 0; i < batch.length; i++) {
        const record = batch[i] as LogRecord;
        if (i < skip) {
          positions.push({ topic: record.topic, partition: -1, offset: -1 });
          continue;
        }
        const meta = topicForAppend(record.topic);
        const partition = partitionOf(record.key, meta.partitions);
        const key = endKey(meta, partition);
        const offset = ends.get(key) ?? (facts.get(key) as number | undefined) ?? 0;
        records.putSync(recordKey(meta.number, partition, offset), packRecord(record));
        if (isCompacted(record.topic)) compact(meta, partition, record.key, offset);
        ends.set(key, offset + 1);
        positions.push({ topic: record.topic, partition, offset });
      }
      for (const [key, end] of ends) facts.putSync(key, end);
      if (ends.size > 0) facts.putSync('appends', ((facts.get('appends') as number | undefined) ?? 0) + 1);
      return positions;
    },

    read(position, { maxRecords, maxBytes }) {
      const meta = topic(position.topic);
      const out: StoredRecord[] = [];
      let bytes = 0;
      const range = records.getRange({
        start: recordKey(meta.number, position.partition, position.offset),
        end: recordKey(meta.number, position.partition, LAST_OFFSET),
        limit: maxRecords,
      });
      for (const { key, value } of range) {
        bytes += value.length;
        if (out.length > 0 && bytes > maxBytes) break;
        out.push(unpackRecord(position.topic, position.partition, offsetOf(key), value));
      }
      return out;
    },

    appends() {
      // Without a renewed snapshot this process would go on seeing what it saw before.
      root.resetReadTxn();
      return (facts.get('appends') as number | undefined) ?? 0;
    },

    end(name, partition) {
      return (facts.get(endKey(topic(name), partition)) as number | undefined) ?? 0;
    },

    ranges(name) {
      const meta = topic(name);
      return Array.from({ length: meta.partitions }, (_, partition) => {
        const end = (facts.get(endKey(meta, partition)) as number | undefined) ?? 0;
        const first = records.getKeys({
          start: recordKey(meta.number, partition, 0),
          end: recordKey(meta.number, partition, LAST_OFFSET),
          limit: 1,
        });
        let start = end;
        for (const key of first) start = offsetOf(key);
        return { partition, start, end };
      });
    },

    async expire(name, before, limits) {
      const meta = topic(name);
      let removed = 0;
      for (let partition = 0; partition < meta.partitions; partition++) {
        const limit = limits === undefined ? LAST_OFFSET : (limits.get(partition) ?? 0);
        /** From the future; they go when an old one is behind them. */
        let early: Buffer[] = [];
        let next = 0;
        for (;;) {
          const old: Buffer[] = [];
          const range = records.getRange({
            start: recordKey(meta.number, partition, next),
            end: recordKey(meta.number, partition, LAST_OFFSET),
            limit: EXPIRE_CHUNK,
          });
          let looked = 0;
          for (const { key, value } of range) {
            const age = ageOf(timestampOf(value), before);
            if (age === 'kept' || offsetOf(key) >= limit) break;
            looked += 1;
            next = offsetOf(key) + 1;
            early.push(key);
            if (age === 'early') continue;
            for (const each of early) old.push(each);
            early = [];
          }
          if (old.length > 0) {
            await root.transaction(() => {
              for (const key of old) remove(name, meta, partition, key);
            });
          }
          removed += old.length;
          if (looked < EXPIRE_CHUNK) break;
        }
      }
      return removed;
    },
  };
}
