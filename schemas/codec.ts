/**
 * Records to bytes and back, in Confluent wire format: byte 0, schema id (4 bytes, big-endian), Avro.
 * Every record is read into the schema of today (the pinned reader schema), whichever released schema wrote it; the
 * resolver for a writer is built once and kept, because building one costs a hundred times a decode.
 */
import avro from 'avsc';
import { ParapetError } from '../core/errors.ts';
import { TOPIC_IDS, TOPICS, type TopicId, type TopicRecords } from '../log/topics.ts';
import { fullSchema } from './definitions.ts';
import { type Extension, findExtension } from './extension.ts';
import type { SchemaRegistry } from './registry/port.ts';
import type { AssessedInteraction, Interaction } from './types.ts';
import { SEALED_FIELDS, type UnsealedRecords, unsealedSchema } from './unsealed.ts';
import { createLocator, createWalker, type Taker } from './walk.ts';

const HEADER_BYTES = 5;

/** A decoded record and the bytes that it was decoded from. */
export interface Decoded {
  topic: TopicId;
  value: object;
  bytes: Buffer;
}

export interface Codec {
  /**
   * The bytes of a record. Throws PARAPET_RECORD_INVALID when the value does not fit the topic's schema.
   * `from` is what the record was made of: the part of it that is `from.value`, untouched, is copied from its bytes.
   * In topics that are `unsealed` the interaction's content is left out.
   */
  encode<Id extends TopicId>(topic: Id, value: TopicRecords[Id], from?: Decoded): Buffer;
  /**
   * The record of the bytes. Synchronous when the writer's schema was seen before, so call `prepare` with a batch first.
   * Throws PARAPET_RECORD_INVALID, or PARAPET_SCHEMA_UNKNOWN when the writer's schema was not prepared.
   */
  decode<Id extends TopicId>(topic: Id, bytes: Buffer): TopicRecords[Id];
  /** As `decode`, but skips the sealed content: for stores, none of which may show it. */
  decodeUnsealed<Id extends TopicId>(topic: Id, bytes: Buffer): UnsealedRecords[Id];
  /** Hands the fields of the topic's records to these takers, by path; the same takers get the same reader. */
  cells(topic: TopicId, takers: ReadonlyMap<string, Taker>): CellReader;
  /** Fetches the writer schemas of these bytes that are not known yet. What cannot be found is left to `decode` to say. */
  prepare(topic: TopicId, values: readonly Buffer[]): Promise<void>;
}

/** Reads records without decoding them; `walk.ts` says how. */
export interface CellReader {
  /** Whether today's schema wrote these bytes: only then can they be read here. */
  reads(bytes: Buffer): boolean;
  /** Throws when they are not a record of it; takers may have been called by then. */
  read(bytes: Buffer): void;
}

/** How the bytes of one writer's schema are read. */
interface Reader {
  whole(bytes: Buffer): unknown;
  unsealed(bytes: Buffer): unknown;
}

/** Registers today's schemas and gives a codec over them. */
export async function createCodec(registry: SchemaRegistry): Promise<Codec> {
  const writers = new Map<TopicId, { type: avro.Type; unsealed: avro.Type; id: number }>();
  const readers = new Map<string, Reader>();
  for (const topic of TOPIC_IDS) {
    const schema = fullSchema(TOPICS[topic].record);
    const id = await registry.register(`${TOPICS[topic].name}-value`, schema);
    const type = avro.Type.forSchema(schema as avro.Schema);
    const unsealed = avro.Type.forSchema(unsealedSchema(schema) as avro.Schema);
    const skipping = unsealed.createResolver(type);
    writers.set(topic, { type, unsealed, id });
    readers.set(`${topic}/${id}`, {
      whole: (bytes) => type.fromBuffer(bytes),
      unsealed: (bytes) => unsealed.fromBuffer(bytes, skipping),
    });
  }
  const locateContent = createLocator(avro.Type.forSchema(fullSchema('Interaction') as avro.Schema), SEALED_FIELDS);
  const writer = (topic: TopicId) => writers.get(topic) as { type: avro.Type; unsealed: avro.Type; id: number };
  const extensions = new Map<string, Extension | undefined>();
  const cellReaders = new WeakMap<ReadonlyMap<string, Taker>, CellReader>();

  /** How a record of `topic` begins with one of `from`, when it does, and those bytes were written with today's schema. */
  function extensionOf(topic: TopicId, value: object, from: Decoded): Extension | undefined {
    const key = `${topic}/${from.topic}`;
    if (!extensions.has(key)) extensions.set(key, findExtension(writer(topic).type, writer(from.topic).type));
    const extension = extensions.get(key);
    return extension?.isMadeOf(value, from.value) && schemaIdOf(from.bytes) === writer(from.topic).id ? extension : undefined;
  }

  function read(topic: TopicId, bytes: Buffer, how: keyof Reader): unknown {
    const id = schemaIdOf(bytes);
    const reader = readers.get(`${topic}/${id}`);
    if (reader === undefined)
      throw new ParapetError('PARAPET_SCHEMA_UNKNOWN', { message: `No schema with id ${id} for ${TOPICS[topic].name}.` });
    try {
      return reader[how](bytes.subarray(HEADER_BYTES));
    } catch (error) {
      throw new ParapetError('PARAPET_RECORD_INVALID', {
        message: `The bytes do not fit schema ${id} of ${TOPICS[topic].name}: ${reason(error)}`,
        cause: error,
      });
    }
  }

  return {
    encode(topic, value, from) {
      const { type, id } = writer(topic);
      const { unsealed } = TOPICS[topic];
      try {
        const extension = from && extensionOf(topic, value, from);
        if (from && extension)
          return encodeExtended(extension, id, value, from.bytes, unsealed ? locateContent(from.bytes, HEADER_BYTES) : NOTHING);
        return encodeFrame(type, id, unsealed ? withoutContent(value as AssessedInteraction) : value);
      } catch (error) {
        throw new ParapetError('PARAPET_RECORD_INVALID', {
          message: `The record does not fit ${TOPICS[topic].name}: ${reason(error)}`,
          cause: error,
        });
      }
    },

    decode<Id extends TopicId>(topic: Id, bytes: Buffer) {
      return read(topic, bytes, 'whole') as TopicRecords[Id];
    },

    decodeUnsealed<Id extends TopicId>(topic: Id, bytes: Buffer) {
      return read(topic, bytes, 'unsealed') as UnsealedRecords[Id];
    },

    cells(topic, takers) {
      const known = cellReaders.get(takers);
      if (known !== undefined) return known;
      const { type, id } = writer(topic);
      const walk = createWalker(type, takers);
      const reader: CellReader = {
        reads: (bytes) => bytes.length >= HEADER_BYTES && bytes[0] === 0 && bytes.readUInt32BE(1) === id,
        read: (bytes) => walk(bytes, HEADER_BYTES),
      };
      cellReaders.set(takers, reader);
      return reader;
    },

    async prepare(topic, values) {
      let last = -1;
      for (const bytes of values) {
        if (bytes.length < HEADER_BYTES || bytes[0] !== 0) continue;
        const id = bytes.readUInt32BE(1);
        if (id === last) continue;
        last = id;
        const key = `${topic}/${id}`;
        if (readers.has(key)) continue;
        const schema = await registry.schemaOf(id);
        if (schema === undefined) continue;
        const { type, unsealed } = writer(topic);
        try {
          const written = avro.Type.forSchema(schema as avro.Schema);
          const [resolver, skipping] = [type.createResolver(written), unsealed.createResolver(written)];
          readers.set(key, {
            whole: (value) => type.fromBuffer(value, resolver),
            unsealed: (value) => unsealed.fromBuffer(value, skipping),
          });
        } catch (error) {
          const why = `Schema ${id} cannot be read as ${TOPICS[topic].name}: ${reason(error)}`;
          const refuse = () => {
            throw new Error(why);
          };
          readers.set(key, { whole: refuse, unsealed: refuse });
        }
      }
    },
  };
}

/** The schema id in the first bytes. Throws PARAPET_RECORD_INVALID when they are not Confluent wire format. */
function schemaIdOf(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0) {
    throw new ParapetError('PARAPET_RECORD_INVALID', { message: 'The bytes do not begin with a Confluent header (0 and a schema id).' });
  }
  return bytes.readUInt32BE(1);
}

let scratch = Buffer.allocUnsafe(64 * 1024);

/** One encode into a shared scratch buffer: `toBuffer` alone would encode twice whenever its own guess is too small. */
function encodeFrame(type: avro.Type, id: number, value: unknown): Buffer {
  const end = encodeInto(type, value, HEADER_BYTES);
  scratch[0] = 0;
  scratch.writeUInt32BE(id, 1);
  return Buffer.from(scratch.subarray(0, end));
}

function encodeInto(type: avro.Type, value: unknown, at: number): number {
  const end = type.encode(value, scratch, at);
  if (end >= 0) return end;
  const larger = Buffer.allocUnsafe(Math.ceil((scratch.length - end) * 1.5));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
  return type.encode(value, scratch, at);
}

const NOTHING: [begin: number, end: number] = [HEADER_BYTES, HEADER_BYTES];

/**
 * The bytes of a record in Avro are those of its fields, one behind the other: the first ones are there already. Where content
 * is left out, nulls take its place.
 */
function encodeExtended({ rest }: Extension, id: number, value: object, begun: Buffer, [from, to]: [begin: number, end: number]): Buffer {
  let added = 0;
  for (const { name, type } of rest) added = encodeInto(type, (value as Record<string, unknown>)[name], added);
  const nulls = to > from ? SEALED_FIELDS.length : 0;
  const kept = from + nulls + begun.length - to;
  const out = Buffer.allocUnsafe(kept + added);
  begun.copy(out, 0, 0, from);
  out.fill(0, from, from + nulls);
  begun.copy(out, from + nulls, to);
  out.writeUInt32BE(id, 1);
  scratch.copy(out, kept, 0, added);
  return out;
}

function withoutContent<T extends { interaction: Interaction }>(value: T): T {
  return { ...value, interaction: { ...value.interaction, requestContent: null, responseContent: null, errorContent: null } };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
