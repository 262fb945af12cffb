/**
 * How an estimator is kept: as typed arrays of a fixed length, named in a fixed order. So its size is known before the
 * first event, no traffic can make it grow, and one codec writes all of them, always little-endian.
 */
import { endianness } from 'node:os';

export type Field = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

export interface Estimator {
  /** Everything it remembers, in an order that never changes within a format version. */
  readonly fields: readonly Field[];
}

/** Where memory has the order of what is written, which is nearly everywhere, fields are copied whole. */
const AS_WRITTEN = endianness() === 'LE';

interface Layout {
  /** Each field's own memory, as bytes. */
  parts: Uint8Array[];
  length: number;
}

/** A state is read and written many times over, and to look at a field as bytes costs as much as to copy it. */
const layouts = new WeakMap<readonly Field[], Layout>();

function layoutOf(fields: readonly Field[]): Layout {
  let layout = layouts.get(fields);
  if (layout === undefined) {
    const parts = fields.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
    layout = { parts, length: parts.reduce((sum, { length }) => sum + length, 0) };
    layouts.set(fields, layout);
  }
  return layout;
}

export function bytesOf(fields: readonly Field[]): number {
  return layoutOf(fields).length;
}

/** Writes the fields one after the other and says where the next byte goes. */
export function writeFields(fields: readonly Field[], view: DataView, from: number): number {
  let at = from;
  if (AS_WRITTEN) {
    const out = new Uint8Array(view.buffer, view.byteOffset);
    for (const part of layoutOf(fields).parts) {
      out.set(part, at);
      at += part.length;
    }
    return at;
  }
  for (const field of fields) {
    for (let i = 0; i < field.length; i++) {
      const value = field[i] as number;
      if (field instanceof Uint8Array) view.setUint8(at, value);
      else if (field instanceof Uint16Array) view.setUint16(at, value, true);
      else if (field instanceof Uint32Array) view.setUint32(at, value, true);
      else if (field instanceof Float32Array) view.setFloat32(at, value, true);
      else view.setFloat64(at, value, true);
      at += field.BYTES_PER_ELEMENT;
    }
  }
  return at;
}

export function readFields(fields: readonly Field[], view: DataView, from: number): number {
  let at = from;
  if (AS_WRITTEN) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset);
    for (const part of layoutOf(fields).parts) for (let i = 0; i < part.length; i++) part[i] = bytes[at++] as number;
    return at;
  }
  for (const field of fields) {
    for (let i = 0; i < field.length; i++) {
      if (field instanceof Uint8Array) field[i] = view.getUint8(at);
      else if (field instanceof Uint16Array) field[i] = view.getUint16(at, true);
      else if (field instanceof Uint32Array) field[i] = view.getUint32(at, true);
      else if (field instanceof Float32Array) field[i] = view.getFloat32(at, true);
      else field[i] = view.getFloat64(at, true);
      at += field.BYTES_PER_ELEMENT;
    }
  }
  return at;
}
