/**
 * Bundles from the command to a gateway at work: a real gateway, a real log, and the functions behind `parapet signatures`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, readEnvironment } from '../core/environment.ts';
import { ask, eventually, type Harness, startHarness } from '../gateway/testing/harness.ts';
import { makeSigningKey } from '../keys/signing.ts';
import { controlRecord } from '../log/controls.ts';
import { bundleControl, bundleStoreOf } from '../models/live.ts';
import { addToDraft, listSignatures, publishDraft, readRules, rollback, type SignatureParts } from './signatures.ts';
import { falseAlarms } from './signatures-benign.ts';
import { openCodec, openLog } from './stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-signatures-'));
const trusted = makeSigningKey(join(folder, 'publisher'));
const stranger = makeSigningKey(join(folder, 'stranger'));
afterAll(() => rmSync(folder, { recursive: true }));

const rule = (change: Record<string, unknown> = {}) => ({
  id: 'AC-0001',
  version: 1,
  pattern: String.raw`\bopen the purple (?:gate|door)\b`,
  description: 'Asks for the purple gate.',
  threatType: 'tool_abuse',
  severity: 'critical',
  score: 0.9,
  techniques: ['LLM06'],
  languages: ['en'],
  applies: { direction: 'request' },
  anchors: ['purple'],
  positive: ['please open the purple gate'],
  negative: ['the gate is purple'],
  ...change,
});
const GATE = 'please open the purple gate';

let made = 0;
function file(content: unknown): string {
  const path = join(folder, `rules-${++made}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe('the draft', () => {
  const fresh = () => readEnvironment({ PARAPET_DATA: join(folder, `data-${++made}`) });
  const nothing = { disable: [], enable: [] };

  it('takes rules in, and newer ones in their place', () => {
    const env = fresh();
    expect(addToDraft(env, [file([rule()])], nothing).signatures).toHaveLength(1);
    const { signatures } = addToDraft(env, [file([rule({ version: 2 }), rule({ id: 'AC-0002' })])], nothing);
    expect(signatures.map(({ id, version }) => [id, version])).toEqual([
      ['AC-0001', 2],
      ['AC-0002', 1],
    ]);
  });

  it('is left as it is when one rule may not run, and says which and why', () => {
    const env = fresh();
    addToDraft(env, [file([rule()])], nothing);
    const slow = file([rule({ id: 'AC-0003' }), rule({ id: 'AC-0004', pattern: 'purple.*gate' })]);
    expect(() => addToDraft(env, [slow], nothing)).toThrow(/AC-0004: would be slow: unbounded quantifier/);
    expect(addToDraft(env, [], { ...nothing, disable: ['PI-0001'] })).toMatchObject({
      signatures: [{ id: 'AC-0001' }],
      disabled: ['PI-0001'],
    });
    expect(addToDraft(env, [], { enable: ['PI-0001'], disable: ['AC-0001'] })).toEqual({ signatures: [], disabled: [] });
  });

  it('wants a higher version of what takes the place of a built-in rule, and knows what it disables', () => {
    expect(() => addToDraft(fresh(), [file([rule({ id: 'PI-0001' })])], nothing)).toThrow(/no higher version than it: PI-0001/);
    expect(() => addToDraft(fresh(), [], { ...nothing, disable: ['XX-0001'] })).toThrow(/no rule XX-0001/);
  });

  it('is measured on harmless texts', () => {
    const rows = [
      { text: 'hello', label: 'benign' },
      { text: `She said: ${GATE}`, label: 'benign' },
      { text: GATE, label: 'attack' },
    ];
    const path = join(folder, 'benign.jsonl');
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    expect(falseAlarms(readRules(file([rule()])).signatures, path)).toEqual({ texts: 2, byRule: [{ id: 'AC-0001', texts: 1 }] });
  });
});

describe('a key', () => {
  it('is for its owner alone, and is never written over', () => {
    expect(statSync(trusted.privateKey).mode & 0o777).toBe(0o600);
    expect(() => makeSigningKey(join(folder, 'publisher'))).toThrow(/already/);
  });
});

describe('a gateway at work', () => {
  let gateway: Harness;
  let parts: SignatureParts;
  const closing: (() => Promise<void>)[] = [];

  async function publisher(keyFile: string): Promise<SignatureParts> {
    const env: Environment = readEnvironment({
      PARAPET_DATA: gateway.folder,
      PARAPET_PARTITIONS: '2',
      PARAPET_SIGNATURE_KEY_FILE: keyFile,
      PARAPET_SIGNATURE_PUBLIC_KEYS: trusted.publicKey,
    });
    const log = await openLog(env);
    closing.push(() => log.close());
    return { env, log, codec: await openCodec(env), actor: 'test' };
  }

  beforeAll(async () => {
    gateway = await startHarness({ env: { PARAPET_INSPECT_MODE: 'block', PARAPET_SIGNATURE_PUBLIC_KEYS: trusted.publicKey } });
    parts = await publisher(trusted.privateKey);
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await gateway.stop();
  });

  let sent = 0;
  async function send(text = GATE): Promise<number> {
    sent += 1;
    const response = await gateway.post('/v1/chat/completions', ask(text));
    await response.arrayBuffer();
    return response.status;
  }
  const last = async () => (await gateway.events(sent)).at(-1);
  const version = async (mode: string) =>
    Number(new RegExp(`bundle_version{mode="${mode}"} (\\d+)`).exec(await (await fetch(`${gateway.url}/metrics`)).text())?.[1] ?? 0);
  const has = (mode: string, number: number) => eventually(async () => (await version(mode)) === number);

  it('goes from trial to enforcement and back, without a restart', async () => {
    expect(await send()).toBe(200);
    const builtIn = (await last())?.signatureVersion;
    addToDraft(parts.env, [file([rule()])], { disable: [], enable: [] });

    expect(await publishDraft(parts, 'monitor')).toMatchObject({ version: 1, mode: 'monitor', rules: 1, notices: [] });
    await has('monitor', 1);
    expect(await send()).toBe(200);
    expect(await last()).toMatchObject({ status: 'answered', riskScore: 0, verdicts: [{ ruleId: 'AC-0001', action: 'flagged' }] });

    expect(await publishDraft(parts, 'enforce')).toMatchObject({ version: 2 });
    await has('enforce', 2);
    expect(await send()).toBe(403);
    expect(await last()).toMatchObject({ status: 'blocked', verdicts: [{ ruleId: 'AC-0001', action: 'blocked' }] });
    expect((await last())?.signatureVersion).not.toBe(builtIn);

    expect(await rollback(parts)).toMatchObject({ version: 3, mode: 'enforce', rules: 0, restores: 0 });
    await has('enforce', 3);
    expect(await send()).toBe(200);
    expect(await last()).toMatchObject({ verdicts: [], signatureVersion: builtIn });

    expect(await rollback(parts, 2)).toMatchObject({ version: 4, rules: 1, restores: 2 });
    await has('enforce', 4);
    expect(await send()).toBe(403);
    // Of a rollback, what was before the one that it went back to.
    expect(await rollback(parts)).toMatchObject({ version: 5, restores: 0 });
    await has('enforce', 5);
    expect(await send()).toBe(200);
    const { bundles, published } = await listSignatures(parts);
    expect(bundles.map(({ mode, restores }) => [mode, restores])).toEqual([
      ['monitor', undefined],
      ['enforce', undefined],
      ['enforce', 0],
      ['enforce', 2],
      ['enforce', 0],
    ]);
    expect(published).toEqual([
      { mode: 'monitor', version: 1 },
      { mode: 'enforce', version: 5 },
    ]);
  });

  it('refuses a bundle of a key that it does not trust, and an old one that is played again; what held goes on', async () => {
    await publishDraft(parts, 'enforce');
    await has('enforce', 6);
    const refused = async () =>
      Number(/bundles_total{result="refused"} (\d+)/.exec(await (await fetch(`${gateway.url}/metrics`)).text())?.[1] ?? 0);
    const first = bundleStoreOf(parts.env).list()[2] ?? { text: '', signature: Buffer.alloc(0) };
    expect(first.text).toContain('"version":3}');
    await parts.log.append([controlRecord(parts.codec, bundleControl({ mode: 'enforce' }, first, 'test'))]);
    await eventually(async () => (await refused()) === 1);
    expect(await send()).toBe(403);

    const { notices } = await publishDraft(await publisher(stranger.privateKey), 'enforce');
    expect(notices[0]).toMatch(/it is not named/);
    await eventually(async () => (await refused()) === 2);
    expect(await send()).toBe(403);
    expect(await version('enforce')).toBe(6);
  });
});

describe('a gateway that starts', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('has from its disk what it took before', async () => {
    const env = { PARAPET_INSPECT_MODE: 'block', PARAPET_SIGNATURE_PUBLIC_KEYS: trusted.publicKey };
    const donor = await startHarness({ env });
    closing.push(() => donor.stop());
    const settings = readEnvironment({
      PARAPET_DATA: donor.folder,
      PARAPET_PARTITIONS: '2',
      PARAPET_SIGNATURE_KEY: readFileSync(trusted.privateKey, 'utf8'),
    });
    const log = await openLog(settings);
    closing.push(() => log.close());
    addToDraft(settings, [file([rule()])], { disable: [], enable: [] });
    const { folder: kept } = await publishDraft({ env: settings, log, codec: await openCodec(settings), actor: 'test' }, 'enforce');
    expect(existsSync(join(kept, '000000001-enforce.sig'))).toBe(true);

    const { openLiveRules } = await import('../models/live.ts');
    const { openDetector } = await import('../models/index.ts');
    const again = readEnvironment({ PARAPET_DATA: donor.folder, PARAPET_SIGNATURE_PUBLIC_KEYS: trusted.publicKey, PARAPET_MODEL: 'off' });
    const live = openLiveRules(again, await openDetector(again));
    expect(live?.detector.standing().enforce?.version).toBe(1);
    expect(openLiveRules({ ...again, PARAPET_SIGNATURE_PUBLIC_KEYS: undefined }, await openDetector(again))).toBeUndefined();
    expect(() => openLiveRules({ ...again, PARAPET_SIGNATURE_PUBLIC_KEYS: [trusted.privateKey] }, { ...live } as never)).toThrow(
      /private key/,
    );
  });
});
