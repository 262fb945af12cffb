/** The lake in a local folder; its files are also read by ClickHouse's own Parquet reader. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chdb from 'chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import { createFixtures } from '../fixtures.ts';
import {
  createFolderStore,
  createLakeSink,
  findInteraction,
  type LakeRecord,
  type LakeTopic,
  type ObjectStore,
  readLake,
  tallyLake,
} from './index.ts';
import { toParquet } from './write.ts';

let root = '';
let codec: Awaited<ReturnType<typeof createCodec>>;
let session: InstanceType<typeof chdb.Session>;
const fixtures = createFixtures();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'parapet-lake-'));
  codec = await createCodec(await openFileRegistry(join(root, 'registry')));
  session = new chdb.Session(join(root, 'chdb'));
});
afterAll(async () => {
  session.close();
  await rm(root, { recursive: true, force: true });
});

async function lakeIn(name: string) {
  const folder = join(root, name);
  const store = createFolderStore(folder);
  await store.open();
  return { folder, store };
}

async function all(store: ObjectStore, topic: LakeTopic, only = {}): Promise<LakeRecord[]> {
  const records: LakeRecord[] = [];
  for await (const record of readLake(store, topic, only)) records.push(record);
  return records;
}

const interactions = (first: number, last: number, more = {}) =>
  fixtures.batch('interactions', { first, last, encode: (value) => codec.encode('interactions', value), ...more });

describe('the lake', () => {
  it('gives every record back as it stood in the log', async () => {
    const { store } = await lakeIn('whole');
    const sink = createLakeSink({ store, topic: 'interactions' });
    const batches = [interactions(0, 499), interactions(500, 799), interactions(0, 99, { partition: 1 })];
    for (const batch of batches.reverse()) expect(await sink.write(batch)).toEqual([]);
    const written = batches
      .sort((a, b) => a.partition - b.partition || a.firstOffset - b.firstOffset)
      .flatMap((batch) =>
        batch.records.map(({ offset, timestamp, key, headers, raw }) => ({
          topic: batch.topic,
          partition: batch.partition,
          offset,
          timestamp,
          key,
          headers,
          value: raw,
        })),
      );
    const read = await all(store, 'interactions');
    expect(read).toEqual(written);
    expect(codec.decode('interactions', read[7]?.value ?? Buffer.alloc(0))).toEqual(fixtures.interaction(7));
    expect((await all(store, 'interactions', { partition: 0, fromOffset: 650 })).map((record) => record.offset)).toEqual(
      Array.from({ length: 150 }, (_, n) => 650 + n),
    );
  });

  it('keeps audit and threats too', async () => {
    const { store } = await lakeIn('others');
    await createLakeSink({ store, topic: 'audit' }).write(
      fixtures.batch('audit', { first: 0, last: 49, encode: (value) => codec.encode('audit', value) }),
    );
    await createLakeSink({ store, topic: 'threats' }).write(
      fixtures.batch('threats', { first: 0, last: 49, encode: (value) => codec.encode('threats', value) }),
    );
    expect((await all(store, 'audit')).map((record) => codec.decode('audit', record.value))).toEqual(
      Array.from({ length: 50 }, (_, n) => fixtures.audit(n)),
    );
    expect((await all(store, 'threats')).map((record) => codec.decode('threats', record.value))).toEqual(
      Array.from({ length: 50 }, (_, n) => fixtures.threat(n)),
    );
  });

  it('keeps every record of an incident', async () => {
    const { store } = await lakeIn('incidents');
    const batch = fixtures.batch('incidents', { first: 0, last: 19, encode: (value) => codec.encode('incidents', value) });
    await createLakeSink({ store, topic: 'incidents' }).write(batch);
    const read = await all(store, 'incidents');
    expect(read.map(({ value }) => codec.decode('incidents', value))).toEqual(Array.from({ length: 20 }, (_, n) => fixtures.incident(n)));
  });

  it('keeps what analysts say of them', async () => {
    const { store } = await lakeIn('verdicts');
    const batch = fixtures.batch('verdicts', { first: 0, last: 19, encode: (value) => codec.encode('verdicts', value) });
    await createLakeSink({ store, topic: 'verdicts' }).write(batch);
    const read = await all(store, 'verdicts');
    expect(read.map(({ value }) => codec.decode('verdicts', value))).toEqual(Array.from({ length: 20 }, (_, n) => fixtures.verdict(n)));
  });

  it('is not changed by a batch that comes again', async () => {
    const { store, folder } = await lakeIn('again');
    const sink = createLakeSink({ store, topic: 'interactions' });
    await sink.write(interactions(0, 99));
    const [file] = await store.list('');
    expect(file?.key).toBe('topic=interactions/day=2026-03-01/partition=0/00000000000000000000-00000000000000000099.parquet');
    const before = await readFile(join(folder, file?.key ?? ''));
    await sink.write(interactions(0, 99, { recovered: true }));
    expect(await store.list('')).toHaveLength(1);
    expect(await readFile(join(folder, file?.key ?? ''))).toEqual(before);
  });

  it('writes the same bytes for the same batch', () => {
    const one = interactions(0, 999);
    const two = interactions(0, 999);
    expect(Buffer.compare(toParquet('interactions', one.topic, 0, one.records), toParquet('interactions', two.topic, 0, two.records))).toBe(
      0,
    );
  });

  it('completes a batch of several days that was written in part', async () => {
    const { store, folder } = await lakeIn('days');
    const days = createFixtures({ stepMs: 3_600_000 });
    const batch = days.batch('interactions', { first: 10, last: 69, encode: (value) => codec.encode('interactions', value) });
    const sink = createLakeSink({ store, topic: 'interactions' });
    await sink.write(batch);
    const files = await store.list('');
    expect(files.map((file) => /day=([^/]+)/.exec(file.key)?.[1])).toEqual(['2026-03-01', '2026-03-02', '2026-03-03']);
    await rm(join(folder, files[1]?.key ?? ''));
    await sink.write({ ...batch, recovered: true });
    expect(await store.list('')).toEqual(files);
    expect((await all(store, 'interactions')).map((record) => record.offset)).toEqual(batch.records.map((record) => record.offset));
  });

  it('gives a record once when files overlap', async () => {
    const { store } = await lakeIn('overlap');
    const sink = createLakeSink({ store, topic: 'interactions' });
    for (const [first, last] of [
      [0, 99],
      [50, 149],
      [140, 199],
    ] as const)
      await sink.write(interactions(first, last));
    expect((await all(store, 'interactions')).map((record) => record.offset)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it('finds the record of one interaction, and none of another', async () => {
    const { store } = await lakeIn('one');
    const batch = interactions(0, 299);
    await createLakeSink({ store, topic: 'interactions' }).write(batch);
    for (const { value, raw } of [batch.records[0], batch.records[123], batch.records[299]].filter((record) => record !== undefined)) {
      const { interactionId, startedAt } = value;
      expect((await findInteraction(store, { interactionId, startedAt }))?.value).toEqual(raw);
      expect(await findInteraction(store, { interactionId: 'none', startedAt })).toBeUndefined();
      expect(await findInteraction(store, { interactionId, startedAt: 0 })).toBeUndefined();
    }
  });

  it('does not see what a killed writer left behind', async () => {
    const { store, folder } = await lakeIn('leftover');
    await createLakeSink({ store, topic: 'interactions' }).write(interactions(0, 9));
    await writeFile(join(folder, 'topic=interactions/day=2026-03-01/partition=0/.half.tmp'), 'PAR1');
    expect(await all(store, 'interactions')).toHaveLength(10);
  });

  it('has one winner when many write the same key', async () => {
    const { store } = await lakeIn('race');
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => store.putOnce('topic=audit/x', Buffer.from(`writer ${n}`))));
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  it('refuses a record whose time is no time, and writes the others', async () => {
    const { store } = await lakeIn('time');
    const batch = interactions(0, 9);
    const bad = batch.records[4];
    if (bad === undefined) throw new Error('no record 4');
    bad.timestamp = Number.NaN;
    expect(await createLakeSink({ store, topic: 'interactions' }).write(batch)).toEqual([
      { index: 4, reason: '_timestamp: NaN is not a time.' },
    ]);
    expect(await all(store, 'interactions')).toHaveLength(9);
  });

  it('counts by hour and status as ClickHouse counts its files', async () => {
    const { store, folder } = await lakeIn('tally');
    const hours = createFixtures({ stepMs: 60_000 });
    await createLakeSink({ store, topic: 'interactions' }).write(
      hours.batch('interactions', { first: 0, last: 999, encode: (value) => codec.encode('interactions', value) }),
    );
    const tally = await tallyLake(store);
    expect(tally.reduce((sum, row) => sum + row.distinct, 0)).toBe(1_000);
    const counted = session.query(
      `SELECT formatDateTime(toStartOfHour(started_at, 'UTC'), '%Y-%m-%dT%H:%i:%S.000Z', 'UTC') AS hour, status, toInt32(count()) AS rows, toInt32(uniqExact(interaction_id)) AS distinct
       FROM file('${folder}/topic=interactions/**/*.parquet', Parquet) GROUP BY hour, status ORDER BY hour, status`,
      'JSONEachRow',
    );
    expect(
      counted
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(tally);
  });

  it('is read by ClickHouse with every column as it was', async () => {
    const { store, folder } = await lakeIn('columns');
    await createLakeSink({ store, topic: 'interactions' }).write(interactions(0, 999));
    const n = Array.from({ length: 1_000 }, (_, at) => at).find((at) => fixtures.interaction(at).verdicts.length > 0) ?? -1;
    const one = fixtures.interaction(n);
    const [row] = session
      .query(
        `SELECT *, toUnixTimestamp64Micro(started_at) AS micros, hex(_value) AS raw FROM file('${folder}/topic=interactions/**/*.parquet', Parquet) WHERE _offset = ${n}`,
        'JSONEachRow',
      )
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(row).toMatchObject({
      interaction_id: one.interactionId,
      user_id: one.userId,
      streaming: one.streaming,
      temperature: one.parameters.temperature,
      tool_names: one.toolNames,
      verdict_rules: one.verdicts.map((verdict) => verdict.ruleId),
      verdict_scores: one.verdicts.map((verdict) => verdict.score),
      micros: one.startedAt,
      raw: codec.encode('interactions', one).toString('hex').toUpperCase(),
    });
  });
});

describe('a lake that cannot be used', () => {
  it('is PARAPET_STORE_UNAVAILABLE when its folder cannot be made', async () => {
    await writeFile(join(root, 'a-file'), '');
    await expect(createFolderStore(join(root, 'a-file/lake')).open()).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('is PARAPET_STORE_UNAVAILABLE when a file is broken, rather than a shorter lake', async () => {
    const { store, folder } = await lakeIn('broken');
    await createLakeSink({ store, topic: 'interactions' }).write(interactions(0, 9));
    const [file] = await store.list('');
    const path = join(folder, file?.key ?? '');
    await writeFile(path, (await readFile(path)).subarray(0, -40));
    await expect(all(store, 'interactions')).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });
});
