/**
 * Reads the bytes of a record cell by cell, without making an object of them: each field that somebody wants is handed to
 * its taker as a number or as a stretch of bytes, all others are stepped over. For stores of columns this costs a third
 * of decoding a record and taking it apart again.
 * Layout: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
 */
import type avro from 'avsc';

/**
 * What takes the values of one field. A field is named by its path: `usage.inputTokens`, of a list of records
 * `verdicts[].ruleId`. For each record exactly one call of `text`, `number`, `flag` or `nothing`; where the field is a list or a
 * map, as many of these as it has items (of a map each behind its `key`), and then `end`.
 */
export interface Taker {
  /** UTF-8, from `start` up to `end` of `bytes`, which are only good during the call. */
  text(bytes: Buffer, start: number, end: number): void;
  number(value: number): void;
  flag(value: boolean): void;
  /** Null, of the field or of a record around it. */
  nothing(): void;
  key(bytes: Buffer, start: number, end: number): void;
  end(): void;
}

/** Where the reader stands: the same for all steps, of which there are a hundred to a record. */
let bytes: Buffer = Buffer.alloc(0);
let view = new DataView(bytes.buffer);
let at = 0;

type Step = () => void;

/**
 * A function that hands the fields of one record, Avro from `start` to the end of the bytes, to their takers. It throws when
 * the bytes are not such a record; takers may then have been called. Throws when a path is no field of the schema.
 */
export function createWalker(type: avro.Type, takers: ReadonlyMap<string, Taker>): (record: Buffer, start: number) => void {
  const left = new Map(takers);
  const step = stepOf(type, '', left);
  if (left.size > 0) throw new Error(`The schema has no field ${[...left.keys()].join(', ')} that can be taken.`);
  return (record, start) => {
    enter(record, start);
    step();
    if (at !== record.length) throw new Error(`${record.length} bytes, of which the record takes ${at}`);
  };
}

/** A function that gives where the bytes of these neighbouring fields begin and end, in a record that begins at `start`. */
export function createLocator(type: avro.Type, names: readonly string[]): (record: Buffer, start: number) => [begin: number, end: number] {
  const fields = (type as avro.types.RecordType).fields;
  const first = fields.findIndex(({ name }) => name === names[0]);
  if (first < 0 || names.some((name, i) => fields[first + i]?.name !== name))
    throw new Error(`The fields ${names.join(', ')} are not neighbours.`);
  const skip = (from: number, to: number) => fields.slice(from, to).map((field) => stepOf(field.type, '', new Map()));
  const before = skip(0, first);
  const within = skip(first, first + names.length);
  return (record, start) => {
    enter(record, start);
    for (const step of before) step();
    const begin = at;
    for (const step of within) step();
    if (at > record.length) throw tooShort();
    return [begin, at];
  };
}

function enter(record: Buffer, start: number): void {
  // One answer of the log holds many records: mostly the view is the right one already.
  if (view.buffer !== record.buffer || view.byteOffset !== record.byteOffset || view.byteLength !== record.byteLength) {
    view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  }
  bytes = record;
  at = start;
}

/** Takes from `takers` those that it serves. */
function stepOf(type: avro.Type, path: string, takers: Map<string, Taker>): Step {
  const taker = takers.get(path);
  const { typeName } = type;
  switch (typeName) {
    case 'record': {
      const steps = (type as avro.types.RecordType).fields.map((field) =>
        stepOf(field.type, path === '' ? field.name : `${path}.${field.name}`, takers),
      );
      return () => {
        for (let i = 0; i < steps.length; i++) (steps[i] as Step)();
      };
    }
    case 'union:unwrapped':
    case 'union:wrapped':
      return unionStep(type as avro.types.UnwrappedUnionType, path, takers);
    case 'array':
      return arrayStep((type as avro.types.ArrayType).itemsType, path, takers);
    case 'map':
      return mapStep((type as unknown as { valuesType: avro.Type }).valuesType, path, takers);
    case 'null':
      return () => {};
    case 'boolean':
      takers.delete(path);
      return taker === undefined ? () => pass(1) : () => taker.flag(bytes[at++] !== 0);
    case 'int':
    case 'long':
      takers.delete(path);
      return taker === undefined ? () => void varint() : () => taker.number(varint());
    case 'double':
      takers.delete(path);
      if (taker === undefined) return () => pass(8);
      return () => {
        // Past the end this throws by itself.
        taker.number(view.getFloat64(at, true));
        at += 8;
      };
    case 'string':
    case 'bytes':
      takers.delete(path);
      return taker === undefined ? () => void stretch() : () => taker.text(bytes, stretch(), at);
    default:
      throw new Error(`Fields of type ${typeName} cannot be read by steps.`);
  }
}

function unionStep({ types }: avro.types.UnwrappedUnionType, path: string, takers: Map<string, Taker>): Step {
  const before = new Map(takers);
  const nothing = types.findIndex(({ typeName }) => typeName === 'null');
  const something = 1 - nothing;
  if (types.length !== 2 || nothing < 0) throw new Error(`${path} is a union of other than null and one type.`);
  const step = stepOf(types[something] as avro.Type, path, takers);
  const within = [...before].filter(([name]) => !takers.has(name)).map(([, taker]) => taker);
  return () => {
    const branch = varint();
    if (branch === something) step();
    else if (branch === nothing) for (let i = 0; i < within.length; i++) (within[i] as Taker).nothing();
    else throw new Error(`${path} has no type number ${branch}`);
  };
}

function arrayStep(items: avro.Type, path: string, takers: Map<string, Taker>): Step {
  const before = new Map(takers);
  const step = stepOf(items, items.typeName === 'record' ? `${path}[]` : path, takers);
  const within = [...before].filter(([name]) => !takers.has(name)).map(([, taker]) => taker);
  return () => {
    for (let count = block(); count > 0; count = block()) {
      for (let i = 0; i < count; i++) step();
      if (at > bytes.length) throw tooShort();
    }
    for (let i = 0; i < within.length; i++) (within[i] as Taker).end();
  };
}

function mapStep(values: avro.Type, path: string, takers: Map<string, Taker>): Step {
  const taker = takers.get(path);
  const step = stepOf(values, path, takers);
  return () => {
    for (let count = block(); count > 0; count = block()) {
      for (let i = 0; i < count; i++) {
        const start = stretch();
        taker?.key(bytes, start, at);
        step();
      }
      if (at > bytes.length) throw tooShort();
    }
    taker?.end();
  };
}

/** How many items come next. A block may also say its length in bytes, as a negative count does. */
function block(): number {
  const count = varint();
  if (count < 0) varint();
  const items = Math.abs(count);
  if (items > bytes.length) throw tooShort();
  return items;
}

function pass(length: number): void {
  at += length;
}

/** Passes a length and so many bytes; gives where those begin. */
function stretch(): number {
  const length = varint();
  const start = at;
  at += length;
  if (length < 0 || at > bytes.length) throw tooShort();
  return start;
}

/** Zigzag in groups of seven bits: the first four as they are, all others above them, as shifts end at 32 bits. */
function varint(): number {
  let byte = bytes[at++] as number;
  let low = byte & 0x7f;
  for (let shift = 7; byte >= 128 && shift < 28; shift += 7) {
    byte = bytes[at++] as number;
    low |= (byte & 0x7f) << shift;
  }
  let half = low >>> 1;
  for (let scale = 2 ** 27; byte >= 128; scale *= 128) {
    byte = bytes[at++] as number;
    half += (byte & 0x7f) * scale;
  }
  if (half > Number.MAX_SAFE_INTEGER) throw new Error('a number has more than 53 bits');
  return (low & 1) === 0 ? half : -half - 1;
}

function tooShort(): Error {
  return new Error('the bytes end in the middle of the record');
}
