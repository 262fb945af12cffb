/**
 * How a record and its place are written in LMDB. Keys sort by topic, partition and offset, so that a partition is one
 * stretch of the tree; a value is a small fixed header, the key, the headers as JSON, and the record's bytes.
 */
import { placingPart } from '../keys.ts';
import type { LogRecord, StoredRecord } from '../port.ts';

/** Topic number (2 bytes), partition (2 bytes), offset (8 bytes), all big-endian. */
export function recordKey(topicNumber: number, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt16BE(topicNumber, 0);
  key.writeUInt16BE(partition, 2);
  key.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), 4);
  key.writeUInt32BE(offset % 0x1_0000_0000, 8);
  return key;
}

export function offsetOf(key: Buffer): number {
  return key.readUInt32BE(4) * 0x1_0000_0000 + key.readUInt32BE(8);
}

/** The bytes that `packInto` writes for this record. */
export function packedLength(record: LogRecord): number {
  return 16 + Buffer.byteLength(record.key) + Buffer.byteLength(headersText(record)) + record.value.length;
}

/** Writes the record into `out` at `at`; gives where it ends. */
export function packInto(out: Buffer, at: number, record: LogRecord): number {
  const keyBytes = out.write(record.key, at + 16, 'utf8');
  const headerBytes = out.write(headersText(record), at + 16 + keyBytes, 'utf8');
  out.writeDoubleBE(record.timestamp, at);
  out.writeUInt32BE(keyBytes, at + 8);
  out.writeUInt32BE(headerBytes, at + 12);
  return at + 16 + keyBytes + headerBytes + record.value.copy(out, at + 16 + keyBytes + headerBytes);
}

export function packRecord(record: LogRecord): Buffer {
  const out = Buffer.allocUnsafe(packedLength(record));
  packInto(out, 0, record);
  return out;
}

let lastHeaders: LogRecord['headers'] | undefined;
let lastText = '';

/** Asked for the length first and for the bytes right after, so the last answer is kept. */
function headersText({ headers }: LogRecord): string {
  if (headers !== lastHeaders) {
    lastText = JSON.stringify(headers);
    lastHeaders = headers;
  }
  return lastText;
}

export function unpackRecord(topic: string, partition: number, offset: number, packed: Buffer): StoredRecord {
  const keyEnd = 16 + packed.readUInt32BE(8);
  const headersEnd = keyEnd + packed.readUInt32BE(12);
  return {
    topic,
    partition,
    offset,
    timestamp: packed.readDoubleBE(0),
    key: packed.toString('utf8', 16, keyEnd),
    headers: headersEnd - keyEnd === 2 ? {} : JSON.parse(packed.toString('utf8', keyEnd, headersEnd)),
    value: packed.subarray(headersEnd),
  };
}

/** The timestamp alone, without unpacking the rest. */
export function timestampOf(packed: Buffer): number {
  return packed.readDoubleBE(0);
}

/** FNV-1a over the key's UTF-8 bytes: stable across processes and versions, because it decides where a key lives. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(placingPart(key), 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}
