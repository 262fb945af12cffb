/**
 * How a record and its place are written in LMDB. Keys sort by topic, partition and offset, so that a partition is one
 * stretch of the tree; a value is a small fixed header, the key, the headers as JSON, and the record's bytes.
 */
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

export function packRecord(record: LogRecord): Buffer {
  const key = Buffer.from(record.key, 'utf8');
  const headers = Buffer.from(JSON.stringify(record.headers), 'utf8');
  const out = Buffer.allocUnsafe(16 + key.length + headers.length + record.value.length);
  out.writeDoubleBE(record.timestamp, 0);
  out.writeUInt32BE(key.length, 8);
  out.writeUInt32BE(headers.length, 12);
  key.copy(out, 16);
  headers.copy(out, 16 + key.length);
  record.value.copy(out, 16 + key.length + headers.length);
  return out;
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
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}
