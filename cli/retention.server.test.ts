/** The table over every real server at once: made, applied, read back, and the log emptied only of what was finished. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingServers, type Servers, serversOf } from '../bench/servers.ts';
import { readEnvironment } from '../core/environment.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { migrateAll } from './migrate.ts';
import { applyRetention, isKept, type RetentionParts, reportRetention } from './retention.ts';
import { openCodec, openLog } from './stores.ts';

const lacking = missingServers();
if (lacking.length > 0) console.warn(`SKIPPED: retention was not run on real servers, because of ${lacking.join(', ')}.`);

const DAY_MS = 86_400_000;
const topic = TOPICS.threats.name;
const READERS = ['clickhouse.threats', 's3.threats', 'elasticsearch.threats', 'postgres.threats', 'respond'];

describe.skipIf(lacking.length > 0)('retention on real servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-retention-servers-'));
  let servers: Servers;
  let log: EventLog;
  let codec: Codec;

  const partsWith = (settings: Record<string, string>): RetentionParts => ({
    env: readEnvironment({ ...servers.settings, PARAPET_DATA: folder, PARAPET_PARTITIONS: '1', ...settings }),
    log,
    codec,
    actor: 'test',
  });

  beforeAll(async () => {
    servers = await serversOf();
    const env = readEnvironment({ ...servers.settings, PARAPET_DATA: folder, PARAPET_PARTITIONS: '1' });
    log = await openLog(env);
    codec = await openCodec(env);
  });
  afterAll(async () => {
    await log.close();
    await servers.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('migrates every store, once', async () => {
    const first = await migrateAll(partsWith({}));
    expect(first.filter(({ error }) => error !== undefined)).toEqual([]);
    for (const store of ['clickhouse', 's3', 'elasticsearch', 'influxdb', 'postgres']) {
      expect(first.find((each) => each.store === store)?.did.length, store).toBeGreaterThan(0);
    }
    expect((await migrateAll(partsWith({}))).map(({ store, did }) => [store, did])).toEqual(first.map(({ store }) => [store, []]));
    const reports = await reportRetention(partsWith({}));
    expect(reports.flatMap(({ holdings }) => holdings).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(isKept(reports)).toBe(true);
  });

  it('brings a changed table to every store, and reads it back', async () => {
    const changed = partsWith({ PARAPET_RETENTION: 'interactions=10d/20d,audit=20d/30d,threats=20d/30d,metrics=2d/30d' });
    const differs = (await reportRetention(changed)).filter(({ holdings }) => holdings.some(({ verdict }) => verdict === 'differs'));
    expect(differs.map(({ store }) => store)).toEqual(expect.arrayContaining(['clickhouse', 's3', 'influxdb']));
    expect((await applyRetention(changed)).filter(({ error }) => error !== undefined)).toEqual([]);
    expect(isKept(await reportRetention(changed))).toBe(true);
    expect((await applyRetention(changed)).flatMap(({ applied }) => applied)).toEqual([]);
  });

  it('removes from Kafka what is old and finished, and never what a reader has not read', async () => {
    const fixtures = createFixtures({ startMs: Date.now() - 149 * DAY_MS, stepMs: DAY_MS });
    const positions = await log.append(
      Array.from({ length: 150 }, (_, n) => {
        const timestamp = Math.floor(fixtures.threat(n).occurredAt / 1_000);
        return { topic, key: 'k', timestamp, headers: {}, value: codec.encode('threats', fixtures.threat(n)) };
      }),
    );
    const offsetOf = (n: number) => positions[n]?.offset as number;
    const start = async () => (await log.ranges(topic))[0]?.start;
    const removed = async (parts: RetentionParts) =>
      (await applyRetention({ ...parts, stores: ['log'] })).flatMap(({ applied }) => applied).reduce((sum, each) => sum + each.removed, 0);
    const parts = partsWith({});

    for (const group of READERS.slice(1)) await log.seek(group, { topic, partition: 0, offset: offsetOf(149) + 1 });
    expect(await removed(parts)).toBe(0);
    const held = (await reportRetention({ ...parts, stores: ['log'] }))[0]?.holdings.find(({ what }) => what === topic);
    expect(held).toMatchObject({ verdict: 'overdue', says: expect.stringContaining('clickhouse.threats') });

    await log.seek('clickhouse.threats', { topic, partition: 0, offset: offsetOf(20) });
    await log.seek('a.stranger', { topic, partition: 0, offset: offsetOf(10) });
    expect(await removed(parts)).toBeGreaterThanOrEqual(10);
    expect(await start()).toBe(offsetOf(10));
    expect(await removed({ ...parts, without: ['a.stranger'] })).toBeGreaterThanOrEqual(10);
    expect(await start()).toBe(offsetOf(20));
    await log.seek('clickhouse.threats', { topic, partition: 0, offset: offsetOf(149) + 1 });
    await removed({ ...parts, without: ['a.stranger'] });
    const [oldest] = await log.read({ topic, partition: 0, offset: (await start()) as number }, { maxRecords: 1, maxBytes: 1e6 });
    expect(oldest?.offset).toBeGreaterThanOrEqual(offsetOf(59));
    expect(oldest?.offset).toBeLessThanOrEqual(offsetOf(60));

    const [range] = await log.ranges(TOPICS.audit.name);
    const events = await log.read(
      { topic: TOPICS.audit.name, partition: 0, offset: range?.start ?? 0 },
      { maxRecords: 100, maxBytes: 1e7 },
    );
    const traces = events.map(({ value }) => codec.decode('audit', value)).filter(({ action }) => action === 'retention.applied');
    expect(traces.length).toBe(3);
    expect(traces.at(-1)?.details).toMatchObject({ without: 'a.stranger', log: expect.stringMatching(/^\d+$/) });
  });
});
