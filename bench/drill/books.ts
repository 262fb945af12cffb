/** The ids that each book holds, and how often: what a drill compares with what its clients saw. */
import { createClient } from '@clickhouse/client';
import { connectMetadata, connectTelemetry, openCodec, openLake, openLog } from '../../cli/stores.ts';
import { TOPICS, type TopicId } from '../../log/topics.ts';
import { eventIds, openElasticsearch } from '../../sinks/elasticsearch/index.ts';
import { interactionIds } from '../../sinks/influxdb/index.ts';
import { tallyPostgres } from '../../sinks/postgres/index.ts';
import { readLake } from '../../sinks/s3/index.ts';
import type { RunningParapet } from '../parapet.ts';

export type Ids = Map<string, number>;

/** Ids of the records of a topic. */
export async function idsInLog<Id extends TopicId>({ env }: RunningParapet, topic: Id, id: (record: never) => string): Promise<Ids> {
  const log = await openLog(env);
  const codec = await openCodec(env);
  const ids: Ids = new Map();
  const { name } = TOPICS[topic];
  for (const { partition, start, end } of await log.ranges(name)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic: name, partition, offset }, { maxRecords: 5_000, maxBytes: 32 * 2 ** 20 });
      for (const record of records) add(ids, id(codec.decode(topic, record.value) as never));
      offset = (records.at(-1)?.offset ?? end) + 1;
    }
  }
  await log.close();
  return ids;
}

export async function idsInClickHouse({ clickhouse }: RunningParapet, table: string, column: string): Promise<Ids> {
  const { url, user, password, database } = clickhouse;
  const store = createClient({ url, username: user, password, database });
  const answer = await store.query({
    query: `SELECT ${column}, toUInt32(count()) FROM ${table} GROUP BY ${column}`,
    format: 'JSONCompactEachRow',
  });
  const ids = new Map(await answer.json<[string, number]>());
  await store.close();
  return ids;
}

/** Ids by record; a record that stands in two files shows in the reconciliation, which counts rows. */
export async function idsInLake({ env }: RunningParapet): Promise<Ids> {
  const codec = await openCodec(env);
  const ids: Ids = new Map();
  for await (const { value } of readLake(openLake(env), 'interactions')) add(ids, codec.decode('interactions', value).interactionId);
  return ids;
}

export async function idsInElasticsearch({ env }: RunningParapet, view: 'threats' | 'audit'): Promise<Ids> {
  const store = await openElasticsearch({ url: env.ELASTICSEARCH_URL as string, prefix: env.ELASTICSEARCH_PREFIX });
  const ids: Ids = new Map();
  for (const id of await eventIds(store, view, { from: new Date(0), to: new Date('2200-01-01') })) add(ids, id);
  await store.close();
  return ids;
}

export async function idsInInflux({ env }: RunningParapet): Promise<Ids> {
  const ids: Ids = new Map();
  const always = { from: new Date(0), to: new Date('2262-01-01') };
  for (const id of await interactionIds(await connectTelemetry(env), always)) add(ids, id);
  return ids;
}

/** What PostgreSQL has counted: interactions and threats. */
export async function countsInPostgres({ env }: RunningParapet): Promise<{ interactions: number; threats: number }> {
  const store = await connectMetadata(env);
  const tallies = await tallyPostgres(store);
  await store.close();
  return {
    interactions: tallies.reduce((sum, { interactions }) => sum + Number(interactions), 0),
    threats: tallies.reduce((sum, { threats }) => sum + Number(threats), 0),
  };
}

function add(counts: Ids, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

/** Ids of `truth` that `view` lacks, and ids that `view` holds more than once or that `truth` does not know. */
export function compare(truth: Iterable<string>, view: Ids, known?: Ids): { missing: string[]; wrong: string[] } {
  return {
    missing: [...truth].filter((id) => !view.has(id)),
    wrong: [...view].filter(([id, times]) => times > 1 || (known !== undefined && !known.has(id))).map(([id]) => id),
  };
}
