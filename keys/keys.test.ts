import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from './local.ts';
import type { KeyStore } from './port.ts';
import { pseudonymOf } from './pseudonym.ts';
import { seal, unseal } from './seal.ts';

describe('sealed content', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-keys-'));
  let keys: KeyStore;
  beforeAll(() => {
    keys = openLocalKeyStore({ folder });
  });
  afterAll(async () => {
    await keys.close();
    rmSync(folder, { recursive: true });
  });

  it('opens to the same text, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (text) => {
        expect(unseal(keys, 'i-1', 'requestContent', seal(keys, 'acme/ann', 'i-1', 'requestContent', text))).toBe(text);
      }),
    );
  });

  it('compresses long text, and opens it', () => {
    const text = 'a long conversation '.repeat(10_000);
    const sealed = seal(keys, 'acme/ann', 'i-1', 'requestContent', text);
    expect(sealed.compression).toBe('deflate');
    expect(sealed.ciphertext.length).toBeLessThan(text.length / 10);
    expect(unseal(keys, 'i-1', 'requestContent', sealed)).toBe(text);
  });

  it('does not open in another interaction, another field, or changed', () => {
    const sealed = seal(keys, 'acme/ann', 'i-1', 'requestContent', 'hello');
    const changed = { ...sealed, ciphertext: Buffer.from(sealed.ciphertext) };
    changed.ciphertext[0] = (changed.ciphertext[0] as number) ^ 1;
    expect(() => unseal(keys, 'i-2', 'requestContent', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_RECORD_INVALID' }));
    expect(() => unseal(keys, 'i-1', 'responseContent', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_RECORD_INVALID' }));
    expect(() => unseal(keys, 'i-1', 'requestContent', changed)).toThrow(expect.objectContaining({ code: 'PARAPET_RECORD_INVALID' }));
  });

  it('is gone for good when the subject is erased, and the others stay', async () => {
    const gone = seal(keys, 'acme/bob', 'i-1', 'requestContent', 'hello');
    const stays = seal(keys, 'acme/ann', 'i-1', 'requestContent', 'hello');
    expect(await keys.destroy('acme/bob')).toBe(1);
    expect(() => unseal(keys, 'i-1', 'requestContent', gone)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    expect(unseal(keys, 'i-1', 'requestContent', stays)).toBe('hello');
    expect(seal(keys, 'acme/bob', 'i-2', 'requestContent', 'hello').keyId).not.toBe(gone.keyId);
  });

  it('counts the keys of a subject, and makes none by that', () => {
    expect(keys.count('acme/dora')).toBe(0);
    expect(keys.count('acme/dora')).toBe(0);
    keys.current('acme/dora');
    expect(keys.count('acme/dora')).toBe(1);
  });

  it('says how many data keys an organisation has and how old they are, and nothing of another', async () => {
    const own = mkdtempSync(join(tmpdir(), 'parapet-ages-'));
    const before = Date.now();
    const store = openLocalKeyStore({ folder: own });
    const none = store.ages('acme');
    expect(none).toMatchObject({ dataKeys: 0, oldestAt: undefined, newestAt: undefined });
    expect(none.masterKeyAt).toBeGreaterThan(before - 10_000);
    for (const subject of ['acme/ann', 'acme/bob', 'acme-2/ann', 'other/ann']) store.current(subject);
    const { dataKeys, oldestAt = 0, newestAt = 0 } = store.ages('acme');
    expect(dataKeys).toBe(2);
    expect(oldestAt).toBeGreaterThanOrEqual(before);
    expect(newestAt).toBeGreaterThanOrEqual(oldestAt);
    await store.destroy('acme/ann');
    expect(store.ages('acme').dataKeys).toBe(1);
    await store.close();
    rmSync(own, { recursive: true });
  });

  it('seals and opens nothing any more with a key that another process destroyed, after 60 s at most', async () => {
    let ms = Date.now();
    const gateway = openLocalKeyStore({ folder, now: () => ms });
    const sealed = seal(gateway, 'acme/emil', 'i-1', 'requestContent', 'hello');
    expect(unseal(gateway, 'i-1', 'requestContent', sealed)).toBe('hello');
    const child = new URL('testing/destroy-child.ts', import.meta.url).pathname;
    expect(execFileSync(process.execPath, [child, folder, 'acme/emil'], { encoding: 'utf8' }).trim()).toBe('1');
    // It may still hold the key, but not for long.
    ms += 60_000;
    expect(seal(gateway, 'acme/emil', 'i-2', 'requestContent', 'hello').keyId).not.toBe(sealed.keyId);
    expect(() => unseal(gateway, 'i-1', 'requestContent', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    await gateway.close();
  });

  it('gives an erased subject the same pseudonym each time, and nobody else', async () => {
    const [ann, bob] = [pseudonymOf(keys, 'acme', 'acme/ann'), pseudonymOf(keys, 'acme', 'acme/bob')];
    expect(ann).toMatch(/^erased:[0-9a-f]{16}$/);
    expect(pseudonymOf(keys, 'acme', 'acme/ann')).toBe(ann);
    expect(bob).not.toBe(ann);
    expect(pseudonymOf(keys, 'other', 'acme/ann')).not.toBe(ann);
  });

  it('keeps no data key in the clear on disk, and the master key for its owner only', () => {
    const key = keys.current('acme/ann').key.export();
    for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(key)).toBe(false);
    }
    expect(statSync(join(folder, 'master.key')).mode & 0o077).toBe(0);
  });

  it('opens after a restart with the same master key', async () => {
    const sealed = seal(keys, 'acme/ann', 'i-1', 'requestContent', 'hello');
    await keys.close();
    keys = openLocalKeyStore({ folder });
    expect(unseal(keys, 'i-1', 'requestContent', sealed)).toBe('hello');
  });
});
