/** What `behave` must leave, however often it died: the states and threats of one process that is never disturbed. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { openLocalKeyStore } from '../../keys/local.ts';
import type { LogRecord, StoredRecord } from '../../log/port.ts';
import { BEHAVIOUR_STATES, TOPICS } from '../../log/topics.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { Threat } from '../../schemas/types.ts';
import { all } from '../testing/deaths.ts';
import type { ExactWork } from '../testing/exact.ts';
import { createBehave } from './index.ts';
import { eventsOf } from './testing/traffic.ts';

export const BEHAVE: ExactWork = {
  name: 'behave',
  input: 'enriched',
  child: new URL('testing/child.ts', import.meta.url),
  recordsOf: eventsOf,
  async compare({ folder, log, codec, records }) {
    const expected = await onePass(folder, codec, records);
    const states = new Map((await all(log, BEHAVIOUR_STATES)).map(({ key, value }) => [key, value.toString('base64')]));
    expect(states.size).toBeGreaterThan(30);
    expect(states).toEqual(expected.states);
    const threats = (await all(log, TOPICS.threats.name)).map(({ value }) => codec.decode('threats', value));
    expect(threats.length).toBeGreaterThan(10);
    expect(threats.map(({ threatId }) => threatId).sort()).toEqual(expected.threats.map(({ threatId }) => threatId).sort());
    expect(new Map(threats.map((each) => [each.threatId, each]))).toEqual(new Map(expected.threats.map((each) => [each.threatId, each])));
    // And what nobody writes any more can leave, on an engine that compacts too.
    await log.expire(BEHAVIOUR_STATES, Date.now() + 1);
    expect(await all(log, BEHAVIOUR_STATES)).toEqual([]);
    return `${states.size} states and ${threats.length} threats alike`;
  },
};

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
