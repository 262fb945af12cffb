import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from './local.ts';
import { openText, sealText } from './seal-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-seal-text-'));
const keys = openLocalKeyStore({ folder });
afterAll(async () => {
  await keys.close();
  rmSync(folder, { recursive: true });
});

describe('a sealed text', () => {
  it('opens to what it was, and is the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = sealText(keys, 'acme/ann', 'p/threats/user', text);
        expect(openText(keys, 'p/threats/user', sealed)).toBe(text);
        expect(sealText(keys, 'acme/ann', 'p/threats/user', text)).toBe(sealed);
      }),
    );
  });

  it('differs by text, place and person, and shows nothing of the text', () => {
    const sealed = sealText(keys, 'acme/ann', 'p/threats/user', 'ann@example.com');
    expect(sealed).not.toContain('ann');
    const others = [
      sealText(keys, 'acme/ann', 'p/threats/user', 'ann@example.org'),
      sealText(keys, 'acme/ann', 'p/threats/note', 'ann@example.com'),
      sealText(keys, 'acme/bob', 'p/threats/user', 'ann@example.com'),
    ].map((each) => each.split(':').slice(2));
    for (const [iv, body] of others) expect([iv, body]).not.toEqual(sealed.split(':').slice(2));
    expect(new Set([sealed.split(':')[2], ...others.map(([iv]) => iv)]).size).toBe(4);
  });

  it('opens in its place only, unchanged only, and never again after an erasure', async () => {
    const sealed = sealText(keys, 'acme/cid', 'p/threats/user', 'cid');
    const invalid = expect.objectContaining({ code: 'PARAPET_RECORD_INVALID' });
    expect(() => openText(keys, 'p/threats/note', sealed)).toThrow(invalid);
    expect(() => openText(keys, 'p/threats/user', `${sealed.slice(0, -2)}AA`)).toThrow(invalid);
    expect(() => openText(keys, 'p/threats/user', 'cid')).toThrow(invalid);
    await keys.destroy('acme/cid');
    expect(() => openText(keys, 'p/threats/user', sealed)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
  });
});
