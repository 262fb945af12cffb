/**
 * That nothing is lost and nothing counted twice, on a real log with real deaths: processes that run `behave` are killed at
 * random while others take over, and the states that are left are, byte for byte, those of one pass without any of it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from '../../keys/local.ts';
import type { LogRecord, StoredRecord } from '../../log/port.ts';
import { BEHAVIOUR_STATES, TOPICS } from '../../log/topics.ts';
import { type Codec, createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import type { Threat } from '../../schemas/types.ts';
import { all, endure } from '../testing/deaths.ts';
import { openExactLog } from '../testing/log.ts';
import { createBehave } from './index.ts';
import { eventsOf } from './testing/traffic.ts';

export interface ExactEngine {
  kind: 'embedded' | 'kafka';
  /** Where the log of this run is; see `processors/testing/log.ts`. */
  where(folder: string): string;
  dispose(): Promise<void>;
  events: number;
  deaths: number;
}

export function describeExactness({ kind, where, dispose, events, deaths }: ExactEngine): void {
  describe(`behaviour on ${kind}`, () => {
    const cleanups: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    it('is the same after many deaths and rebalances as after none', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'parapet-behave-'));
      cleanups.push(() => rm(folder, { recursive: true }), dispose);
      const place = where(folder);
      const log = await openExactLog(kind, place);
      cleanups.push(() => log.close());
      const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
      const { records, deathsSeenAt } = await endure({
        log,
        group: 'behave',
        topic: TOPICS.enriched.name,
        child: new URL('testing/child.ts', import.meta.url),
        args: [folder, kind, place],
        events,
        deaths,
        recordsOf: (from, to) => eventsOf(codec, from, to, events),
        cleanups,
      });

      const expected = await onePass(folder, codec, records);
      const states = new Map((await all(log, BEHAVIOUR_STATES)).map(({ key, value }) => [key, value.toString('base64')]));
      expect(records).toHaveLength(events);
      expect(states.size).toBeGreaterThan(30);
      expect(states).toEqual(expected.states);
      const threats = (await all(log, TOPICS.threats.name)).map(({ value }) => codec.decode('threats', value));
      expect(threats.length).toBeGreaterThan(10);
      expect(threats.map(({ threatId }) => threatId).sort()).toEqual(expected.threats.map(({ threatId }) => threatId).sort());
      expect(new Map(threats.map((each) => [each.threatId, each]))).toEqual(new Map(expected.threats.map((each) => [each.threatId, each])));
      // And what nobody writes any more can leave, on an engine that compacts too.
      await log.expire(BEHAVIOUR_STATES, Date.now() + 1);
      expect(await all(log, BEHAVIOUR_STATES)).toEqual([]);
      console.log(`${events} events, killed after ${deathsSeenAt.join(', ')}: ${states.size} states and ${threats.length} threats alike`);
    }, 240_000);
  });
}

/** The states and threats of one process that is never disturbed, in batches of another size. */
async function onePass(folder: string, codec: Codec, records: readonly StoredRecord[]) {
  const keys = openLocalKeyStore({ folder: join(folder, 'keys') });
  const { remember } = createBehave({ keys, erasures: { version: 0, covers: () => false } });
  const states = new Map<string, string>();
  const threats: Threat[] = [];
  for (const partition of new Set(records.map((each) => each.partition))) {
    const memory = remember();
    const keep = (changes: readonly LogRecord[]) => {
      for (const { key, value } of changes) states.set(key, value.toString('base64'));
    };
    for (const [i, { key, timestamp, headers, offset, value }] of records.filter((each) => each.partition === partition).entries()) {
      const outcome = memory.step({ value: codec.decode('enriched', value), key, timestamp, headers, offset });
      if (outcome.kind === 'emit') for (const { topic, value: emitted } of outcome.records) if (topic === 'threats') threats.push(emitted);
      if (i % 7 === 6) keep(memory.changes());
    }
    keep(memory.changes());
  }
  await keys.close();
  return { states, threats };
}
