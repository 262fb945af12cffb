import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPIC_IDS, TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from './codec.ts';
import { openFileRegistry } from './registry/file.ts';
import { SAMPLES } from './samples.ts';

let folder = '';
let codec: Codec;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-unsealed-'));
  codec = await createCodec(await openFileRegistry(folder));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a record without sealed content', () => {
  it.each(TOPIC_IDS)('is all the rest: %s', (topic) => {
    const bytes = codec.encode(topic, SAMPLES[TOPICS[topic].record]);
    expect(plain(codec.decodeUnsealed(topic, bytes))).toEqual(withoutSealed(plain(codec.decode(topic, bytes))));
  });

  it('is refused when its bytes are cut short or do not fit', () => {
    const bytes = codec.encode('interactions', SAMPLES.Interaction);
    expect(() => codec.decodeUnsealed('interactions', bytes.subarray(0, -1))).toThrow(/do not fit/);
    expect(() => codec.decodeUnsealed('interactions', Buffer.concat([bytes, Buffer.from([0])]))).toThrow(/do not fit/);
  });
});

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

function withoutSealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSealed);
  if (value === null || typeof value !== 'object') return value;
  const rest = Object.entries(value).filter(([name]) => !['requestContent', 'responseContent', 'errorContent'].includes(name));
  return Object.fromEntries(rest.map(([name, each]) => [name, withoutSealed(each)]));
}
