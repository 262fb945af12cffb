import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { comparedSince, type ViewBook } from './books-views.ts';
import { reconcile, renderReconciliation, tallyLog } from './reconcile.ts';

const DAY_MS = 86_400_000;
const HOUR = '2026-03-10T00:00:00.000Z';
const OLD = '2026-03-01T00:00:00.000Z';
const one = (hour: string) => ({ hour, status: 'answered', rows: 1, distinct: 1 });
const spool = (hours: string[]) => ({
  gatewayId: 'gw-1',
  ledger: Object.fromEntries(hours.map((hour) => [String(Date.parse(hour) / 3_600_000), { answered: 1 }])),
  gatewaySequence: hours.length,
  open: 0,
  openSequences: [],
  unshipped: 0,
});
const book = (change: Partial<ViewBook> = {}): ViewBook => ({
  view: 'postgres.threats',
  wanted: 2,
  rows: 2,
  lost: 0,
  duplicated: 0,
  ...change,
});

describe('a reconciliation', () => {
  const books = (more: object = {}) => ({
    spools: [spool([HOUR])],
    log: { tallies: [one(HOUR)], gaps: [] },
    clickhouse: [one(HOUR)],
    lake: [one(HOUR)],
    deadLetters: {},
    ...more,
  });

  it('balances when all books say the same', () => {
    expect(reconcile(books({ views: [book()] }))).toMatchObject({ balanced: true, lost: 0, duplicated: 0, comparedSince: undefined });
  });
  it('does not when a further store lacks an event, or has one twice', () => {
    expect(reconcile(books({ views: [book({ rows: 1, lost: 1 })] }))).toMatchObject({ balanced: false, lost: 1 });
    expect(reconcile(books({ views: [book({ rows: 3, duplicated: 1 })] }))).toMatchObject({ balanced: false, duplicated: 1 });
  });
  it('leaves out hours that stores may have forgotten, and says so', () => {
    const aged = books({ spools: [spool([OLD, HOUR])], lake: [one(OLD), one(HOUR)] });
    expect(reconcile(aged)).toMatchObject({ balanced: false });
    const result = reconcile({ ...aged, since: '2026-03-05T00:00:00.000Z' });
    expect(result).toMatchObject({ balanced: true, accepted: 1, comparedSince: '2026-03-05T00:00:00.000Z' });
    expect(renderReconciliation(result)).toContain('hours before 2026-03-05T00 are past the retention of interactions, not compared');
  });
});

describe('the hours that are compared', () => {
  const now = Date.parse('2026-03-31T10:30:00Z');
  it('begin a day before a store may forget them', () => {
    expect(comparedSince(30, now)).toBe('2026-03-02T11:00:00.000Z');
  });
  it('are half of it where the retention is a day', () => {
    expect(comparedSince(1, now)).toBe('2026-03-30T23:00:00.000Z');
  });
  it('are all where nothing is forgotten', () => {
    expect(comparedSince(0, now)).toBe(new Date(0).toISOString());
  });
});

describe('numbers that no event carries', () => {
  let folder: string;
  let log: EventLog;
  let codec: Codec;
  const start = Date.UTC(2026, 2, 1);
  const fixtures = createFixtures({ startMs: start, stepMs: DAY_MS });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parapet-reconcile-'));
    log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
    codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
    // One each day; the eighth is lost.
    for (let n = 0; n < 10; n++) {
      if (n === 7) continue;
      const interaction = { ...fixtures.interaction(n), gatewayId: 'gw-1', gatewaySequence: n + 1 };
      const timestamp = Math.floor(interaction.startedAt / 1_000);
      const value = codec.encode('interactions', interaction);
      await log.append([{ topic: TOPICS.interactions.name, key: `acme/${n}`, timestamp, headers: {}, value }]);
    }
  });
  afterAll(async () => {
    await log.close();
    await rm(folder, { recursive: true });
  });

  const missing = async (since: string) =>
    (await tallyLog(log, codec, [{ gatewayId: 'gw-1', through: 10, open: [] }], since)).gaps[0]?.missing;

  it('are a loss, whatever the retention, while the log is whole', async () => {
    expect(await missing('')).toBe(1);
    expect(await missing(new Date(start + 8 * DAY_MS).toISOString())).toBe(1);
  });
  it('are none where the log has forgotten them, and are one behind', async () => {
    await log.expire(TOPICS.interactions.name, start + 4 * DAY_MS);
    expect(await missing(new Date(start + 5 * DAY_MS).toISOString())).toBe(1);
    expect(await missing(new Date(start + 8 * DAY_MS).toISOString())).toBe(0);
  });
});
