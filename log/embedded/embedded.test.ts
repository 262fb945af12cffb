import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeEventLog } from '../conformance.ts';
import { BEHAVIOUR_STATES } from '../topics.ts';
import { openEmbeddedLog } from './index.ts';

describeEventLog('embedded', async () => {
  const path = await mkdtemp(join(tmpdir(), 'parapet-log-'));
  const open = () => openEmbeddedLog({ path, topics: { 'parapet.a.v1': 4, 'parapet.b.v1': 4 } });
  return { topics: ['parapet.a.v1', 'parapet.b.v1'], open, reopen: open, dispose: () => rm(path, { recursive: true }) };
});

describe('a compacted topic of the embedded log', () => {
  it('keeps the last record of each key, and lets the old ones expire', async () => {
    const path = await mkdtemp(join(tmpdir(), 'parapet-log-'));
    const log = await openEmbeddedLog({ path, topics: { [BEHAVIOUR_STATES]: 1 } });
    const put = (key: string, n: number) =>
      log.append([{ topic: BEHAVIOUR_STATES, key, timestamp: n, headers: {}, value: Buffer.from(String(n)) }]);
    const left = async () => {
      const records = await log.read({ topic: BEHAVIOUR_STATES, partition: 0, offset: 0 }, { maxRecords: 100, maxBytes: 1e6 });
      return records.map(({ key, value }) => `${key}=${value}`);
    };
    // A key may be longer than LMDB takes one.
    const long = 'k'.repeat(5_000);
    for (const [n, key] of ['a', 'b', 'a', long, 'b', 'a', long].entries()) await put(key, n);
    expect(await left()).toEqual(['b=4', 'a=5', `${long}=6`]);
    expect((await log.ranges(BEHAVIOUR_STATES))[0]).toEqual({ partition: 0, start: 4, end: 7 });
    expect(await log.expire(BEHAVIOUR_STATES, 6)).toBe(2);
    expect(await left()).toEqual([`${long}=6`]);
    await put('a', 7);
    await put('a', 8);
    expect(await left()).toEqual([`${long}=6`, 'a=8']);
    await log.close();
    await rm(path, { recursive: true });
  });
});
