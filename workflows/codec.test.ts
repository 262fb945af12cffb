import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from '../keys/local.ts';
import type { KeyStore } from '../keys/port.ts';
import { createPayloadCodec } from './codec.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-codec-'));
const masterOf = (n: number) => Buffer.alloc(32, n).toString('base64');
let ours: KeyStore;
let theirs: KeyStore;

beforeAll(() => {
  ours = openLocalKeyStore({ folder: join(folder, 'a'), masterKey: masterOf(1) });
  theirs = openLocalKeyStore({ folder: join(folder, 'b'), masterKey: masterOf(2) });
});
afterAll(async () => {
  await ours.close();
  await theirs.close();
  rmSync(folder, { recursive: true, force: true });
});

const payloadOf = (value: unknown) => defaultPayloadConverter.toPayload(value) as Payload;
const sealedOf = async (value: unknown) => (await createPayloadCodec(ours).encode([payloadOf(value)]))[0] as Payload;
const refused = (says: string) => expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE', message: expect.stringContaining(says) });

describe('payloads on the Temporal server', () => {
  it('come back as they were', async () => {
    const values = [{ id: 'report/GDPR/acme/2026-09' }, 'ä', null, undefined, [], Buffer.from([0, 255])];
    const codec = createPayloadCodec(ours);
    const opened = await codec.decode(await codec.encode(values.map(payloadOf)));
    expect(opened.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(
      values.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value)),
    );
  });

  it('may be made in another realm, as those of a workflow are', async () => {
    const data = runInNewContext('new Uint8Array([34, 97, 34])') as Uint8Array;
    const codec = createPayloadCodec(ours);
    const [opened] = await codec.decode(await codec.encode([{ metadata: payloadOf('a').metadata ?? {}, data }]));
    expect(defaultPayloadConverter.fromPayload(opened as Payload)).toBe('a');
  });

  it('show nothing of what they say, not even twice the same', async () => {
    const [first, second] = [await sealedOf('acme'), await sealedOf('acme')];
    expect(Buffer.from(first.data as Uint8Array).includes('acme')).toBe(false);
    expect(first.data).not.toEqual(second.data);
  });

  it('are opened by whoever has the master key, also later', async () => {
    const again = openLocalKeyStore({ folder: join(folder, 'c'), masterKey: masterOf(1) });
    const [opened] = await createPayloadCodec(again).decode([await sealedOf(7)]);
    expect(defaultPayloadConverter.fromPayload(opened as Payload)).toBe(7);
    await again.close();
  });

  it('are refused when they are not sealed, or with another key, or were changed', async () => {
    const codec = createPayloadCodec(ours);
    await expect(codec.decode([payloadOf('open')])).rejects.toEqual(refused('is not sealed'));
    await expect(createPayloadCodec(theirs).decode([await sealedOf('x')])).rejects.toEqual(refused('not with this master key'));
    const { metadata, data } = await sealedOf('x');
    for (let at = 0; at < (data as Uint8Array).length; at++) {
      const changed = Buffer.from(data as Uint8Array);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await expect(codec.decode([{ metadata, data: changed }])).rejects.toEqual(refused('were changed'));
    }
    await expect(codec.decode([{ metadata, data: Buffer.alloc(3) }])).rejects.toEqual(refused('were changed'));
  });
});
