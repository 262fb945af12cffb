/**
 * Kafka's record batch (magic 2) in bytes. Written and read here and not by kafkajs, whose objects of Longs, Buffers and
 * strings cost several times the copying of a record; values are parts of the answer they came in, never copies.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ParapetError } from '../../core/errors.ts';
import type { LogRecord, StoredRecord } from '../port.ts';
import { crc32c } from './crc32c.ts';

const HEADER_BYTES = 61;
const CRC_START = 21;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const CODEC = 0x07;

export interface BatchOrigin {
  producerId: string;
  producerEpoch: number;
  /** Number of the first record for this producer and partition. */
  firstSequence: number;
}

/** At most what `record` takes in a batch, in bytes. */
export function recordBytes(record: LogRecord): number {
  return 26 + Buffer.byteLength(record.key) + record.value.length + headersBytes(record.headers);
}

/** One transactional batch, uncompressed. */
export function encodeBatch(records: readonly LogRecord[], { producerId, producerEpoch, firstSequence }: BatchOrigin): Buffer {
  const firstTimestamp = Math.floor((records[0] as LogRecord).timestamp);
  let capacity = HEADER_BYTES;
  let maxTimestamp = firstTimestamp;
  for (const record of records) {
    capacity += recordBytes(record);
    if (record.timestamp > maxTimestamp) maxTimestamp = Math.floor(record.timestamp);
  }
  const out = Buffer.allocUnsafe(capacity);
  let at = HEADER_BYTES;
  for (let i = 0; i < records.length; i++) at = writeRecord(out, at, records[i] as LogRecord, i, firstTimestamp);
  out.writeBigInt64BE(0n, 0);
  out.writeInt32BE(at - 12, 8);
  out.writeInt32BE(-1, 12);
  out.writeInt8(2, 16);
  out.writeInt16BE(TRANSACTIONAL, 21);
  out.writeInt32BE(records.length - 1, 23);
  out.writeBigInt64BE(BigInt(firstTimestamp), 27);
  out.writeBigInt64BE(BigInt(maxTimestamp), 35);
  out.writeBigInt64BE(BigInt(producerId), 43);
  out.writeInt16BE(producerEpoch, 51);
  out.writeInt32BE(firstSequence, 53);
  out.writeInt32BE(records.length, 57);
  out.writeUInt32BE(crc32c(out, CRC_START, at), 17);
  return out.subarray(0, at);
}

function writeRecord(
  out: Buffer,
  start: number,
  { key, value, headers, timestamp }: LogRecord,
  index: number,
  firstTimestamp: number,
): number {
  const delta = Math.floor(timestamp) - firstTimestamp;
  const keyBytes = Buffer.byteLength(key);
  const names = Object.keys(headers);
  const length =
    1 +
    varintBytes(delta) +
    varintBytes(index) +
    varintBytes(keyBytes) +
    keyBytes +
    varintBytes(value.length) +
    value.length +
    varintBytes(names.length) +
    (names.length === 0 ? 0 : exactHeadersBytes(headers, names));
  let at = writeVarint(out, start, length);
  out[at++] = 0;
  at = writeVarint(out, at, delta);
  at = writeVarint(out, at, index);
  at = writeText(out, at, key, keyBytes);
  at = writeVarint(out, at, value.length);
  out.set(value, at);
  at = writeVarint(out, at + value.length, names.length);
  for (const name of names) {
    const text = headers[name] as string;
    at = writeText(out, at, name, Buffer.byteLength(name));
    at = writeText(out, at, text, Buffer.byteLength(text));
  }
  return at;
}

function writeText(out: Buffer, start: number, text: string, bytes: number): number {
  const at = writeVarint(out, start, bytes);
  return at + out.write(text, at, 'utf8');
}

function headersBytes(headers: Record<string, string>): number {
  let bytes = 5;
  for (const name in headers) bytes += 10 + Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string);
  return bytes;
}

function exactHeadersBytes(headers: Record<string, string>, names: readonly string[]): number {
  let bytes = 0;
  for (const name of names) {
    for (const text of [name, headers[name] as string]) {
      const length = Buffer.byteLength(text);
      bytes += varintBytes(length) + length;
    }
  }
  return bytes;
}

/** Zigzag: small numbers of either sign are short. Beyond 31 bits the shifts of 32-bit integers no longer do. */
const zigzag = (value: number) => (value >= 0 ? value * 2 : -value * 2 - 1);

function varintBytes(value: number): number {
  let rest = zigzag(value);
  let bytes = 1;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    bytes += 1;
  }
  return bytes;
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let rest = zigzag(value);
  let at = start;
  while (rest >= 128) {
    out[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}

export interface Aborted {
  producerId: bigint;
  firstOffset: number;
}

export interface Decoded {
  records: StoredRecord[];
  /** Where to read on: one past everything seen, markers and aborted records too. Undefined when no batch was whole. */
  next: number | undefined;
  bytes: number;
}

/**
 * The committed records of a fetched stretch from `from` on. `aborted` are the transactions that the broker names as
 * aborted. (kafkajs takes one of them for each record that passes, so that of two which were open at once, as in a
 * fetch that begins in their middle, it lets records of the second through; and it takes any record whose key is four
 * zero bytes for a marker.)
 */
export function decodeBatches(topic: string, partition: number, set: Buffer, from: number, aborted: readonly Aborted[]): Decoded {
  const records: StoredRecord[] = [];
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<bigint>();
  let next: number | undefined;
  let bytes = 0;
  for (let at = 0; at + HEADER_BYTES <= set.length; ) {
    const end = at + 12 + set.readInt32BE(at + 8);
    // The broker cuts the last batch at the byte limit of the fetch.
    if (end > set.length) break;
    if (set[at + 16] !== 2) throw unreadable(topic, partition, 'is in a message format older than Kafka 0.11');
    const base = Number(set.readBigInt64BE(at));
    const last = base + set.readInt32BE(at + 23);
    const attributes = set.readInt16BE(at + 21);
    const producer = set.readBigInt64BE(at + 43);
    while (waiting.length > 0 && (waiting[0] as Aborted).firstOffset <= last) open.add((waiting.shift() as Aborted).producerId);
    next = last + 1;
    if (attributes & CONTROL) open.delete(producer);
    else if (last >= from && !(attributes & TRANSACTIONAL && open.has(producer))) {
      const body = inflate(attributes & CODEC, set.subarray(at + HEADER_BYTES, end), topic, partition);
      const count = set.readInt32BE(at + 57);
      readRecords(records, topic, partition, body, base, Number(set.readBigInt64BE(at + 27)), count, from);
      bytes += body.length;
    }
    at = end;
  }
  return { records, next, bytes };
}

function inflate(codec: number, body: Buffer, topic: string, partition: number): Buffer {
  if (codec === 0) return body;
  if (codec === 1) return gunzipSync(body);
  if (codec === 4) return zstdDecompressSync(body);
  throw unreadable(topic, partition, `is compressed with ${codec === 2 ? 'snappy' : 'lz4'}; set compression.type=producer on the topic`);
}

function unreadable(topic: string, partition: number, what: string): ParapetError {
  return new ParapetError('PARAPET_RECORD_INVALID', { message: `${topic}/${partition} ${what}.` });
}

let cursor = 0;

function readVarint(bytes: Buffer): number {
  let byte = bytes[cursor++] as number;
  let value = byte & 0x7f;
  for (let scale = 128; byte >= 128; scale *= 128) {
    byte = bytes[cursor++] as number;
    value += (byte & 0x7f) * scale;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readRecords(
  into: StoredRecord[],
  topic: string,
  partition: number,
  body: Buffer,
  base: number,
  firstTimestamp: number,
  count: number,
  from: number,
): void {
  let at = 0;
  for (let i = 0; i < count; i++) {
    cursor = at;
    const length = readVarint(body);
    at = cursor + length;
    cursor += 1;
    const timestamp = firstTimestamp + readVarint(body);
    const offset = base + readVarint(body);
    if (offset < from) continue;
    const keyBytes = readVarint(body);
    const key = keyBytes > 0 ? body.toString('utf8', cursor, cursor + keyBytes) : '';
    if (keyBytes > 0) cursor += keyBytes;
    const valueBytes = Math.max(0, readVarint(body));
    const value = body.subarray(cursor, cursor + valueBytes);
    cursor += valueBytes;
    const headers: Record<string, string> = {};
    for (let left = readVarint(body); left > 0; left--) {
      const name = readText(body);
      headers[name] = readText(body);
    }
    into.push({ topic, partition, offset, key, timestamp, headers, value });
  }
}

function readText(body: Buffer): string {
  const bytes = Math.max(0, readVarint(body));
  const text = body.toString('utf8', cursor, cursor + bytes);
  cursor += bytes;
  return text;
}
