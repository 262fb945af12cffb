/** A write that a power cut tore, at any byte: what was acknowledged before it is there, and nothing is made up. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanSegment } from './format.ts';
import { openSpool } from './index.ts';
import { memoryLog, pass, temporaryFolder } from './testing/spools.ts';

const INTERACTIONS = 12;
const temporary = temporaryFolder();
const source = join(temporary.folder, 'source');
let name = '';
let bytes = Buffer.alloc(0);
let end = 0;

beforeAll(async () => {
  // A log that takes nothing, so that everything stays in the segments; the spool is left as a kill leaves it.
  const log = memoryLog();
  log.failure = new Error('away');
  const spool = await openSpool(log.shipper, { folder: source, gatewayId: 'torn', maxBytes: 1024 * 1024, segmentBytes: 64 * 1024 });
  for (let i = 0; i < INTERACTIONS; i++) await pass(spool);
  await spool.close(0);
  name = readdirSync(source).find((each) => each.startsWith('000000000001')) ?? '';
  bytes = readFileSync(join(source, name));
  end = scanSegment(bytes, 1).end;
});
afterAll(() => temporary.remove());

describe('a segment whose last blocks are torn', () => {
  it('is read up to the last whole block, wherever it is cut', () => {
    const whole = scanSegment(bytes, 1).entries;
    expect(whole).toHaveLength(2 * INTERACTIONS);
    for (let cut = 0; cut <= end; cut++) {
      const { entries, end: good } = scanSegment(bytes.subarray(0, cut), 1);
      expect(good).toBeLessThanOrEqual(cut);
      expect(entries).toEqual(whole.filter((entry) => entry.offset + entry.length <= good));
      // Every block here holds one entry: all that lie before the cut are there.
      expect(entries).toHaveLength(whole.filter((entry) => entry.offset + entry.length <= cut).length);
    }
  });

  it('is read up to the last whole block, whichever byte of it was changed', () => {
    const whole = scanSegment(bytes, 1).entries;
    for (let at = 0; at < end; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      expect(scanSegment(changed, 1).entries).toEqual(whole.filter((entry) => entry.offset + entry.length <= at));
    }
  });

  it.each([1, 17, 90, 200, 333])('is recovered from when %i bytes of its end are lost', async (lost) => {
    const folder = join(temporary.folder, `lost-${lost}`);
    mkdirSync(folder);
    for (const file of readdirSync(source)) copyFileSync(join(source, file), join(folder, file));
    truncateSync(join(folder, name), end - lost);
    await expectWholePrefix(folder, scanSegment(bytes.subarray(0, end - lost), 1).entries);
  });

  it('is recovered from when its end is garbage', async () => {
    const folder = join(temporary.folder, 'garbage');
    mkdirSync(folder);
    for (const file of readdirSync(source)) copyFileSync(join(source, file), join(folder, file));
    writeFileSync(join(folder, name), Buffer.concat([bytes.subarray(0, end - 100), Buffer.alloc(5_000, 0xff)]));
    await expectWholePrefix(folder, scanSegment(bytes.subarray(0, end - 100), 1).entries);
  });

  it('never takes the old blocks of a recycled file for its own', () => {
    expect(scanSegment(bytes, 2)).toEqual({ entries: [], end: 0 });
  });
});

/** Recovery ships every end that is whole, and an orphan for each intent whose end was torn off; then it goes on. */
async function expectWholePrefix(folder: string, entries: { kind: string; gatewaySequence: number }[]): Promise<void> {
  const log = memoryLog();
  const spool = await openSpool(log.shipper, { folder, gatewayId: 'torn', maxBytes: 1024 * 1024, segmentBytes: 64 * 1024 });
  const next = await pass(spool);
  await spool.shipped();
  await spool.close();
  const intents = entries.filter((entry) => entry.kind === 'intent').map((entry) => entry.gatewaySequence);
  const ends = entries.filter((entry) => entry.kind === 'end').map((entry) => entry.gatewaySequence);
  expect(next).toBe(intents.length + 1);
  expect(log.records.map(({ sequence, status }) => `${sequence} ${status}`)).toEqual([
    ...ends.map((sequence) => `${sequence} answered`),
    ...intents.filter((sequence) => !ends.includes(sequence)).map((sequence) => `${sequence} orphaned`),
    `${next} answered`,
  ]);
}
