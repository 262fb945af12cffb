/** Reading by steps must find what decoding finds, in any record, and say so when the bytes are none. */
import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLocator, createWalker, type Taker } from './walk.ts';

const type = avro.Type.forSchema({
  type: 'record',
  name: 'Whole',
  fields: [
    {
      name: 'passed',
      type: {
        type: 'record',
        name: 'Inner',
        fields: [
          { name: 'text', type: 'string' },
          { name: 'number', type: ['null', 'long'] },
        ],
      },
    },
    { name: 'text', type: 'string' },
    { name: 'number', type: 'long' },
    { name: 'small', type: ['null', 'int'] },
    { name: 'ratio', type: 'double' },
    { name: 'flag', type: 'boolean' },
    { name: 'bytes', type: 'bytes' },
    { name: 'inner', type: ['null', 'Inner'] },
    { name: 'list', type: { type: 'array', items: 'string' } },
    { name: 'records', type: { type: 'array', items: 'Inner' } },
    { name: 'counts', type: { type: 'map', values: 'long' } },
    { name: 'unread', type: { type: 'map', values: { type: 'array', items: 'double' } } },
  ],
} as avro.Schema);

interface Inner {
  text: string;
  number: number | null;
}

const text = fc.string({ unit: 'grapheme', maxLength: 80 });
/** avsc itself is exact up to 52 bits. */
const EXACT = 2 ** 52;
const long = fc.bigInt(BigInt(1 - EXACT), BigInt(EXACT - 1)).map(Number);
const finite = fc.double({ noNaN: true });
const inner: fc.Arbitrary<Inner> = fc.record({ text, number: fc.option(long) });
const name = fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== '__proto__');
const whole = fc.record({
  passed: inner,
  text,
  number: long,
  small: fc.option(fc.integer()),
  ratio: finite,
  flag: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  inner: fc.option(inner),
  list: fc.array(text, { maxLength: 5 }),
  records: fc.array(inner, { maxLength: 5 }),
  counts: fc.dictionary(name, long, { maxKeys: 5, noNullPrototype: true }),
  unread: fc.dictionary(name, fc.array(finite, { maxLength: 3 }), { maxKeys: 3, noNullPrototype: true }),
});

const PATHS = [
  'text',
  'number',
  'small',
  'ratio',
  'flag',
  'bytes',
  'inner.text',
  'inner.number',
  'list',
  'records[].text',
  'records[].number',
  'counts',
];

/** Takers that note what they are given, path by path. */
function noting(paths: readonly string[] = PATHS): { takers: Map<string, Taker>; noted: Record<string, unknown[]> } {
  const noted: Record<string, unknown[]> = {};
  const takers = paths.map((path): [string, Taker] => {
    const calls: unknown[] = [];
    noted[path] = calls;
    const utf8 = (bytes: Buffer, start: number, end: number) =>
      path === 'bytes' ? bytes.toString('hex', start, end) : bytes.toString('utf8', start, end);
    return [
      path,
      {
        text: (bytes, start, end) => calls.push(utf8(bytes, start, end)),
        number: (value) => calls.push(value),
        flag: (value) => calls.push(value),
        nothing: () => calls.push(null),
        key: (bytes, start, end) => calls.push(`key ${utf8(bytes, start, end)}`),
        end: () => calls.push('end'),
      },
    ];
  });
  return { takers: new Map(takers), noted };
}

type Whole = typeof whole extends fc.Arbitrary<infer T> ? T : never;

function expected(value: Whole): Record<string, unknown[]> {
  return {
    text: [value.text],
    number: [value.number],
    small: [value.small],
    ratio: [value.ratio],
    flag: [value.flag],
    bytes: [value.bytes.toString('hex')],
    'inner.text': [value.inner === null ? null : value.inner.text],
    'inner.number': [value.inner === null ? null : value.inner.number],
    list: [...value.list, 'end'],
    'records[].text': [...value.records.map((each) => each.text), 'end'],
    'records[].number': [...value.records.map((each) => each.number), 'end'],
    counts: [...Object.entries(value.counts).flatMap(([key, count]) => [`key ${key}`, count]), 'end'],
  };
}

describe('reading a record by steps', () => {
  it('finds what is in it, wherever it begins', () => {
    fc.assert(
      fc.property(whole, fc.nat(9), (value, start) => {
        const bytes = Buffer.concat([Buffer.alloc(start, 0xff), type.toBuffer(value)]);
        const { takers, noted } = noting();
        createWalker(type, takers)(bytes, start);
        expect(noted).toEqual(expected(value));
      }),
    );
  });

  it('passes what nobody takes', () => {
    fc.assert(
      fc.property(whole, fc.subarray(PATHS), (value, paths) => {
        const { takers, noted } = noting(paths);
        createWalker(type, takers)(type.toBuffer(value), 0);
        expect(noted).toEqual(Object.fromEntries(paths.map((path) => [path, expected(value)[path]])));
      }),
    );
  });

  it('ends on any bytes: by an error, or with what decoding finds too', () => {
    fc.assert(
      fc.property(whole, fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, length) => {
        const good = type.toBuffer(value);
        const bytes = Buffer.from(good.subarray(0, length % 4 === 0 ? length % (good.length + 1) : good.length));
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const { takers, noted } = noting();
        try {
          createWalker(type, takers)(bytes, 0);
        } catch {
          return;
        }
        const large = Object.values(noted).some((values) => values.some((each) => typeof each === 'number' && Math.abs(each) >= EXACT));
        // An object has each key once, and numbers first.
        const decoded = { ...expected(type.fromBuffer(bytes)), counts: expect.anything() };
        if (!large) expect(noted).toEqual(decoded);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads whole numbers of up to 53 bits, and refuses larger ones', () => {
    const longs = avro.Type.forSchema({ type: 'record', name: 'Longs', fields: [{ name: 'number', type: 'long' }] } as avro.Schema);
    const read = (hex: string) => {
      const { takers, noted } = noting(['number']);
      createWalker(longs, takers)(Buffer.from(hex, 'hex'), 0);
      return noted['number'];
    };
    expect(read('feffffffffffff1f')).toEqual([Number.MAX_SAFE_INTEGER]);
    expect(read('fdffffffffffff1f')).toEqual([Number.MIN_SAFE_INTEGER]);
    expect(() => read('feffffffffffff7f')).toThrow('53 bits');
  });

  it('reads lists in blocks that say their length', () => {
    const list = avro.Type.forSchema({
      type: 'record',
      name: 'Lists',
      fields: [
        { name: 'passed', type: { type: 'array', items: 'string' } },
        { name: 'list', type: { type: 'array', items: 'string' } },
      ],
    } as avro.Schema);
    // Blocks of -1 item and its 2 bytes, one item, and the end: twice.
    const blocks = Buffer.from([1, 4, 2, 0x61, 2, 2, 0x62, 0]);
    const bytes = Buffer.concat([blocks, blocks]);
    expect(list.fromBuffer(bytes)).toEqual({ passed: ['a', 'b'], list: ['a', 'b'] });
    const { takers, noted } = noting(['list']);
    createWalker(list, takers)(bytes, 0);
    expect(noted['list']).toEqual(['a', 'b', 'end']);
  });

  it('refuses a path that is no field', () => {
    const { takers } = noting(['text', 'nowhere', 'records.text', 'inner']);
    expect(() => createWalker(type, takers)).toThrow('The schema has no field nowhere, records.text, inner that can be taken.');
  });
});

describe('locating fields', () => {
  it('finds where neighbours begin and end', () => {
    fc.assert(
      fc.property(whole, (value) => {
        const bytes = Buffer.concat([Buffer.alloc(5), type.toBuffer(value)]);
        const [begin, end] = createLocator(type, ['bytes', 'inner', 'list'])(bytes, 5);
        const other = { ...value, bytes: Buffer.alloc(0), inner: null, list: [] };
        // Nothing of each of the three is one zero.
        expect(Buffer.concat([bytes.subarray(5, begin), Buffer.alloc(3), bytes.subarray(end)])).toEqual(type.toBuffer(other));
      }),
    );
  });

  it('refuses fields that are no neighbours, and bytes that end among them', () => {
    expect(() => createLocator(type, ['text', 'small'])).toThrow('not neighbours');
    const bytes = type.toBuffer({ ...(fc.sample(whole, 1)[0] as Whole), text: 'long enough' });
    expect(() => createLocator(type, ['text', 'number'])(bytes.subarray(0, 12), 0)).toThrow('in the middle');
  });
});
