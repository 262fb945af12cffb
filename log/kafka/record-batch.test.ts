import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../port.ts';
import { crc32c } from './crc32c.ts';
import { createPartitioner, murmur2 } from './partitioner.ts';
import { decodeBatches, encodeBatch, recordBytes } from './record-batch.ts';

const load = createRequire(import.meta.url);
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeWithKafkaJs = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
  producerId: string;
  records: { offset: string; timestamp: string; key: Buffer; value: Buffer; headers: Record<string, Buffer> }[];
}>;
const kafkaJsCrc = load('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;
const kafkaJsMurmur = load('kafkajs/src/producer/partitioners/default/murmur2') as (key: string) => number;

const origin = { producerId: '9007199254740993', producerEpoch: 3, firstSequence: 17 };

const records = fc.array(
  fc.record({
    topic: fc.constant('t'),
    key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    // A name such as `constructor` comes back from kafkajs with JavaScript's own under it.
    headers: fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).map((name) => `x-${name}`),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    value: fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes)),
  }),
  { minLength: 1, maxLength: 80 },
);

/** The batch as the broker gives it back: with the offset of its first record. */
function stored(batch: Buffer, offset: number): Buffer {
  const out = Buffer.from(batch);
  out.writeBigInt64BE(BigInt(offset), 0);
  return out;
}

const one = (value: string): LogRecord => ({ topic: 't', key: 'k', timestamp: 5, headers: {}, value: Buffer.from(value) });

/** A marker that ends a transaction: aborted, or committed. */
function marker(producerId: bigint, offset: number): Buffer {
  const out = stored(encodeBatch([one('marker')], { ...origin, producerId: String(producerId) }), offset);
  out.writeInt16BE(0x30, 21);
  return out;
}

function batchOf(producerId: bigint, offset: number, value: string): Buffer {
  return stored(encodeBatch([one(value)], { ...origin, producerId: String(producerId) }), offset);
}

describe('record batches', () => {
  it('come back as they were, and kafkajs reads the same', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (batch) => {
        const bytes = encodeBatch(batch, origin);
        expect(bytes.length).toBeLessThanOrEqual(61 + batch.reduce((sum, each) => sum + recordBytes(each), 0));
        expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes, 21, bytes.length));
        const { records: read, next } = decodeBatches('t', 2, stored(bytes, 1_000), 1_000, []);
        expect(read).toEqual(batch.map((each, i) => ({ ...each, partition: 2, offset: 1_000 + i })));
        expect(next).toBe(1_000 + batch.length);
        const theirs = await decodeWithKafkaJs(new Decoder(stored(bytes, 1_000)));
        expect(theirs.producerId).toBe(origin.producerId);
        expect(theirs.records.map(({ offset, timestamp, key }) => [Number(offset), Number(timestamp), key.toString()])).toEqual(
          batch.map(({ timestamp, key }, i) => [1_000 + i, timestamp, key]),
        );
        theirs.records.forEach(({ value, headers }, i) => {
          expect(value.equals(batch[i]?.value as Buffer)).toBe(true);
          expect(Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()]))).toEqual(batch[i]?.headers);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are read from the asked offset on, and a cut last one is left for the next fetch', () => {
    const set = Buffer.concat([
      stored(encodeBatch([one('a'), one('b'), one('c')], origin), 10),
      batchOf(1n, 20, 'd'),
      batchOf(1n, 21, 'cut').subarray(0, 70),
    ]);
    const { records: read, next } = decodeBatches('t', 0, set, 11, []);
    expect(read.map(({ offset, value }) => [offset, value.toString()])).toEqual([
      [11, 'b'],
      [12, 'c'],
      [20, 'd'],
    ]);
    expect(next).toBe(21);
  });

  it('hide aborted transactions, also two that were open at once when the fetch begins in their middle', () => {
    const set = Buffer.concat([
      batchOf(1n, 50, 'aborted 1'),
      batchOf(2n, 51, 'aborted 2'),
      marker(1n, 52),
      batchOf(1n, 53, 'kept 1'),
      batchOf(2n, 54, 'aborted 2'),
      marker(2n, 55),
      batchOf(3n, 56, 'kept 3'),
    ]);
    const aborted = [
      { producerId: 2n, firstOffset: 40 },
      { producerId: 1n, firstOffset: 41 },
    ];
    const { records: read, next } = decodeBatches('t', 0, set, 50, aborted);
    expect(read.map(({ value }) => value.toString())).toEqual(['kept 1', 'kept 3']);
    expect(next).toBe(57);
  });

  it('are read when a topic compresses them with gzip', () => {
    const plain = batchOf(1n, 7, 'packed');
    const packed = Buffer.concat([plain.subarray(0, 61), gzipSync(plain.subarray(61))]);
    packed.writeInt32BE(packed.length - 12, 8);
    packed.writeInt16BE(0x11, 21);
    expect(decodeBatches('t', 0, packed, 0, []).records.map(({ value }) => value.toString())).toEqual(['packed']);
    packed.writeInt16BE(0x12, 21);
    expect(() => decodeBatches('t', 0, packed, 0, [])).toThrow(/snappy/);
  });
});

describe('checksum and partitioner', () => {
  it('agree with kafkajs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 60 }), (bytes, key) => {
        const buffer = Buffer.from(bytes);
        expect(crc32c(buffer, 0, buffer.length)).toBe(kafkaJsCrc(buffer));
        expect(murmur2(Buffer.from(key)) | 0).toBe(kafkaJsMurmur(key) | 0);
      }),
    );
  });

  it('gives the known values of Kafka’s own murmur2', () => {
    for (const [text, hash] of [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
    ] as const) {
      expect(murmur2(Buffer.from(text)) | 0).toBe(hash);
    }
    expect(createPartitioner()('21', 7)).toBe((-973932308 & 0x7fffffff) % 7);
  });
});
