/** The lake on a real S3 store. Needs S3_ENDPOINT (and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); says so otherwise. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { createLakeSink, createS3Store, readLake, tallyLake } from './index.ts';

const endpoint = process.env['S3_ENDPOINT'];
const accessKeyId = process.env['AWS_ACCESS_KEY_ID'] ?? 'minioadmin';
const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'] ?? 'minioadmin';
if (endpoint === undefined) console.warn('SKIPPED: the lake was not tested on S3, because S3_ENDPOINT is not set.');

describe.skipIf(endpoint === undefined)('the lake on S3', () => {
  const bucket = `parapet-test-${process.pid}-${Date.now()}`;
  const store = createS3Store({ bucket, prefix: 'lake/', endpoint, accessKeyId, secretAccessKey });
  beforeAll(async () => {
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    await store.open();
  });

  it('writes a batch once and gives it back', async () => {
    const sink = createLakeSink({ store, topic: 'interactions' });
    const batch = createFixtures({ stepMs: 60_000 }).batch('interactions', { first: 0, last: 2_999 });
    await sink.write(batch);
    const files = await store.list('');
    await sink.write({ ...batch, recovered: true });
    expect(await store.list('')).toEqual(files);
    expect(files).toHaveLength(3);
    const values: Buffer[] = [];
    for await (const record of readLake(store, 'interactions')) values.push(record.value);
    expect(values).toHaveLength(3_000);
    expect(Buffer.concat(values).equals(Buffer.concat(batch.records.map((record) => record.raw)))).toBe(true);
    expect((await tallyLake(store)).reduce((sum, row) => sum + row.distinct, 0)).toBe(3_000);
  });

  it('has one winner when many write the same key', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => store.putOnce('race', Buffer.from(`writer ${n}`))));
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  it('is PARAPET_STORE_UNAVAILABLE with wrong keys, without its bucket, or when it is not there', async () => {
    const unavailable = { code: 'PARAPET_STORE_UNAVAILABLE' };
    await expect(createS3Store({ bucket, endpoint, accessKeyId, secretAccessKey: 'wrong' }).open()).rejects.toMatchObject(unavailable);
    await expect(createS3Store({ bucket: `${bucket}-none`, endpoint, accessKeyId, secretAccessKey }).open()).rejects.toMatchObject(
      unavailable,
    );
    await expect(createS3Store({ bucket, endpoint: 'http://127.0.0.1:9', accessKeyId, secretAccessKey }).open()).rejects.toMatchObject(
      unavailable,
    );
  });
});
