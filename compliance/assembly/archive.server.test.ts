/** Publication under Object Lock on a real S3 store. Needs S3_ENDPOINT (and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); says so otherwise. */
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFiles } from '../package/files.ts';
import { type SealParts, seal } from '../package/seal.ts';
import { draft, ownAuthority, run, temporaryFolder } from '../package/testing.ts';
import { verifyPackage } from '../package/verify.ts';
import { type Archive, bucketArchive } from './archive.ts';

const endpoint = process.env['S3_ENDPOINT'];
const accessKeyId = process.env['AWS_ACCESS_KEY_ID'] ?? 'minioadmin';
const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'] ?? 'minioadmin';
if (endpoint === undefined) console.warn('SKIPPED: Object Lock was not tested on S3, because S3_ENDPOINT is not set.');

/** Long enough for every test, short enough that the bucket can be emptied soon after. */
const LOCK_MS = 10 * 60_000;

describe.skipIf(endpoint === undefined)('an archive under Object Lock', () => {
  const name = `parapet-lock-${process.pid}-${Date.now()}`;
  const place = temporaryFolder();
  const at = (path: string) => join(place.folder, path);
  const until = new Date(Math.floor((Date.now() + LOCK_MS) / 1_000) * 1_000);
  let client: S3Client;
  let archive: Archive;
  let parts: SealParts;

  const archiveOf = (bucket: string, over = {}) =>
    bucketArchive({ bucket, accessKeyId, secretAccessKey, ...(endpoint === undefined ? {} : { endpoint }), ...over });

  beforeAll(async () => {
    client = new S3Client({
      ...(endpoint === undefined ? {} : { endpoint }),
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
    await client.send(new CreateBucketCommand({ Bucket: `${name}-open` }));
    archive = archiveOf(name);
    parts = await ownAuthority(at('authority'));
  });
  afterAll(async () => {
    await archive?.close();
    client?.destroy();
    place.remove();
  });

  /** A sealed package of its own, in a folder of its name. */
  async function packageOf(folder: string): Promise<string> {
    await seal(at(folder), await draft(at(folder)), parts);
    return at(folder);
  }

  async function versionsOf(id: string): Promise<{ path: string; versionId: string }[]> {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: name, Prefix: `${id}/` }));
    expect(DeleteMarkers).toEqual([]);
    return Versions.map(({ Key, VersionId }) => ({ path: Key?.slice(id.length + 1) ?? '', versionId: VersionId ?? '' }));
  }

  async function archived(id: string): Promise<string> {
    const folder = at(`archived/${id}`);
    for (const path of await archive.files(id)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), await archive.read(id, path));
    }
    return folder;
  }

  it('has every file once, locked until the date, by the version that was recorded', async () => {
    const folder = await packageOf('locked');
    const published = await archive.publish('report/a', folder, until);
    expect(published).toMatchObject({ location: `s3://${name}/report/a`, lockedUntil: until.toISOString() });
    const files = await listFiles(folder);
    expect(published.objects.map(({ path }) => path).sort()).toEqual([...files].sort());
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    expect([...published.objects].sort(byPath)).toEqual((await versionsOf('report/a')).sort(byPath));
    for (const { path, versionId } of published.objects) {
      const { Retention } = await client.send(
        new GetObjectRetentionCommand({ Bucket: name, Key: `report/a/${path}`, VersionId: versionId ?? '' }),
      );
      expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: until });
    }
    expect(await archive.list('report/')).toContain('report/a');
    const verified = await verifyPackage(await archived('report/a'), { openssl: run, trustFile: at('authority/root.pem') });
    expect(verified).toMatchObject({ valid: true, errors: [] });
  });

  it('refuses to let a version be deleted', async () => {
    const [object] = (await archive.publish('report/kept', await packageOf('kept'), until)).objects;
    const deletion = client.send(new DeleteObjectCommand({ Bucket: name, Key: 'report/kept/SEAL', VersionId: object?.versionId ?? '' }));
    const status = await deletion.then(
      () => 200,
      (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
    );
    expect([400, 403]).toContain(status);
    expect((await versionsOf('report/kept')).map(({ versionId }) => versionId)).toContain(object?.versionId);
  });

  it('is not changed by publishing again', async () => {
    const folder = await packageOf('again');
    const published = await archive.publish('report/again', folder, until);
    const versions = await versionsOf('report/again');
    expect(await archive.publish('report/again', folder, until)).toEqual(published);
    expect(await versionsOf('report/again')).toEqual(versions);
  });

  it('goes on where a publisher was killed', async () => {
    const folder = await packageOf('killed');
    const child = fork(new URL('publish.child.ts', import.meta.url), [name, 'report/killed', folder, until.toISOString()], {
      env: { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    while ((await archive.files('report/killed')).length < 3) await sleep(5);
    child.kill('SIGKILL');
    await ended;
    const half = await versionsOf('report/killed');
    const published = await archive.publish('report/killed', folder, until);
    const whole = await versionsOf('report/killed');
    expect(whole).toHaveLength(published.objects.length);
    expect(whole).toEqual(expect.arrayContaining(half));
    expect((await verifyPackage(await archived('report/killed'), { openssl: run })).valid).toBe(true);
  });

  it('does not count a package before its last file, whichever files are missing', async () => {
    const folder = await packageOf('half');
    for (const path of ['SEAL', 'VERIFY.md']) {
      await client.send(
        new PutObjectCommand({
          Bucket: name,
          Key: `report/half/${path}`,
          Body: readFileSync(join(folder, path)),
          ObjectLockMode: 'COMPLIANCE',
          ObjectLockRetainUntilDate: until,
          ChecksumAlgorithm: 'SHA256',
        }),
      );
    }
    expect(await archive.list('report/half')).toEqual([]);
    await archive.publish('report/half', folder, until);
    expect(await archive.list('report/half')).toEqual(['report/half']);
  });

  it('has one winner when two packages are published under one id, and no mixture', async () => {
    const folders = [await packageOf('one'), await packageOf('two')];
    const results = await Promise.allSettled(folders.map((folder) => archive.publish('report/raced', folder, until)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'PARAPET_PACKAGE_EXISTS' });
    const winner = folders[results.findIndex(({ status }) => status === 'fulfilled')] as string;
    const there = await archived('report/raced');
    expect(await listFiles(there)).toEqual(await listFiles(winner));
    for (const path of await listFiles(winner)) expect(readFileSync(join(there, path)).equals(readFileSync(join(winner, path)))).toBe(true);
  });

  it('does not take for locked what lay there without a lock', async () => {
    const folder = await packageOf('unlocked');
    const body = readFileSync(join(folder, 'SEAL'));
    await client.send(new PutObjectCommand({ Bucket: name, Key: 'report/unlocked/SEAL', Body: body }));
    const refused = expect.objectContaining({ code: 'PARAPET_LOCK_REFUSED', message: expect.stringContaining('is not locked') });
    await expect(archive.publish('report/unlocked', folder, until)).rejects.toEqual(refused);
    expect(await archive.list('report/unlocked')).toEqual([]);
  });

  it('is refused by a bucket that does not lock, and nothing counts as published', async () => {
    const open = archiveOf(`${name}-open`);
    await expect(open.publish('report/a', await packageOf('to-open'), until)).rejects.toMatchObject({ code: 'PARAPET_LOCK_REFUSED' });
    expect(await open.list('')).toEqual([]);
    await open.close();
  });

  it('is PARAPET_STORE_UNAVAILABLE when the store does not answer', async () => {
    const down = archiveOf(name, { endpoint: 'http://127.0.0.1:9' });
    const unavailable = { code: 'PARAPET_STORE_UNAVAILABLE' };
    await expect(down.publish('report/down', at('locked'), until)).rejects.toMatchObject(unavailable);
    await expect(down.list('report/')).rejects.toMatchObject(unavailable);
    await down.close();
  });
});
