import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPIC_IDS, TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from './codec.ts';
import { canonicalText, incompatibilities } from './compatibility.ts';
import { fullSchema, RECORD_NAMES } from './definitions.ts';
import { generateTypes } from './generate.ts';
import { openFileRegistry } from './registry/file.ts';
import { released } from './release.ts';
import { INTERACTION, SAMPLES } from './samples.ts';

type Field = { name: string; type: unknown; default?: unknown };
type RecordSchema = { fields: Field[] };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-schemas-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the generated types', () => {
  it('are what the schemas make (npm run schemas)', () => {
    expect(readFileSync(new URL('types.ts', import.meta.url), 'utf8')).toBe(generateTypes());
  });
});

describe.each(RECORD_NAMES)('the schema of %s', (record) => {
  it('is released as it stands (node schemas/release.ts)', () => {
    expect(released(record).map(({ schema }) => canonicalText(schema))).toContain(canonicalText(fullSchema(record)));
  });

  it('can read, and be read by, every released version', () => {
    expect(incompatibilities(fullSchema(record), released(record))).toEqual([]);
  });

  it('reads the golden bytes of every released version', () => {
    const now = avro.Type.forSchema(fullSchema(record) as avro.Schema);
    expect(released(record).length).toBeGreaterThan(0);
    for (const { schema, golden } of released(record)) {
      const then = avro.Type.forSchema(schema as avro.Schema);
      const value = now.fromBuffer(golden, now.createResolver(then));
      // Field by field what the writer wrote: the sample may have gained fields since, which then hold their defaults.
      expect(JSON.parse(JSON.stringify(value))).toMatchObject(JSON.parse(JSON.stringify(then.fromBuffer(golden))));
    }
  });

  it('makes the same bytes from the sample as it did when it was released', () => {
    const latest = released(record).at(-1);
    expect(
      avro.Type.forSchema(fullSchema(record) as avro.Schema)
        .toBuffer(SAMPLES[record])
        .toString('base64'),
    ).toBe(latest?.golden.toString('base64'));
  });
});

describe('an incompatible change is refused', () => {
  const change = (edit: (schema: RecordSchema) => void) => {
    const schema = structuredClone(fullSchema('Interaction')) as unknown as RecordSchema;
    edit(schema);
    return incompatibilities(schema as unknown as { [key: string]: unknown }, released('Interaction'));
  };
  const fieldOf = (schema: RecordSchema, name: string) => schema.fields.find((field) => field.name === name) as Field;

  it('a new field without a default', () => {
    expect(change((schema) => schema.fields.push({ name: 'mood', type: 'string' }))).not.toEqual([]);
  });
  it('a removed field that had no default', () => {
    expect(change((schema) => schema.fields.splice(schema.fields.indexOf(fieldOf(schema, 'org')), 1))).not.toEqual([]);
  });
  it('a renamed field', () => {
    expect(change((schema) => Object.assign(fieldOf(schema, 'agentId'), { name: 'agent' }))).not.toEqual([]);
  });
  it('a changed type', () => {
    expect(change((schema) => Object.assign(fieldOf(schema, 'gatewaySequence'), { type: 'string' }))).not.toEqual([]);
  });
  it('but a new field with a default is welcome', () => {
    expect(change((schema) => schema.fields.push({ name: 'mood', type: ['null', 'string'], default: null }))).toEqual([]);
  });
  it('and so is the removal of one that had one', () => {
    expect(change((schema) => schema.fields.splice(schema.fields.indexOf(fieldOf(schema, 'userAgent')), 1))).toEqual([]);
  });
});

describe('the codec', () => {
  let codec: Codec;
  beforeAll(async () => {
    codec = await createCodec(await openFileRegistry(join(folder, 'codec')));
  });

  it.each(TOPIC_IDS)('gives back a record of %s as it was', (topic) => {
    const value = plain(SAMPLES[TOPICS[topic].record]) as { interaction: object };
    const unsealed = { requestContent: null, responseContent: null, errorContent: null };
    const expected = TOPICS[topic].unsealed ? { ...value, interaction: { ...value.interaction, ...unsealed } } : value;
    expect(plain(codec.decode(topic, codec.encode(topic, SAMPLES[TOPICS[topic].record] as never)))).toEqual(expected);
  });

  it('writes the Confluent header: 0 and the schema id', () => {
    const bytes = codec.encode('interactions', INTERACTION);
    expect(bytes[0]).toBe(0);
    expect(bytes.readUInt32BE(1)).toBeGreaterThan(0);
  });

  it('encodes what is larger than its scratch buffer, and small ones after it', () => {
    const large = {
      ...INTERACTION,
      requestContent: {
        ...(INTERACTION.requestContent as NonNullable<typeof INTERACTION.requestContent>),
        ciphertext: Buffer.alloc(3_000_000, 7),
      },
    };
    expect(codec.decode('interactions', codec.encode('interactions', large)).requestContent?.ciphertext.length).toBe(3_000_000);
    expect(codec.decode('interactions', codec.encode('interactions', INTERACTION)).interactionId).toBe(INTERACTION.interactionId);
  });

  it('makes the same bytes of a record that extends another, copied or not', () => {
    const { enrichment, assessment } = SAMPLES.AssessedInteraction;
    const bytes = codec.encode('interactions', INTERACTION);
    const value = codec.decode('interactions', bytes);
    const enriched = { interaction: value, enrichment };
    const copied = codec.encode('enriched', enriched, { topic: 'interactions', value, bytes });
    expect(copied).toEqual(codec.encode('enriched', enriched));
    const assessed = { ...codec.decode('enriched', copied), assessment };
    const from = {
      topic: 'enriched' as const,
      value: { interaction: assessed.interaction, enrichment: assessed.enrichment },
      bytes: copied,
    };
    expect(codec.encode('assessed', assessed, from)).toEqual(codec.encode('assessed', assessed));
    expect(value.requestContent).not.toBeNull();
    expect(codec.decode('assessed', codec.encode('assessed', assessed, from)).interaction.requestContent).toBeNull();
  });

  it('reads cells from the bytes of today’s schema alone', () => {
    const ids: string[] = [];
    const refuse = () => {
      throw new Error('not a text');
    };
    const text = (bytes: Buffer, start: number, end: number) => void ids.push(bytes.toString('utf8', start, end));
    const takers = new Map([['interactionId', { text, number: refuse, flag: refuse, nothing: refuse, key: refuse, end: refuse }]]);
    const reader = codec.cells('interactions', takers);
    expect(codec.cells('interactions', takers)).toBe(reader);
    const bytes = codec.encode('interactions', INTERACTION);
    expect(reader.reads(bytes)).toBe(true);
    reader.read(bytes);
    expect(ids).toEqual([INTERACTION.interactionId]);
    expect(() => reader.read(bytes.subarray(0, -1))).toThrow();
    const older = Buffer.from(bytes);
    older.writeUInt32BE(7_777, 1);
    expect([older, Buffer.alloc(3), Buffer.from('no Avro')].map((each) => reader.reads(each))).toEqual([false, false, false]);
  });

  it('copies only what is untouched, of the topic, and written with the schema of today', () => {
    const { enrichment } = SAMPLES.EnrichedInteraction;
    const bytes = codec.encode('interactions', INTERACTION);
    const value = codec.decode('interactions', bytes);
    const changed = { interaction: { ...value, org: 'another' }, enrichment };
    expect(codec.encode('enriched', changed, { topic: 'interactions', value, bytes })).toEqual(codec.encode('enriched', changed));
    const older = Buffer.from(bytes);
    older.writeUInt32BE(7_777, 1);
    older.fill(0, 5);
    const enriched = { interaction: value, enrichment };
    expect(codec.encode('enriched', enriched, { topic: 'interactions', value, bytes: older })).toEqual(codec.encode('enriched', enriched));
    const audit = { topic: 'interactions' as const, value, bytes };
    expect(codec.encode('audit', SAMPLES.AuditEvent, audit)).toEqual(codec.encode('audit', SAMPLES.AuditEvent));
  });

  it('refuses a value that does not fit, with a code', () => {
    expect(() => codec.encode('interactions', { ...INTERACTION, org: 7 as never })).toThrow(
      expect.objectContaining({ code: 'PARAPET_RECORD_INVALID' }),
    );
  });

  it('never crashes on any bytes: a coded error, or a record', () => {
    const good = codec.encode('interactions', INTERACTION);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(good.length), (at, byte, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        if (at < bytes.length) bytes[at] = byte;
        try {
          codec.decode('interactions', bytes);
        } catch (error) {
          expect(['PARAPET_RECORD_INVALID', 'PARAPET_SCHEMA_UNKNOWN']).toContain((error as { code: string }).code);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads what an earlier writer wrote, into the schema of today', async () => {
    const registry = await openFileRegistry(join(folder, 'evolution'));
    const older = structuredClone(fullSchema('AuditEvent')) as unknown as RecordSchema & { [key: string]: unknown };
    older.fields = older.fields.filter((field) => field.name !== 'traceId');
    const id = await registry.register(`${TOPICS.audit.name}-value`, older);
    const { traceId: _, ...sample } = SAMPLES.AuditEvent;
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    const bytes = Buffer.concat([header, avro.Type.forSchema(older as unknown as avro.Schema).toBuffer(sample)]);
    const today = await createCodec(registry);
    await today.prepare('audit', [bytes]);
    expect(today.decode('audit', bytes)).toMatchObject({ ...sample, traceId: null });
    expect(() => today.decode('audit', Buffer.from([0, 0, 0, 99, 1, 2]))).toThrow(
      expect.objectContaining({ code: 'PARAPET_SCHEMA_UNKNOWN' }),
    );
  });
});

describe('the file registry', () => {
  it('gives the same id to the same schema, also to racing processes, and refuses what breaks others', async () => {
    const path = join(folder, 'registry');
    const registries = await Promise.all([1, 2, 3, 4].map(() => openFileRegistry(path)));
    const schema = (extra: Field[]) => ({ type: 'record', name: 'T', fields: [{ name: 'a', type: 'string' }, ...extra] });
    const ids = await Promise.all(
      registries.flatMap((registry) => ['x', 'y', 'z'].map((subject) => registry.register(subject, schema([])))),
    );
    expect(new Set(ids.filter((_, i) => i % 3 === 0)).size).toBe(1);
    expect(new Set(ids).size).toBe(3);
    await expect(registries[0]?.register('x', schema([{ name: 'b', type: 'int' }]))).rejects.toMatchObject({
      code: 'PARAPET_SCHEMA_INCOMPATIBLE',
    });
    const next = await registries[1]?.register('x', schema([{ name: 'b', type: 'int', default: 0 }]));
    expect(await registries[2]?.schemaOf(next as number)).toMatchObject({ name: 'T' });
    expect(await registries[3]?.schemaOf(999)).toBeUndefined();
  });
});

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
