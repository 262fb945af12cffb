/** Whatever the values are, the engine reads back from a block what was put into it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chdb from 'chdb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Column } from '../columns.ts';
import { createNativeBlock } from './native.ts';

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
  { name: 'text', kind: 'string', nullable: false, from: (row) => row.text },
  { name: 'label', kind: 'label', nullable: true, from: (row) => row.label },
  { name: 'int', kind: 'int', nullable: false, from: (row) => row.int },
  { name: 'long', kind: 'long', nullable: true, from: (row) => row.long },
  { name: 'double', kind: 'double', nullable: false, from: (row) => row.double },
  { name: 'flag', kind: 'bool', nullable: false, from: (row) => row.flag },
  { name: 'list', kind: 'labels', nullable: false, from: (row) => row.list },
  { name: 'doubles', kind: 'doubles', nullable: false, from: (row) => row.doubles },
  { name: 'texts', kind: 'texts', nullable: false, from: (row) => row.texts },
  { name: 'counts', kind: 'counts', nullable: false, from: (row) => row.counts },
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

  it('holds more labels than a byte can number', async () => {
    const columns: Column<number>[] = [{ name: 'label', kind: 'label', nullable: false, from: (n) => `label ${n}` }];
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
    const columns: Column<unknown>[] = [{ name: 'n', kind: 'long', nullable: false, from: (value) => value as number }];
    const misfits = createNativeBlock(columns).add([1, 1.5, null, 'x', 2 ** 63, -5]);
    expect(misfits.map((misfit) => misfit.index)).toEqual([1, 2, 3, 4]);
    expect(misfits[1]?.reason).toBe('n: null is not a value of type Int64.');
  });
});
