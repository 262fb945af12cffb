/**
 * That no threat is lost and none counted twice, on a real log with real deaths: incidents, trust and states are, record for
 * record, those of one pass in which nobody died.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { StoredRecord } from '../../log/port.ts';
import { RESPONSE_STATES, TOPICS } from '../../log/topics.ts';
import { type Codec, createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import type { Control, Incident } from '../../schemas/types.ts';
import { all, endure } from '../testing/deaths.ts';
import { openExactLog } from '../testing/log.ts';
import { createRespond } from './index.ts';
import { threatsOf } from './testing/traffic.ts';

const EVENTS = 2_500;

describe('respond', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  it('comes to the same after many deaths and rebalances as after none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parapet-respond-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const place = join(folder, 'log');
    const log = await openExactLog('embedded', place);
    cleanups.push(() => log.close());
    const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
    const { records, deathsSeenAt } = await endure({
      log,
      group: 'respond',
      topic: TOPICS.threats.name,
      child: new URL('testing/child.ts', import.meta.url),
      args: [folder, 'embedded', place],
      events: EVENTS,
      deaths: 4,
      recordsOf: (from, to) => threatsOf(codec, from, to),
      cleanups,
    });

    const expected = onePass(codec, records);
    expect(records).toHaveLength(EVENTS);
    const states = new Map((await all(log, RESPONSE_STATES)).map(({ key, value }) => [key, value.toString('base64')]));
    expect(states.size).toBe(6);
    expect(states).toEqual(expected.states);
    const incidents = byKey(await all(log, TOPICS.incidents.name), ({ value }) => codec.decode('incidents', value));
    expect(expected.incidents.length).toBeGreaterThan(100);
    expect(incidents).toEqual(byKey(expected.incidents, ({ value }) => value));
    // Of a compacted topic only the last of each is there.
    const trust = (await all(log, TOPICS.controls.name)).map(({ value }) => codec.decode('controls', value));
    expect(trust.length).toBe(6);
    expect(new Map(trust.map((each) => [each.key, each]))).toEqual(new Map(expected.controls.map((each) => [each.key, each])));
    console.log(`${EVENTS} threats, killed after ${deathsSeenAt.join(', ')}: ${expected.incidents.length} incident records alike`);
  }, 60_000);
});

/** The records of each key, in their order. */
function byKey<T extends { key: string }, V>(records: readonly T[], valueIn: (record: T) => V): Map<string, V[]> {
  const found = new Map<string, V[]>();
  for (const record of records) found.set(record.key, [...(found.get(record.key) ?? []), valueIn(record)]);
  return found;
}

/** What one process makes of it that is never disturbed, in batches of another size. */
function onePass(codec: Codec, records: readonly StoredRecord[]) {
  const { remember } = createRespond({ controls: { find: () => undefined } });
  const states = new Map<string, string>();
  const incidents: { key: string; value: Incident }[] = [];
  const controls: Control[] = [];
  for (const partition of new Set(records.map((each) => each.partition))) {
    const memory = remember();
    const keep = () => {
      for (const { key, value } of memory.changes()) states.set(key, value.toString('base64'));
    };
    for (const [i, { key, timestamp, headers, offset, value }] of records.filter((each) => each.partition === partition).entries()) {
      const outcome = memory.step({ value: codec.decode('threats', value), key, timestamp, headers, offset });
      if (outcome.kind === 'emit') {
        for (const emitted of outcome.records) {
          if (emitted.topic === 'incidents') incidents.push(emitted);
          if (emitted.topic === 'controls') controls.push(emitted.value);
        }
      }
      if (i % 7 === 6) keep();
    }
    keep();
  }
  return { states, incidents, controls };
}
