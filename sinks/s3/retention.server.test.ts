/** The lifecycle of a real bucket. Needs S3_ENDPOINT (and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); says so otherwise. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import { createFixtures } from '../fixtures.ts';
import { createLakeSink, createS3Store } from './index.ts';
import { applyRetention, reportRetention } from './retention.ts';
import { LAKE_TOPICS } from './schema.ts';

const endpoint = process.env['S3_ENDPOINT'];
const accessKeyId = process.env['AWS_ACCESS_KEY_ID'] ?? 'minioadmin';
const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'] ?? 'minioadmin';
if (endpoint === undefined) console.warn('SKIPPED: the lifecycle of a bucket was not tested, because S3_ENDPOINT is not set.');

describe.skipIf(endpoint === undefined)('the retention of a bucket', () => {
  const Bucket = `parapet-retention-${process.pid}-${Date.now()}`;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const store = createS3Store({
    bucket: Bucket,
    prefix: 'lake/',
    ...(endpoint === undefined ? {} : { endpoint }),
    accessKeyId,
    secretAccessKey,
  });
  const theirs = { ID: 'theirs', Status: 'Enabled' as const, Filter: { Prefix: 'backups/' }, Expiration: { Days: 3 } };
  const rules = async () => (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules ?? [];

  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [theirs] } }));
    await createLakeSink({ store, topic: 'audit' }).write(
      createFixtures({ startMs: Date.UTC(2026, 2, 1) }).batch('audit', { first: 0, last: 9 }),
    );
  });
  afterAll(async () => {
    for (const { key } of await store.list('')) await store.remove(key);
    expect(await store.list('')).toEqual([]);
    await client.send(new DeleteBucketCommand({ Bucket }));
    await store.close();
    client.destroy();
  });

  it('is its own lifecycle, which deletes by topic and leaves the rules of others alone', async () => {
    const table = parseRetention('interactions=30d/forever,audit=90d/7y');
    expect((await reportRetention(store, { table })).find(({ what }) => what === 'topic=audit')).toMatchObject({
      verdict: 'differs',
      configured: 'never deleted',
    });
    expect((await applyRetention(store, { table })).map(({ what, did }) => [what, did])).toEqual([
      ['topic=audit/', 'deleted after 2557 d'],
      ['topic=threats/', 'deleted after 731 d'],
      ['topic=verdicts/', 'deleted after 2557 d'],
      ['topic=incidents/', 'deleted after 731 d'],
    ]);
    expect(await rules()).toContainEqual(expect.objectContaining(theirs));
    expect((await rules()).map(({ Filter, Expiration }) => [Filter?.Prefix, Expiration?.Days]).sort()).toEqual([
      ['backups/', 3],
      ['lake/topic=audit/', 2_557],
      ['lake/topic=incidents/', 731],
      ['lake/topic=threats/', 731],
      ['lake/topic=verdicts/', 2_557],
    ]);
    expect(await applyRetention(store, { table })).toEqual([]);
    const [audit] = (await reportRetention(store, { table })).filter(({ what }) => what === 'topic=audit');
    expect(audit).toMatchObject({ verdict: 'ok', oldestMs: Date.UTC(2026, 2, 1), configured: 'deleted after 2557 d' });
    expect(audit?.bytes).toBeGreaterThan(1_000);

    await applyRetention(store, { table: parseRetention('audit=1d/10d,threats=forever/forever,interactions=forever/forever') });
    expect((await rules()).map(({ Filter }) => Filter?.Prefix).sort()).toEqual(['backups/', 'lake/topic=audit/', 'lake/topic=verdicts/']);
  });

  it('says that a bucket does not have the storage class, and has it delete all the same', async () => {
    const retention = { table: parseRetention(''), coldStorageClass: 'NO_SUCH_CLASS' };
    await expect(applyRetention(store, retention)).rejects.toMatchObject({
      code: 'PARAPET_STORE_REFUSED',
      hint: expect.stringContaining('S3_COLD_STORAGE_CLASS'),
    });
    expect((await rules()).find(({ Filter }) => Filter?.Prefix === 'lake/topic=audit/')).toMatchObject({ Expiration: { Days: 2_557 } });
    expect((await reportRetention(store, retention)).map(({ verdict }) => verdict)).toEqual(LAKE_TOPICS.map(() => 'differs'));
  });
});
