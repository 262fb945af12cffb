/** Whatever the values are, the engine reads back from a block what was put into it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chdb from 'chdb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import type { Taker } from '../../schemas/walk.ts';
import type { Column } from '../columns.ts';
import { createFixtures } from '../fixtures.ts';
import { createNativeBlock } from './native.ts';
import { type ClickHouseView, VIEWS } from './schema.ts';

let folder = '';
let session: InstanceType<typeof chdb.Session>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-native-'));
  session = new chdb.Session(join(folder, 'data'));
});
afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true, force: true });
});

interface Row {
  text: string;
  label: string | null;
  int: number;
  long: number | null;
  double: number;
  flag: boolean;
  list: string[];
  doubles: number[];
  texts: Record<string, string>;
  counts: Record<string, number>;
}

const COLUMNS: Column<Row>[] = [
  { name: 'text', kind: 'string', nullable: false, path: 'text', from: (row) => row.text },
  { name: 'label', kind: 'label', nullable: true, path: 'label', from: (row) => row.label },
  { name: 'int', kind: 'int', nullable: false, path: 'int', from: (row) => row.int },
  { name: 'long', kind: 'long', nullable: true, path: 'long', from: (row) => row.long },
  { name: 'double', kind: 'double', nullable: false, path: 'double', from: (row) => row.double },
  { name: 'flag', kind: 'bool', nullable: false, path: 'flag', from: (row) => row.flag },
  { name: 'list', kind: 'labels', nullable: false, path: 'list', from: (row) => row.list },
  { name: 'doubles', kind: 'doubles', nullable: false, path: 'doubles', from: (row) => row.doubles },
  { name: 'texts', kind: 'texts', nullable: false, path: 'texts', from: (row) => row.texts },
  { name: 'counts', kind: 'counts', nullable: false, path: 'counts', from: (row) => row.counts },
];

const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
const row: fc.Arbitrary<Row> = fc.record({
  text,
  label: fc.option(fc.constantFrom('a', 'b', 'ünï', '')),
  int: fc.integer(),
  long: fc.option(fc.maxSafeInteger()),
  double: finite,
  flag: fc.boolean(),
  list: fc.array(text, { maxLength: 3 }),
  doubles: fc.array(finite, { maxLength: 3 }),
  texts: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), text, { maxKeys: 3, noNullPrototype: true }),
  counts: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.maxSafeInteger(), { maxKeys: 3, noNullPrototype: true }),
});

describe('a native block', () => {
  it('holds any values', async () => {
    let run = 0;
    const block = createNativeBlock(COLUMNS);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 600 }), async (rows) => {
        // In two goes, and in a block that was used before.
        const cut = run % (rows.length + 1);
        block.clear();
        expect([...block.add(rows.slice(0, cut)), ...block.add(rows.slice(cut))]).toEqual([]);
        const file = join(folder, `${run++}.native`);
        await writeFile(file, block.parts());
        const answer = await session.queryAsync(
          `SELECT text, label, int, toString(long) AS long, double, flag, list, doubles, texts, mapApply((k, v) -> (k, toString(v)), counts) AS counts FROM file('${file}', 'Native')`,
          { format: 'JSONEachRow' },
        );
        const read = answer
          .text()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
        expect(read).toEqual(
          rows.map((one) => ({
            ...one,
            label: one.label ?? '',
            long: one.long === null ? null : String(one.long),
            counts: Object.fromEntries(Object.entries(one.counts).map(([key, value]) => [key, String(value)])),
          })),
        );
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it.each(Object.keys(VIEWS) as ClickHouseView[])('is the same from the bytes of records of %s as from the records', async (view) => {
    const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
    const { topic } = VIEWS[view];
    const columns = VIEWS[view].columns as readonly Column<never>[];
    const fixtures = createFixtures();
    const record = {
      interactions: fixtures.assessed,
      threats: fixtures.threat,
      audit: fixtures.audit,
      verdicts: fixtures.verdict,
      incidents: fixtures.incident,
    }[view];
    // More labels than a byte can number, and a block that was used both ways before.
    const values = Array.from({ length: 700 }, (_, n) => codec.encode(topic, record(n) as never));
    const fromRecords = createNativeBlock(columns);
    const fromBytes = createNativeBlock(columns);
    for (const length of [700, 3, 0, 450]) {
      const part = values.slice(0, length);
      for (const block of [fromRecords, fromBytes]) block.clear();
      fromRecords.add(part.map((value) => codec.decodeUnsealed(topic, value)) as never);
      const reader = codec.cells(topic, fromBytes.takers);
      const [first, ...others] = part;
      if (first !== undefined) {
        fromBytes.add([codec.decodeUnsealed(topic, first)] as never);
        fromBytes.reserve(others.length);
        for (const value of others) reader.read(value);
        fromBytes.taken(others.length);
      }
      expect(fromBytes.rows).toBe(length);
      expect(Buffer.concat(fromBytes.parts())).toEqual(Buffer.concat(fromRecords.parts()));
    }
  });

  it('refuses cells that are not the column’s, and is good again once cleared', () => {
    const block = createNativeBlock(COLUMNS);
    const bytes = Buffer.from('a text');
    const wrong: [path: string, take: (taker: Taker) => void][] = [
      ['text', (taker) => taker.number(1)],
      ['label', (taker) => taker.flag(true)],
      ['int', (taker) => taker.number(2 ** 31)],
      ['int', (taker) => taker.nothing()],
      ['long', (taker) => taker.number(0.5)],
      ['double', (taker) => taker.text(bytes, 0, 6)],
      ['flag', (taker) => taker.number(1)],
      ['list', (taker) => taker.key(bytes, 0, 6)],
      ['doubles', (taker) => taker.text(bytes, 0, 6)],
      ['counts', (taker) => taker.text(bytes, 0, 6)],
    ];
    for (const [path, take] of wrong) {
      block.reserve(1);
      expect(() => take(block.takers.get(path) as Taker), path).toThrow(`${path}: `);
      block.clear();
    }
    const rows: Row[] = [
      { text: 'x', label: null, int: 1, long: null, double: 1, flag: true, list: [], doubles: [], texts: {}, counts: {} },
    ];
    const fresh = createNativeBlock(COLUMNS);
    expect([...block.add(rows), ...fresh.add(rows)]).toEqual([]);
    expect(Buffer.concat(block.parts())).toEqual(Buffer.concat(fresh.parts()));
  });

  it('holds more labels than a byte can number', async () => {
    const columns: Column<number>[] = [{ name: 'label', kind: 'label', nullable: false, path: 'label', from: (n) => `label ${n}` }];
    for (const count of [256, 257, 65_537]) {
      const file = join(folder, `labels-${count}.native`);
      const block = createNativeBlock(columns);
      block.add(Array.from({ length: count }, (_, n) => n));
      await writeFile(file, block.parts());
      const answer = await session.queryAsync(
        `SELECT toInt32(uniqExact(label)) AS labels, toInt32(countIf(label = concat('label ', toString(rowNumberInAllBlocks())))) AS same FROM file('${file}', 'Native')`,
        { format: 'JSONEachRow' },
      );
      expect(answer.json()).toEqual({ labels: count, same: count });
    }
  });

  it('names the rows that do not fit', () => {
    const columns: Column<unknown>[] = [{ name: 'n', kind: 'long', nullable: false, path: 'long', from: (value) => value as number }];
    const misfits = createNativeBlock(columns).add([1, 1.5, null, 'x', 2 ** 63, -5]);
    expect(misfits.map((misfit) => misfit.index)).toEqual([1, 2, 3, 4]);
    expect(misfits[1]?.reason).toBe('n: null is not a value of type Int64.');
  });
});
