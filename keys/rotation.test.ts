import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from './local.ts';
import { wrap } from './master.ts';
import type { KeyStore } from './port.ts';
import { pseudonymOf } from './pseudonym.ts';
import { seal, unseal } from './seal.ts';

const masterKey = () => randomBytes(32).toString('base64');
const coded = (code: string) => expect.objectContaining({ code });
const UNAVAILABLE = coded('PARAPET_KEY_UNAVAILABLE');

let folder: string;
const stores: KeyStore[] = [];
const children: ChildProcess[] = [];
const openStore = (more: { masterKey?: string; previousMasterKey?: string } = {}) => {
  const store = openLocalKeyStore({ folder, ...more });
  stores.push(store);
  return store;
};
/** Sealed by it for so many people. */
const sealedFor = (store: KeyStore, count: number, prefix = 'acme/u') =>
  Array.from({ length: count }, (_, n) => seal(store, `${prefix}${n}`, `i-${n}`, 'requestContent', `text ${n}`));
const opened = (store: KeyStore, sealed: ReturnType<typeof sealedFor>) =>
  sealed.map((each, n) => unseal(store, `i-${n}`, 'requestContent', each));
const texts = (count: number) => Array.from({ length: count }, (_, n) => `text ${n}`);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-keys-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a master key in a file', () => {
  it('is exchanged for a new one; content opens as before, and hashes, pseudonyms and purposes stay', async () => {
    const store = openStore();
    const sealed = sealedFor(store, 1_200);
    const old = readFileSync(join(folder, 'master.key'), 'utf8');
    const [hash, name, purpose] = [store.hashKey('acme'), pseudonymOf(store, 'acme', 'acme/u1'), store.purposeKey('x')];
    expect(await store.rotateMaster()).toMatchObject({ rewrapped: 1_200 });
    expect(readFileSync(join(folder, 'master.key'), 'utf8')).not.toBe(old);
    expect(readdirSync(folder).sort()).toEqual(['data-keys', 'master.key']);
    const again = openStore();
    for (const each of [store, again]) {
      expect(opened(each, sealed)).toEqual(texts(1_200));
      expect(each.hashKey('acme').equals(hash)).toBe(true);
      expect(pseudonymOf(each, 'acme', 'acme/u1')).toBe(name);
      expect(each.purposeKey('x').equals(purpose)).toBe(true);
    }
    // And once more: what is derived still comes from the first.
    await again.rotateMaster();
    expect(openStore().hashKey('acme').equals(hash)).toBe(true);
    expect(opened(openStore(), sealed)).toEqual(texts(1_200));
  });

  it('opens nothing any more once it was exchanged', async () => {
    const store = openStore();
    sealedFor(store, 3);
    copyFileSync(join(folder, 'master.key'), join(folder, 'old'));
    await store.rotateMaster();
    expect(() => openStore({ masterKey: readFileSync(join(folder, 'old'), 'utf8') })).toThrow(UNAVAILABLE);
  });

  it('is as old as the day on which everything was wrapped by it', async () => {
    const store = openStore();
    const before = store.ages('acme').masterKeyAt ?? 0;
    await sleep(5);
    await store.rotateMaster();
    expect(store.ages('acme').masterKeyAt).toBeGreaterThan(before);
  });

  it('is learnt anew by a process that runs, for what it meets and for what it opens', async () => {
    const [running, other] = [openStore(), openStore()];
    const sealed = sealedFor(other, 3);
    await other.rotateMaster();
    expect(opened(running, sealed)).toEqual(texts(3));
    const fresh = sealedFor(running, 2, 'acme/new');
    await other.rotateMaster();
    expect(opened(openStore(), fresh)).toEqual(texts(2));
  });

  it('of a store from before master keys could be exchanged is exchanged too', async () => {
    await openStore().close();
    stores.length = 0;
    const key = Buffer.from(readFileSync(join(folder, 'master.key'), 'utf8'), 'base64');
    const rows = open<object, string>({ path: join(folder, 'data-keys') });
    await rows.remove('master');
    const dataKey = randomBytes(32);
    await rows.put('key/k-1', { subject: 'acme/ann', wrapped: wrap({ id: '', key }, 'k-1/acme/ann', dataKey), createdAt: 1 });
    await rows.put('subject/acme/ann', { keyIds: ['k-1'] });
    await rows.close();
    const store = openStore();
    expect(store.current('acme/ann').key.export().equals(dataKey)).toBe(true);
    expect(await store.rotateMaster()).toMatchObject({ rewrapped: 1 });
    expect(openStore().byId('k-1').key.export().equals(dataKey)).toBe(true);
  });

  it('that is lost is not replaced by another: nothing would open', async () => {
    const store = openStore();
    sealedFor(store, 1);
    rmSync(join(folder, 'master.key'));
    expect(() => openStore()).toThrow(UNAVAILABLE);
    expect(existsSync(join(folder, 'master.key'))).toBe(false);
  });

  it('loses no key when whoever exchanges it is killed anywhere, while others meet new people', async () => {
    const made = new Map<string, string>();
    const meet = (prefix: string) => {
      const child = spawnChild('subjects-child.ts', folder, prefix);
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const [subject = '', id = '', key = ''] = line.split(' ');
        made.set(`${subject} ${id}`, key);
      });
      return child;
    };
    openStore();
    meet('acme/a');
    meet('acme/b');
    await expect.poll(() => made.size, { timeout: 20_000 }).toBeGreaterThan(600);
    for (let death = 0; death < 12; death++) {
      const child = spawnChild('rotate-child.ts', folder);
      if (death % 3 === 0) await new Promise((resolve) => child.stdout?.once('data', resolve));
      await sleep(150 + ((death * 37) % 200));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    for (const child of children) child.kill('SIGKILL');
    await sleep(100);
    const store = openStore();
    await store.rotateMaster();
    const found = [...made.keys()].map((name) =>
      store
        .byId(name.split(' ')[1] as string)
        .key.export()
        .toString('hex'),
    );
    expect(digest(found)).toBe(digest([...made.values()]));
    expect(existsSync(join(folder, 'master.next.key'))).toBe(false);
  }, 60_000);
});

describe('a master key from outside', () => {
  const [first, second, third] = [masterKey(), masterKey(), masterKey()];

  it('is exchanged for the one that comes with the one so far', async () => {
    const sealed = sealedFor(openStore({ masterKey: first }), 5);
    // Every process is started anew with both; nothing is exchanged yet.
    const store = openStore({ masterKey: second, previousMasterKey: first });
    const hash = store.hashKey('acme');
    expect(opened(store, sealed)).toEqual(texts(5));
    sealed.push(...sealedFor(store, 6).slice(5));
    expect(opened(openStore({ masterKey: first }), sealed)).toEqual(texts(6));
    expect(await store.rotateMaster()).toMatchObject({ rewrapped: 6 });
    for (const each of [store, openStore({ masterKey: second }), openStore({ masterKey: third, previousMasterKey: second })]) {
      expect(opened(each, sealed)).toEqual(texts(6));
      expect(each.hashKey('acme').equals(hash)).toBe(true);
    }
    expect(() => openStore({ masterKey: first })).toThrow(UNAVAILABLE);
    expect(store.ages('acme').masterKeyAt).toBeGreaterThan(0);
  });

  it('is not exchanged when no new one came', async () => {
    const store = openStore({ masterKey: first });
    expect(store.ages('acme').masterKeyAt).toBeUndefined();
    await expect(store.rotateMaster()).rejects.toThrow(coded('PARAPET_MASTER_KEY_OUTSIDE'));
    await expect(openStore({ masterKey: first, previousMasterKey: second }).rotateMaster()).rejects.toThrow(
      coded('PARAPET_MASTER_KEY_OUTSIDE'),
    );
  });

  it('gives another machine the same hashes, from the one so far', () => {
    const here = openStore({ masterKey: first }).hashKey('acme');
    const elsewhere = mkdtempSync(join(tmpdir(), 'parapet-keys-'));
    const store = openLocalKeyStore({ folder: elsewhere, masterKey: second, previousMasterKey: first });
    stores.push(store);
    expect(store.hashKey('acme').equals(here)).toBe(true);
    rmSync(elsewhere, { recursive: true });
  });

  it('is refused where the keys are of another', () => {
    sealedFor(openStore({ masterKey: first }), 1);
    expect(() => openStore({ masterKey: second })).toThrow(UNAVAILABLE);
    expect(() => openStore()).toThrow(UNAVAILABLE);
  });
});

function spawnChild(file: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [new URL(`testing/${file}`, import.meta.url).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const digest = (values: readonly string[]) => createHash('sha256').update(values.join()).digest('hex');
