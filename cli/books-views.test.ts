/** What a topic says that its view must hold. */
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
import { followTopic } from './books-views.ts';

const HOUR = 3_600_000_000;
const MIDNIGHT = Date.UTC(2026, 3, 1) * 1_000;
const fixtures = createFixtures();
let folder: string;
let log: EventLog;
let codec: Codec;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-books-'));
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(1) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
});
afterAll(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

/** A record of incident `n`, which began then. */
async function append(n: number, firstSeenAt: number): Promise<void> {
  const value = codec.encode('incidents', { ...fixtures.incident(n), firstSeenAt });
  await log.append([{ topic: TOPICS.incidents.name, key: 'org-1/agent-1', timestamp: MIDNIGHT / 1_000, headers: {}, value }]);
}

describe('the book of incidents', () => {
  it('wants each once, in the hour in which its newest record says that it began', async () => {
    const topic = followTopic(log, codec, 'incidents');
    const wanted = async () => [...(await topic.hours())].map(([hour, { distinct }]) => [hour.slice(0, 13), distinct]).sort();
    await append(1, MIDNIGHT);
    await append(1, MIDNIGHT);
    await append(2, MIDNIGHT);
    expect(await wanted()).toEqual([['2026-04-01T00', 2]]);
    await append(1, MIDNIGHT - HOUR);
    expect(await wanted()).toEqual([
      ['2026-03-31T23', 1],
      ['2026-04-01T00', 1],
    ]);
  });
});

describe('the books of verdicts', () => {
  it('want what each is on for a view of the newest, and every word for one that keeps them all', async () => {
    const said = fixtures.verdict(1);
    const changed = { ...said, verdictId: 'v-2', verdict: 'withdrawn' as const, occurredAt: said.occurredAt + HOUR };
    for (const verdict of [said, changed]) {
      const value = codec.encode('verdicts', verdict);
      await log.append([{ topic: TOPICS.verdicts.name, key: 'org-1/agent-1', timestamp: MIDNIGHT / 1_000, headers: {}, value }]);
    }
    const counts = async (book: ReturnType<typeof followTopic>) => [...(await book.hours()).values()].map(({ distinct }) => distinct);
    expect(await counts(followTopic(log, codec, 'verdicts'))).toEqual([1]);
    // In the hour of what they are on, however late they were said.
    expect(await counts(followTopic(log, codec, 'verdicts', { each: true }))).toEqual([2]);
  });
});
