/** Growing buffers and the byte layouts of ClickHouse's Native format: little-endian numbers, strings behind their length. */

export function bytesOf(values: Uint8Array | Uint16Array | Uint32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

const GROWTH = 1.5;

/** A copy with room for so many bytes, and for half as many again; in whole words, so that it can be seen as numbers. */
export function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.ceil((length * GROWTH) / 8) * 8);
  larger.set(bytes);
  return larger;
}

/** Two halves: a BigInt for every number would cost ten times as much. */
export function setInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(at, value - high * 2 ** 32, true);
  view.setInt32(at + 4, high, true);
}

/** Strings up to this length are copied in JavaScript: for them the call into the runtime costs more than the copy. */
const SHORT_STRING = 20;
/** The same for bytes, which only have to be copied. */
const SHORT_STRETCH = 48;

/** Bytes that grow, and can be written over from the start. */
export class Writer {
  #buffer: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(1024, bytes));
  }

  clear(): void {
    this.#at = 0;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  varint(value: number): void {
    this.#reserve(10);
    this.#at = putVarint(this.#buffer, this.#at, value);
  }

  int64(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / 2 ** 32);
    this.#buffer.writeUInt32LE(value - high * 2 ** 32, this.#at);
    this.#buffer.writeInt32LE(high, this.#at + 4);
    this.#at += 8;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** Length in bytes, then UTF-8. */
  string(text: string): void {
    this.#reserve(text.length * 3 + 10);
    const buffer = this.#buffer;
    const start = this.#at;
    if (text.length <= SHORT_STRING) {
      let i = 0;
      for (; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        buffer[start + 1 + i] = unit;
      }
      if (i === text.length) {
        buffer[start] = i;
        this.#at = start + 1 + i;
        return;
      }
    }
    // Written behind the place that its length most likely needs, and moved in the rare case that it needs another.
    const guess = varintSize(text.length);
    const length = buffer.write(text, start + guess);
    const size = varintSize(length);
    if (size !== guess) buffer.copyWithin(start + size, start + guess, start + guess + length);
    this.#at = putVarint(buffer, start, length) + length;
  }

  /** A string that is there as bytes already: `from` from `start` up to `end`. */
  stretch(from: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#reserve(length + 5);
    const at = putVarint(this.#buffer, this.#at, length);
    if (length > SHORT_STRETCH) from.copy(this.#buffer, at, start, end);
    else for (let i = 0; i < length; i++) this.#buffer[at + i] = from[start + i] as number;
    this.#at = at + length;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.ceil((this.#at + bytes) * GROWTH));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

function putVarint(buffer: Buffer, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 0x80) {
    buffer[position++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  buffer[position++] = rest;
  return position;
}
