/** What `respond` must leave, however often it died: incidents, trust and states, record for record, of one pass in which nobody did. */
import { expect } from 'vitest';
import type { StoredRecord } from '../../log/port.ts';
import { RESPONSE_STATES, TOPICS } from '../../log/topics.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { Control, Incident } from '../../schemas/types.ts';
import { all } from '../testing/deaths.ts';
import type { ExactWork } from '../testing/exact.ts';
import { createRespond } from './index.ts';
import { threatsOf } from './testing/traffic.ts';

export const RESPOND: ExactWork = {
  name: 'respond',
  input: 'threats',
  child: new URL('testing/child.ts', import.meta.url),
  recordsOf: threatsOf,
  async compare({ log, codec, records }) {
    const expected = onePass(codec, records);
    // Of a compacted topic the last of each counts; an engine may still have those before.
    const states = new Map((await all(log, RESPONSE_STATES)).map(({ key, value }) => [key, value.toString('base64')]));
    expect(states.size).toBe(6);
    expect(states).toEqual(expected.states);
    const incidents = byKey(await all(log, TOPICS.incidents.name), ({ value }) => codec.decode('incidents', value));
    expect(expected.incidents.length).toBeGreaterThan(100);
    expect(incidents).toEqual(byKey(expected.incidents, ({ value }) => value));
    const told = (await all(log, TOPICS.controls.name)).map(({ value }) => codec.decode('controls', value));
    const trust = new Map(told.map((each) => [each.key, each]));
    expect(trust.size).toBe(6);
    expect(trust).toEqual(new Map(expected.controls.map((each) => [each.key, each])));
    return `${expected.incidents.length} incident records alike`;
  },
};

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
