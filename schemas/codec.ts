/**
 * Records to bytes and back, in Confluent wire format: byte 0, schema id (4 bytes, big-endian), Avro.
 * Every record is read into the schema of today (the pinned reader schema), whichever released schema wrote it; the
 * resolver for a writer is built once and kept, because building one costs a hundred times a decode.
 */
import avro from 'avsc';
import { ParapetError } from '../core/errors.ts';
import { TOPIC_IDS, TOPICS, type TopicId, type TopicRecords } from '../log/topics.ts';
import { fullSchema } from './definitions.ts';
import type { SchemaRegistry } from './registry/port.ts';

const HEADER_BYTES = 5;

export interface Codec {
  /** The bytes of a record. Throws PARAPET_RECORD_INVALID when the value does not fit the topic's schema. */
  encode<Id extends TopicId>(topic: Id, value: TopicRecords[Id]): Buffer;
  /**
   * The record of the bytes. Synchronous when the writer's schema was seen before, so call `prepare` with a batch first.
   * Throws PARAPET_RECORD_INVALID, or PARAPET_SCHEMA_UNKNOWN when the writer's schema was not prepared.
   */
  decode<Id extends TopicId>(topic: Id, bytes: Buffer): TopicRecords[Id];
  /** Fetches the writer schemas of these bytes that are not known yet. What cannot be found is left to `decode` to say. */
  prepare(topic: TopicId, values: readonly Buffer[]): Promise<void>;
}

/** Registers today's schemas and gives a codec over them. */
export async function createCodec(registry: SchemaRegistry): Promise<Codec> {
  const writers = new Map<TopicId, { type: avro.Type; id: number }>();
  const readers = new Map<string, (bytes: Buffer) => unknown>();
  for (const topic of TOPIC_IDS) {
    const schema = fullSchema(TOPICS[topic].record);
    const id = await registry.register(`${TOPICS[topic].name}-value`, schema);
    const type = avro.Type.forSchema(schema as avro.Schema);
    writers.set(topic, { type, id });
    readers.set(`${topic}/${id}`, (bytes) => type.fromBuffer(bytes));
  }
  const writer = (topic: TopicId) => writers.get(topic) as { type: avro.Type; id: number };

  return {
    encode(topic, value) {
      const { type, id } = writer(topic);
      try {
        return encodeFrame(type, id, value);
      } catch (error) {
        throw new ParapetError('PARAPET_RECORD_INVALID', {
          message: `The record does not fit ${TOPICS[topic].name}: ${reason(error)}`,
          cause: error,
        });
      }
    },

    decode<Id extends TopicId>(topic: Id, bytes: Buffer) {
      const id = schemaIdOf(bytes);
      const read = readers.get(`${topic}/${id}`);
      if (read === undefined)
        throw new ParapetError('PARAPET_SCHEMA_UNKNOWN', { message: `No schema with id ${id} for ${TOPICS[topic].name}.` });
      try {
        return read(bytes.subarray(HEADER_BYTES)) as TopicRecords[Id];
      } catch (error) {
        throw new ParapetError('PARAPET_RECORD_INVALID', {
          message: `The bytes do not fit schema ${id} of ${TOPICS[topic].name}: ${reason(error)}`,
          cause: error,
        });
      }
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
        const { type } = writer(topic);
        try {
          const resolver = type.createResolver(avro.Type.forSchema(schema as avro.Schema));
          readers.set(key, (value) => type.fromBuffer(value, resolver));
        } catch (error) {
          const why = `Schema ${id} cannot be read as ${TOPICS[topic].name}: ${reason(error)}`;
          readers.set(key, () => {
            throw new Error(why);
          });
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
  let end = type.encode(value, scratch, HEADER_BYTES);
  if (end < 0) {
    scratch = Buffer.allocUnsafe(Math.ceil((scratch.length - end) * 1.5));
    end = type.encode(value, scratch, HEADER_BYTES);
  }
  scratch[0] = 0;
  scratch.writeUInt32BE(id, 1);
  return Buffer.from(scratch.subarray(0, end));
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
