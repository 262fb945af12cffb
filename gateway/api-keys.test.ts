import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createApiKeysFile, loadApiKeys } from './api-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (keys: object[]) => {
  const path = join(folder, `${keys.length}-${Math.random()}.json`);
  writeFileSync(path, JSON.stringify({ keys }));
  return path;
};
const key = { id: 'k', sha256: 'a'.repeat(64), org: 'acme', agentId: 'bot' };

describe('the API keys file', () => {
  it('knows the key that was made, and no other', () => {
    const path = join(folder, 'made.json');
    const made = createApiKeysFile(path, 'acme');
    expect(loadApiKeys(path).find(made?.key ?? '')).toMatchObject({ org: 'acme', agentId: 'default' });
    expect(loadApiKeys(path).find(`${made?.key}x`)).toBeUndefined();
    expect(createApiKeysFile(path, 'acme')).toBeUndefined();
  });

  it.each([
    ['an organisation with a slash, which would share data keys with another', { ...key, org: 'acme/eu' }],
    ['no organisation', { ...key, org: '' }],
    ['a key in the clear', { ...key, sha256: 'pk_secret' }],
    ['a field that nobody reads', { ...key, admin: true }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => loadApiKeys(fileOf([wrong]))).toThrow(expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID' }));
    expect(loadApiKeys(fileOf([key])).find('x')).toBeUndefined();
  });
});
