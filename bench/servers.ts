/**
 * Real servers for one run: their addresses come from the environment (as `shared/servers/up` prints them, or yours), and
 * everything that the run makes in them has a name of its own, so that runs do not see each other and can be removed.
 */
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createClient } from '@clickhouse/client';
import { Client } from '@elastic/elasticsearch';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';

export interface Servers {
  /** Parapet's settings for this run. */
  settings: Record<string, string>;
  /** Removes what the run made. */
  remove(): Promise<void>;
}

const NEEDED = [
  'KAFKA_BROKERS',
  'SCHEMA_REGISTRY_URL',
  'CLICKHOUSE_URL',
  'S3_ENDPOINT',
  'ELASTICSEARCH_URL',
  'INFLUX_URL',
  'DATABASE_URL',
] as const;

/** The variables that are not set; none when a run on real servers can begin. */
export function missingServers(source: NodeJS.ProcessEnv = process.env): string[] {
  return NEEDED.filter((name) => (source[name] ?? '') === '');
}

/** Also makes the bucket: Parapet takes one that its operator made. */
export async function serversOf(source: NodeJS.ProcessEnv = process.env): Promise<Servers> {
  const lacking = missingServers(source);
  if (lacking.length > 0) throw new Error(`Not set: ${lacking.join(', ')}. shared/servers/up starts servers and prints their addresses.`);
  const run = `run${Math.random().toString(36).slice(2, 10)}`;
  const of = (name: string, fallback = '') => source[name] ?? fallback;
  const settings: Record<string, string> = {
    KAFKA_BROKERS: of('KAFKA_BROKERS'),
    KAFKA_PREFIX: `${run}.`,
    KAFKA_REPLICATION_FACTOR: '1',
    SCHEMA_REGISTRY_URL: of('SCHEMA_REGISTRY_URL'),
    CLICKHOUSE_URL: of('CLICKHOUSE_URL'),
    CLICKHOUSE_USER: of('CLICKHOUSE_USER', 'default'),
    CLICKHOUSE_PASSWORD: of('CLICKHOUSE_PASSWORD'),
    CLICKHOUSE_DATABASE: run,
    S3_ENDPOINT: of('S3_ENDPOINT'),
    S3_BUCKET: run,
    S3_ACCESS_KEY_ID: of('AWS_ACCESS_KEY_ID'),
    S3_SECRET_ACCESS_KEY: of('AWS_SECRET_ACCESS_KEY'),
    ELASTICSEARCH_URL: of('ELASTICSEARCH_URL'),
    ELASTICSEARCH_PREFIX: `${run}-`,
    INFLUX_URL: of('INFLUX_URL'),
    INFLUX_TOKEN: of('INFLUX_TOKEN'),
    INFLUX_ORG: of('INFLUX_ORG'),
    INFLUX_BUCKET: run,
    DATABASE_URL: of('DATABASE_URL'),
    POSTGRES_SCHEMA: run,
  };
  const s3 = s3Of(settings);
  await s3.send(new CreateBucketCommand({ Bucket: run }));
  s3.destroy();
  return {
    settings,
    async remove() {
      await Promise.all([
        removeTopics(settings),
        removeDatabase(settings),
        removeBucket(settings),
        removeIndices(settings),
        removePoints(settings),
        removeSchema(settings),
      ]);
    },
  };
}

async function removeTopics({ KAFKA_BROKERS: brokers = '', KAFKA_PREFIX: prefix = '' }: Record<string, string>): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: (await admin.listTopics()).filter((name) => name.startsWith(prefix)) });
  await admin.disconnect();
}

async function removeDatabase(settings: Record<string, string>): Promise<void> {
  const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD: password, CLICKHOUSE_DATABASE: database } = settings;
  const client = createClient({ url, username, password });
  await client.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` });
  await client.close();
}

async function removeBucket(settings: Record<string, string>): Promise<void> {
  const client = s3Of(settings);
  const Bucket = settings['S3_BUCKET'];
  try {
    for (;;) {
      const { Contents = [], IsTruncated } = await client.send(new ListObjectsV2Command({ Bucket }));
      const Objects = Contents.map(({ Key }) => ({ Key }));
      if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      if (!IsTruncated) break;
    }
    await client.send(new DeleteBucketCommand({ Bucket }));
  } finally {
    client.destroy();
  }
}

function s3Of(settings: Record<string, string>): S3Client {
  return new S3Client({
    endpoint: settings['S3_ENDPOINT'] ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: settings['S3_ACCESS_KEY_ID'] ?? '', secretAccessKey: settings['S3_SECRET_ACCESS_KEY'] ?? '' },
  });
}

async function removeIndices({ ELASTICSEARCH_URL: node = '', ELASTICSEARCH_PREFIX: prefix }: Record<string, string>): Promise<void> {
  const client = new Client({ node });
  const found = Object.keys(await client.indices.get({ index: `${prefix}*`, allow_no_indices: true }));
  for (const index of found) await client.indices.delete({ index });
  await client.indices.deleteIndexTemplate({ name: `${prefix}*` }, { ignore: [404] });
  await client.close();
}

async function removeSchema({ DATABASE_URL: connectionString = '', POSTGRES_SCHEMA: schema }: Record<string, string>): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await client.end();
}

/** The buckets, and the labels and tasks that go with them. */
async function removePoints(settings: Record<string, string>): Promise<void> {
  const { INFLUX_URL: url = '', INFLUX_TOKEN: token, INFLUX_ORG: org = '', INFLUX_BUCKET: bucket = '' } = settings;
  const ask = async (method: string, path: string) => {
    const answer = await fetch(`${url}/api/v2/${path}`, { method, headers: { authorization: `Token ${token}` } });
    return answer.status === 200 ? ((await answer.json()) as Record<string, { id: string; name: string }[] & { id: string }>) : {};
  };
  const { buckets = [] } = await ask('GET', `buckets?org=${org}&limit=100`);
  const mine = buckets.filter(({ name }) => name === bucket || name.startsWith(`${bucket}_`));
  for (const { id } of mine) await ask('DELETE', `buckets/${id}`);
  const { labels = [] } = await ask('GET', `labels?orgID=${(await ask('GET', `orgs?org=${org}`))['orgs']?.[0]?.id}`);
  for (const { id, name } of labels) if (mine.some((each) => name.includes(each.id))) await ask('DELETE', `labels/${id}`);
  const { tasks = [] } = await ask('GET', `tasks?org=${org}&limit=100`);
  for (const { id, name } of tasks) if (name.includes(bucket)) await ask('DELETE', `tasks/${id}`);
}
