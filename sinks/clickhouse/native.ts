/**
 * Rows as one block of ClickHouse's Native format: column after column, binary. Measured on 90 columns it costs the engine
 * about a tenth of what JSON does, and one body is one block, which is what makes an insert all or nothing.
 * The subtle point: the format has no room for a wrong value, so every cell is checked here and a row that does not fit
 * is named instead of written. Layout: https://clickhouse.com/docs/interfaces/formats/Native
 */
import type { Cell, Column } from '../columns.ts';

/** A row whose value does not fit its column. */
export interface Misfit {
  index: number;
  reason: string;
}

export interface NativeBlock {
  /** In order; not joined, because joining 50 MB costs as much as a third of encoding them. */
  parts: Buffer[];
  /** Not empty: nothing was encoded, these rows must go first. */
  misfits: Misfit[];
}

/** Rows per turn: few enough to stay in the processor's cache while all the columns look at them. */
const CHUNK = 256;

/** `columns` of `rows` as one Native block. Rows with a value that does not fit are returned instead. */
export function encodeNative<T>(columns: readonly Column<T>[], rows: readonly T[]): NativeBlock {
  const misfits = new Map<number, string>();
  const encoders = columns.map((column) => {
    const encoder = encoderFor(column, rows, (index, value) => {
      if (!misfits.has(index)) misfits.set(index, `${column.name}: ${describe(value)} is not a value of type ${nativeType(column)}.`);
    });
    return { column, encoder };
  });
  for (let start = 0; start < rows.length; start += CHUNK) {
    const end = Math.min(rows.length, start + CHUNK);
    for (const { encoder } of encoders) encoder.take(start, end);
  }
  if (misfits.size > 0)
    return { parts: [], misfits: [...misfits].map(([index, reason]) => ({ index, reason })).sort((a, b) => a.index - b.index) };

  const head = new Writer(32);
  head.varint(columns.length);
  head.varint(rows.length);
  const parts = [head.bytes()];
  for (const { column, encoder } of encoders) {
    const name = new Writer(128);
    name.string(column.name);
    name.string(nativeType(column));
    parts.push(name.bytes(), ...encoder.finish());
  }
  return { parts: parts.filter((part) => part.length > 0), misfits: [] };
}

/** The type that the bytes have; ClickHouse casts it to the column's where they differ (arrays and maps of labels). */
export function nativeType({ kind, nullable }: Pick<Column<never>, 'kind' | 'nullable'>): string {
  switch (kind) {
    case 'string':
      return 'String';
    case 'label':
      return 'LowCardinality(String)';
    case 'int':
      return nullable ? 'Nullable(Int32)' : 'Int32';
    case 'long':
      return nullable ? 'Nullable(Int64)' : 'Int64';
    case 'double':
      return nullable ? 'Nullable(Float64)' : 'Float64';
    case 'bool':
      return nullable ? 'Nullable(Bool)' : 'Bool';
    case 'money':
      return nullable ? 'Nullable(Decimal(18, 9))' : 'Decimal(18, 9)';
    case 'time':
      return `DateTime64(6, 'UTC')`;
    case 'strings':
    case 'labels':
      return 'Array(String)';
    case 'doubles':
      return 'Array(Float64)';
    case 'texts':
      return 'Map(String, String)';
    case 'counts':
      return 'Map(String, Int64)';
  }
}

/** Takes the rows of one column, some at a time and in order, and gives the column's bytes at the end. */
interface Encoder {
  take(start: number, end: number): void;
  finish(): Buffer[];
}

type Misfitting = (index: number, value: unknown) => void;

function encoderFor<T>(column: Column<T>, rows: readonly T[], misfit: Misfitting): Encoder {
  switch (column.kind) {
    case 'string':
      return stringEncoder(column, rows, misfit);
    case 'label':
      return labelEncoder(column, rows, misfit);
    case 'int':
    case 'long':
    case 'time':
    case 'double':
    case 'money':
    case 'bool':
      return numberEncoder(column, rows, misfit);
    case 'strings':
    case 'labels':
    case 'doubles':
    case 'texts':
    case 'counts':
      return nestedEncoder(column, rows, misfit);
  }
}

function stringEncoder<T>({ from }: Column<T>, rows: readonly T[], misfit: Misfitting): Encoder {
  const writer = new Writer(rows.length * 24);
  return {
    take(start, end) {
      for (let i = start; i < end; i++) {
        const cell = from(rows[i] as T) ?? '';
        if (typeof cell === 'string') writer.string(cell);
        else misfit(i, cell);
      }
    },
    finish: () => [writer.bytes()],
  };
}

/** LowCardinality: a format version, flags with the width of an index, the distinct strings, the index of each row. */
function labelEncoder<T>({ from }: Column<T>, rows: readonly T[], misfit: Misfitting): Encoder {
  const indexOf = new Map<string, number>();
  const indexes = new Uint32Array(rows.length);
  let last = '';
  let lastIndex = -1;
  return {
    take(start, end) {
      for (let i = start; i < end; i++) {
        const cell = from(rows[i] as T) ?? '';
        if (typeof cell !== 'string') {
          misfit(i, cell);
          continue;
        }
        if (cell !== last || lastIndex < 0) {
          last = cell;
          lastIndex = indexOf.get(cell) ?? indexOf.size;
          if (lastIndex === indexOf.size) indexOf.set(cell, lastIndex);
        }
        indexes[i] = lastIndex;
      }
    },
    finish() {
      if (rows.length === 0) return [];
      const width = indexOf.size <= 0x100 ? 0 : indexOf.size <= 0x10000 ? 1 : 2;
      const writer = new Writer(64 + indexOf.size * 24);
      writer.int64(SHARED_DICTIONARY_VERSION);
      writer.int64(HAS_ADDITIONAL_KEYS | width);
      writer.int64(indexOf.size);
      for (const key of indexOf.keys()) writer.string(key);
      writer.int64(rows.length);
      return [writer.bytes(), bytesOf(width === 0 ? Uint8Array.from(indexes) : width === 1 ? Uint16Array.from(indexes) : indexes)];
    },
  };
}

const SHARED_DICTIONARY_VERSION = 1;
const HAS_ADDITIONAL_KEYS = 1 << 9;

/** Numbers, with a map of nulls in front where there may be some. */
function numberEncoder<T>({ kind, nullable, from }: Column<T>, rows: readonly T[], misfit: Misfitting): Encoder {
  const nulls = new Uint8Array(nullable ? rows.length : 0);
  const bytes = new Uint8Array(rows.length * (kind === 'bool' ? 1 : kind === 'int' ? 4 : 8));
  const view = new DataView(bytes.buffer);
  return {
    take(start, end) {
      for (let i = start; i < end; i++) {
        const cell = from(rows[i] as T);
        if (cell === null && nullable) nulls[i] = 1;
        else if (kind === 'bool' && typeof cell === 'boolean') bytes[i] = cell ? 1 : 0;
        else if (typeof cell !== 'number' || kind === 'bool') misfit(i, cell);
        else if (kind === 'double') view.setFloat64(i * 8, cell, true);
        else if (kind === 'money') {
          const billionths = Math.round(cell * 1e9);
          if (Number.isSafeInteger(billionths)) setInt64(view, i * 8, billionths);
          else misfit(i, cell);
        } else if (kind === 'int') {
          if ((cell | 0) === cell) view.setInt32(i * 4, cell, true);
          else misfit(i, cell);
        } else if (Number.isInteger(cell) && Math.abs(cell) < 2 ** 63) setInt64(view, i * 8, cell);
        else misfit(i, cell);
      }
    },
    finish: () => [bytesOf(nulls), bytesOf(bytes)],
  };
}

/** Arrays and maps: where each row ends, then all the values (of a map: all keys, then all values). */
function nestedEncoder<T>({ kind, from }: Column<T>, rows: readonly T[], misfit: Misfitting): Encoder {
  const ends = new Uint8Array(rows.length * 8);
  const endsView = new DataView(ends.buffer);
  const keys = new Writer(64);
  const values = new Writer(64);
  const isMap = kind === 'texts' || kind === 'counts';
  let count = 0;
  const put = (index: number, item: unknown) => {
    if (kind === 'doubles' && typeof item === 'number') values.float64(item);
    else if (kind === 'counts' && Number.isSafeInteger(item)) values.int64(item as number);
    else if (kind !== 'doubles' && kind !== 'counts' && typeof item === 'string') values.string(item);
    else misfit(index, item);
    count++;
  };
  return {
    take(start, end) {
      for (let i = start; i < end; i++) {
        const cell: Cell = from(rows[i] as T);
        if (typeof cell !== 'object' || cell === null || Array.isArray(cell) === isMap) misfit(i, cell);
        else if (Array.isArray(cell)) for (const item of cell) put(i, item);
        else
          for (const key of Object.keys(cell)) {
            keys.string(key);
            put(i, cell[key]);
          }
        setInt64(endsView, i * 8, count);
      }
    },
    finish: () => [bytesOf(ends), keys.bytes(), values.bytes()],
  };
}

function bytesOf(values: Uint8Array | Uint16Array | Uint32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** Two halves: a BigInt for every number would cost ten times as much. */
function setInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(at, value - high * 2 ** 32, true);
  view.setInt32(at + 4, high, true);
}

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined
    ? String(value)
    : `a ${Array.isArray(value) ? 'list' : typeof value}`;
}

/** Strings up to this length are copied in JavaScript: for them the call into the runtime costs more than the copy. */
const SHORT_STRING = 20;

class Writer {
  #buffer: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(1024, bytes));
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

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#at + bytes, this.#buffer.length * 2));
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
