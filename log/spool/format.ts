/**
 * What stands in a spool segment: blocks, each one group commit. A block is whole or it is not there: its checksum
 * covers every entry, and it names its segment, so that the old bytes of a recycled file are never taken for new ones.
 *
 *   block  = length u32 · crc32 u32 · segment u32 · count u32 · entry × count
 *   entry  = length u32 · kind u8 · status u8 · topic length u16 · hour u32 · gateway sequence f64 · ship sequence f64
 *            · topic · packed record
 *
 * `length` of a block counts what follows its first 16 bytes, that of an entry what follows its first 28. The checksum
 * covers everything after itself. All numbers are big-endian.
 */
import { crc32 } from 'node:zlib';
import { packedLength, packInto, unpackRecord } from '../embedded/frame.ts';
import type { LogRecord } from '../port.ts';

export const BLOCK_HEADER_BYTES = 16;
export const ENTRY_HEADER_BYTES = 28;

export const STATUSES = ['answered', 'blocked', 'rejected', 'failed', 'abandoned', 'orphaned'] as const;
export type Status = (typeof STATUSES)[number];

/** intent: what will be shipped if the gateway dies. end: what is shipped instead. note: shipped as it is. */
export type EntryKind = 'intent' | 'end' | 'note';
const KINDS: EntryKind[] = ['intent', 'end', 'note'];

export interface EntryHead {
  kind: EntryKind;
  /** Of an end. */
  status: Status;
  /** Of an end: hours since 1970 of the interaction's start. */
  hour: number;
  /** Of an intent and an end; 0 for a note. */
  gatewaySequence: number;
  /** Of an end and a note; 0 for an intent. */
  shipSequence: number;
}

/** Collects entries into one growing buffer, so that a group commit is one write without a list of small pieces. */
export class BlockBuilder {
  #buffer = Buffer.allocUnsafe(256 * 1024);
  #end = BLOCK_HEADER_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#end;
  }

  /** Adds an entry; gives where its record begins in the block and how long it is. */
  add(head: EntryHead, record: LogRecord): { offset: number; length: number } {
    const start = this.#end;
    const length = record.topic.length + packedLength(record);
    this.#reserve(ENTRY_HEADER_BYTES + length);
    const buffer = this.#buffer;
    buffer.writeUInt32BE(length, start);
    buffer[start + 4] = KINDS.indexOf(head.kind);
    buffer[start + 5] = STATUSES.indexOf(head.status);
    buffer.writeUInt16BE(record.topic.length, start + 6);
    buffer.writeUInt32BE(head.hour, start + 8);
    buffer.writeDoubleBE(head.gatewaySequence, start + 12);
    buffer.writeDoubleBE(head.shipSequence, start + 20);
    buffer.write(record.topic, start + ENTRY_HEADER_BYTES, 'latin1');
    packInto(buffer, start + ENTRY_HEADER_BYTES + record.topic.length, record);
    this.#end = start + ENTRY_HEADER_BYTES + length;
    this.#count += 1;
    return { offset: start, length: ENTRY_HEADER_BYTES + length };
  }

  /** The finished block, valid until the next `add`. */
  seal(segment: number): Buffer {
    const block = this.#buffer.subarray(0, this.#end);
    block.writeUInt32BE(this.#end - BLOCK_HEADER_BYTES, 0);
    block.writeUInt32BE(segment, 8);
    block.writeUInt32BE(this.#count, 12);
    block.writeUInt32BE(crc32(block.subarray(8)), 4);
    return block;
  }

  reset(): void {
    this.#end = BLOCK_HEADER_BYTES;
    this.#count = 0;
    // One huge record must not hold its memory for ever.
    if (this.#buffer.length > 8 * 1024 * 1024) this.#buffer = Buffer.allocUnsafe(256 * 1024);
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + more));
    this.#buffer.copy(grown, 0, 0, this.#end);
    this.#buffer = grown;
  }
}

export interface FoundEntry extends EntryHead {
  /** Where the entry begins in the segment, and its length with its header. */
  offset: number;
  length: number;
}

/** Every entry of a segment's bytes up to the first block that is not whole. `end` is where the good bytes end. */
export function scanSegment(bytes: Buffer, segment: number): { entries: FoundEntry[]; end: number } {
  const entries: FoundEntry[] = [];
  let at = 0;
  while (at + BLOCK_HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + BLOCK_HEADER_BYTES + length;
    if (length === 0 || end > bytes.length || bytes.readUInt32BE(at + 8) !== segment) break;
    if (bytes.readUInt32BE(at + 4) !== crc32(bytes.subarray(at + 8, end))) break;
    const count = bytes.readUInt32BE(at + 12);
    let entry = at + BLOCK_HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      const entryLength = ENTRY_HEADER_BYTES + bytes.readUInt32BE(entry);
      entries.push({ ...headAt(bytes, entry), offset: entry, length: entryLength });
      entry += entryLength;
    }
    at = end;
  }
  return { entries, end: at };
}

/** The record of an entry's bytes (header included). */
export function recordOf(entry: Buffer): LogRecord {
  const topicLength = entry.readUInt16BE(6);
  const topic = entry.toString('latin1', ENTRY_HEADER_BYTES, ENTRY_HEADER_BYTES + topicLength);
  const { key, timestamp, headers, value } = unpackRecord(topic, 0, 0, entry.subarray(ENTRY_HEADER_BYTES + topicLength));
  return { topic, key, timestamp, headers, value };
}

function headAt(bytes: Buffer, at: number): EntryHead {
  return {
    kind: KINDS[bytes[at + 4] as number] ?? 'note',
    status: STATUSES[bytes[at + 5] as number] ?? 'orphaned',
    hour: bytes.readUInt32BE(at + 8),
    gatewaySequence: bytes.readDoubleBE(at + 12),
    shipSequence: bytes.readDoubleBE(at + 20),
  };
}
