import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotateSigner } from '../../keys/authority.ts';
import { openEvidenceSigner } from '../../keys/evidence.ts';
import { listFiles } from './files.ts';
import { climb, leafHash } from './merkle.ts';
import { approve, type Sealed, type SealParts, seal } from './seal.ts';
import { checkByShell, draft, eventHashOf, madeLeaves, ownAuthority, run, temporaryFolder } from './testing.ts';
import { localAuthority, remoteAuthority } from './timestamp.ts';
import { prove, readChunks } from './tree.ts';
import { chainErrors, verifyPackage } from './verify.ts';

const place = temporaryFolder();
const at = (name: string) => join(place.folder, name);
let parts: SealParts;
let sealed: Sealed;
let verifyMd: string;

beforeAll(async () => {
  parts = await ownAuthority(at('authority'));
  sealed = await seal(at('package'), await draft(at('package')), parts);
  verifyMd = readFileSync(at('package/VERIFY.md'), 'utf8');
});
afterAll(() => place.remove());

/** The package with something done to it: what both ways of checking say. */
async function afterwards(change: (folder: string) => void): Promise<{ cli: boolean; shell: boolean; errors: string[] }> {
  const folder = at('tampered');
  rmSync(folder, { recursive: true, force: true });
  cpSync(at('package'), folder, { recursive: true });
  change(folder);
  const { valid, errors } = await verifyPackage(folder, { openssl: run });
  return { cli: valid, shell: (await checkByShell(folder, verifyMd)).good, errors };
}

describe('a sealed package', () => {
  it('is found whole by us and by the shell of its VERIFY.md', async () => {
    const result = await verifyPackage(at('package'), {
      openssl: run,
      trustFile: at('authority/root.pem'),
      timestampTrustFile: at('authority/root.pem'),
    });
    expect(result).toMatchObject({ valid: true, errors: [], trusted: true, manifestSha256: sealed.manifestSha256, approvedBy: [] });
    expect(Date.parse(result.stampedAt as string)).toBeGreaterThan(Date.now() - 60_000);
    expect(await checkByShell(at('package'), verifyMd)).toMatchObject({ good: true });
  });

  it('says the fingerprint of its root as openssl prints it', () => {
    const printed = execFileSync('openssl', ['x509', '-in', at('package/certificates/root.pem'), '-noout', '-fingerprint', '-sha256'], {
      encoding: 'utf8',
    });
    expect(verifyMd).toContain(`# ${printed.trim()}`);
  });

  it('is not whole after one changed byte, in whichever file', async () => {
    for (const path of await listFiles(at('package'))) {
      const result = await afterwards((folder) => {
        const bytes = readFileSync(join(folder, path));
        const i = Math.floor(bytes.length / 2);
        bytes[i] = (bytes[i] as number) ^ 1;
        writeFileSync(join(folder, path), bytes);
      });
      expect({ path, ...result, errors: result.errors.length > 0 }).toEqual({ path, cli: false, shell: false, errors: true });
    }
  });

  it('is not whole when a file is missing, was added, or took the place of another', async () => {
    const changes: ((folder: string) => void)[] = [
      (folder) => rmSync(join(folder, 'evidence/interactions.csv')),
      (folder) => rmSync(join(folder, 'manifest.json.tsr')),
      (folder) => rmSync(join(folder, 'SEAL.sig')),
      (folder) => rmSync(join(folder, 'SHA256SUMS')),
      (folder) => writeFileSync(join(folder, 'evidence/more.csv'), 'a\n'),
      (folder) => writeFileSync(join(folder, 'APPROVAL'), '{}\n'),
      (folder) => execFileSync('ln', ['-s', 'manifest.json', join(folder, 'link.json')]),
      (folder) => {
        renameSync(join(folder, 'evidence/interactions.csv'), join(folder, 'x'));
        renameSync(join(folder, 'evidence/interactions.json'), join(folder, 'evidence/interactions.csv'));
        renameSync(join(folder, 'x'), join(folder, 'evidence/interactions.json'));
      },
      (folder) => {
        const lines = readFileSync(join(folder, 'SHA256SUMS'), 'utf8').trim().split('\n');
        writeFileSync(join(folder, 'SHA256SUMS'), `${lines.reverse().join('\n')}\n`);
      },
    ];
    for (const change of changes) expect(await afterwards(change)).toMatchObject({ cli: false, shell: false });
  });

  it('is not believed when somebody else sealed it anew', async () => {
    const other = await ownAuthority(at('other-authority'));
    const folder = at('forged');
    await seal(folder, await draft(folder), other);
    expect((await verifyPackage(folder, { openssl: run })).trusted).toBe(false);
    const result = await verifyPackage(folder, {
      openssl: run,
      trustFile: at('authority/root.pem'),
      timestampTrustFile: at('authority/root.pem'),
    });
    expect(result).toMatchObject({ valid: false, trusted: true });
  });

  it('is sealed again by whoever was interrupted', async () => {
    const folder = at('again');
    const facts = await draft(folder);
    await seal(folder, facts, parts);
    rmSync(join(folder, 'SEAL.sig'));
    expect((await verifyPackage(folder, { openssl: run })).valid).toBe(false);
    await seal(folder, facts, parts);
    expect((await verifyPackage(folder, { openssl: run })).valid).toBe(true);
  });

  it('names the tree: a manifest that counts other interactions is refused', async () => {
    const folder = at('miscounted');
    const facts = await draft(folder);
    await seal(folder, { ...facts, interactions: { ...facts.interactions, count: 101 } }, parts);
    expect((await verifyPackage(folder, { openssl: run })).errors.join()).toContain('tree: its chunks have 100 leaves');
    await seal(folder, { ...facts, interactions: { ...facts.interactions, root: 'a'.repeat(64) } }, parts);
    expect((await verifyPackage(folder, { openssl: run })).errors.join()).toContain('tree: its root');
  });
});

describe('an approval', () => {
  const approvals = [{ by: 'bob', role: 'compliance_officer', at: '2026-11-02T10:00:00.000Z', comment: '' }];

  it('stands beside the seal, and is checked with it', async () => {
    const folder = at('approved');
    const { manifest, sealSha256 } = await seal(folder, await draft(folder), parts);
    const approval = { format: 'parapet-approval/1', package: manifest.id, seal: sealSha256, author: 'ann', approvals } as const;
    await approve(folder, approval, parts.signer);
    expect(await verifyPackage(folder, { openssl: run })).toMatchObject({ valid: true, approvedBy: ['bob'] });
    expect(await checkByShell(folder, readFileSync(join(folder, 'VERIFY.md'), 'utf8'))).toMatchObject({ good: true });
    for (const name of ['APPROVAL', 'APPROVAL.sig']) {
      const bytes = readFileSync(join(folder, name));
      rmSync(join(folder, name));
      expect((await verifyPackage(folder, { openssl: run })).valid).toBe(false);
      writeFileSync(join(folder, name), Buffer.concat([bytes, Buffer.from(' ')]));
      expect((await verifyPackage(folder, { openssl: run })).valid).toBe(false);
      expect((await checkByShell(folder, readFileSync(join(folder, 'VERIFY.md'), 'utf8'))).good).toBe(false);
      writeFileSync(join(folder, name), bytes);
    }
  });

  it('that is needed cannot be taken away', async () => {
    const folder = at('stripped');
    const { manifest, sealSha256 } = await seal(folder, { ...(await draft(folder)), approvalsNeeded: 2 }, parts);
    const byShell = () => checkByShell(folder, readFileSync(join(folder, 'VERIFY.md'), 'utf8'));
    // While it waits for them it is what was sealed, and not yet what will be published.
    expect(await verifyPackage(folder, { openssl: run, isWaiting: true })).toMatchObject({ valid: true });
    const approval = { format: 'parapet-approval/1', package: manifest.id, seal: sealSha256, author: 'ann' } as const;
    const [bob] = approvals as [(typeof approvals)[0]];
    for (const [given, good] of [
      [[], false],
      [[bob], false],
      [[bob, bob], false],
      [[bob, { ...bob, by: 'eve' }], true],
    ] as const) {
      if (given.length > 0) await approve(folder, { ...approval, approvals: [...given] }, parts.signer);
      const { valid, errors } = await verifyPackage(folder, { openssl: run });
      expect(valid, errors.join()).toBe(good);
      if (!good) expect(errors).toEqual([expect.stringContaining('2 must have approved it')]);
      expect((await byShell()).good).toBe(good);
    }
    for (const name of ['APPROVAL', 'APPROVAL.sig']) rmSync(join(folder, name));
    expect((await verifyPackage(folder, { openssl: run })).valid).toBe(false);
    expect((await byShell()).good).toBe(false);
  });

  it('by its author, or of another package, is none', async () => {
    const folder = at('self-approved');
    const { manifest, sealSha256 } = await seal(folder, await draft(folder), parts);
    const approval = { format: 'parapet-approval/1', package: manifest.id, seal: sealSha256, author: 'ann', approvals } as const;
    await approve(folder, { ...approval, approvals: [{ ...approvals[0], by: 'ann' } as (typeof approvals)[0]] }, parts.signer);
    expect((await verifyPackage(folder, { openssl: run })).errors.join()).toContain('its author approved it');
    await approve(folder, { ...approval, seal: 'a'.repeat(64) }, parts.signer);
    expect((await verifyPackage(folder, { openssl: run })).errors.join()).toContain('another package');
  });
});

describe('the chain', () => {
  it('is whole, or says which link is missing', async () => {
    const made: { manifest: Sealed['manifest']; manifestSha256: string }[] = [];
    for (const period of ['2026-08', '2026-09', '2026-10']) {
      const before = made.at(-1);
      const facts = await draft(at(period), { period });
      const previous = before === undefined ? null : { id: before.manifest.id, manifest: before.manifestSha256 };
      made.push(await seal(at(period), { ...facts, previous }, parts));
    }
    const [august, september, october] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
    expect(chainErrors(made)).toEqual([]);
    expect(chainErrors([august, october]).join()).toContain('follows report/NIST-AI-RMF/acme/2026-09, and not');
    expect(chainErrors([september, october]).join()).toContain('which is missing');
    expect(chainErrors([august, { ...september, manifestSha256: 'a'.repeat(64) }, october]).join()).toContain('2026-10 follows');
    expect(readFileSync(at('2026-10/VERIFY.md'), 'utf8')).toContain(`# ${september.manifestSha256}`);
  });
});

describe('keys', () => {
  const folder = () => at('own-keys');

  /** Root, intermediate and signer of an operator's own authority. */
  async function ownChain(days: number): Promise<{ keyFile: string; certificateFile: string }> {
    const file = (name: string) => join(folder(), name);
    execFileSync('mkdir', ['-p', folder()]);
    for (const name of ['root', 'middle', 'signer']) await run('genpkey', '-algorithm', 'ed25519', '-out', file(`${name}.key`));
    writeFileSync(file('ca.ext'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n');
    writeFileSync(file('leaf.ext'), 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n');
    await run('req', '-x509', '-new', '-key', file('root.key'), '-subj', '/CN=root', '-days', '100', '-out', file('root.pem'));
    for (const [name, issuer, ext, valid] of [
      ['middle', 'root', 'ca.ext', 100],
      ['signer', 'middle', 'leaf.ext', days],
    ] as const) {
      await run('req', '-new', '-key', file(`${name}.key`), '-subj', `/CN=${name}`, '-out', file(`${name}.csr`));
      await run(
        'x509',
        '-req',
        '-in',
        file(`${name}.csr`),
        '-CA',
        file(`${issuer}.pem`),
        '-CAkey',
        file(`${issuer}.key`),
        '-set_serial',
        '7',
        '-days',
        String(valid),
        '-extfile',
        file(ext),
        '-out',
        file(`${name}.pem`),
      );
    }
    writeFileSync(file('chain.pem'), ['signer', 'middle', 'root'].map((name) => readFileSync(file(`${name}.pem`), 'utf8')).join(''));
    return { keyFile: file('signer.key'), certificateFile: file('chain.pem') };
  }

  it('of the operator are used, Ed25519 and with certificates in between', async () => {
    const signer = await openEvidenceSigner({ folder: at('unused'), org: 'acme', openssl: run, ...(await ownChain(10)) });
    const packageFolder = at('ed25519');
    await seal(packageFolder, await draft(packageFolder), { ...parts, signer });
    expect(await verifyPackage(packageFolder, { openssl: run, trustFile: join(folder(), 'root.pem') })).toMatchObject({
      valid: true,
      errors: [],
    });
    expect(await checkByShell(packageFolder, readFileSync(join(packageFolder, 'VERIFY.md'), 'utf8'))).toMatchObject({ good: true });
  });

  it('are refused when expired, of another certificate, or without their chain', async () => {
    const { keyFile, certificateFile } = await ownChain(10);
    const open = (change: object) =>
      openEvidenceSigner({ folder: at('unused'), org: 'acme', openssl: run, keyFile, certificateFile, ...change });
    const refused = (says: string) => expect.objectContaining({ code: 'PARAPET_SIGNER_INVALID', message: expect.stringContaining(says) });
    await expect(open({ now: new Date(Date.now() + 11 * 86_400_000) })).rejects.toEqual(refused('is valid from'));
    await expect(open({ keyFile: join(folder(), 'root.key') })).rejects.toEqual(refused('another key'));
    await expect(open({ certificateFile: join(folder(), 'signer.pem') })).rejects.toEqual(refused('chain breaks'));
    await expect(open({ certificateFile: keyFile })).rejects.toEqual(refused('no certificate'));
    await expect(open({ keyFile: at('nowhere.pem') })).rejects.toEqual(refused('cannot be read'));
  });

  it('can be changed for new ones: what the old one signed holds, and it signs no more', async () => {
    const authority = { folder: at('rotated'), org: 'acme', openssl: run };
    const before = await ownAuthority(authority.folder);
    const [first, second] = [at('before'), at('after')];
    await seal(first, await draft(first), before);
    const fingerprint = await rotateSigner(authority);
    const after = await ownAuthority(authority.folder);
    expect(new X509Certificate(after.signer.chain[0] as string).fingerprint256).toBe(fingerprint);
    expect(after.signer.chain[0]).not.toBe(before.signer.chain[0]);
    expect(after.signer.chain[1]).toBe(before.signer.chain[1]);
    await seal(second, await draft(second), after);
    const root = join(authority.folder, 'root.pem');
    for (const folder of [first, second]) {
      expect(await verifyPackage(folder, { openssl: run, trustFile: root, timestampTrustFile: root })).toMatchObject({
        valid: true,
        errors: [],
      });
    }
    expect(statSync(join(authority.folder, 'signer.key.pem')).mode & 0o077).toBe(0);
    rmSync(join(authority.folder, 'root.key.pem'));
    await expect(rotateSigner(authority)).rejects.toEqual(expect.objectContaining({ code: 'PARAPET_SIGNER_INVALID' }));
  });

  it('are made once, also when several processes begin together', async () => {
    const roots = await Promise.all(
      Array.from({ length: 4 }, () => localAuthority({ folder: at('raced'), org: 'acme', openssl: run }).root()),
    );
    expect(new Set(roots).size).toBe(1);
  });
});

describe('a timestamp authority elsewhere', () => {
  it('stamps over HTTP, and an answer that does not hold is refused', async () => {
    const theirs = localAuthority({ folder: at('tsa'), org: 'them', openssl: run });
    await theirs.root();
    let answer = async (query: Buffer) => ({ status: 200, body: await theirs.answer(query) });
    const server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const { status, body } = await answer(Buffer.concat(pieces));
      response.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`;
    const timestamps = remoteAuthority({ url, rootFile: at('tsa/root.pem'), openssl: run });
    const refused = expect.objectContaining({ code: 'PARAPET_TIMESTAMP_FAILED' });
    try {
      const folder = at('stamped');
      await seal(folder, await draft(folder), { ...parts, timestamps });
      const verified = await verifyPackage(folder, {
        openssl: run,
        trustFile: at('authority/root.pem'),
        timestampTrustFile: at('tsa/root.pem'),
      });
      expect(verified).toMatchObject({ valid: true, errors: [], manifest: { timestamp: { authority: url } } });
      expect(await checkByShell(folder, readFileSync(join(folder, 'VERIFY.md'), 'utf8'))).toMatchObject({ good: true });
      // Not the authority that the verifier trusts.
      const elsewhere = { openssl: run, timestampTrustFile: at('authority/root.pem') };
      expect((await verifyPackage(folder, elsewhere)).errors.join()).toContain('timestamp:');

      const [digest, earlier] = ['5e'.repeat(32), await theirs.stamp('6f'.repeat(32))];
      answer = async () => ({ status: 200, body: earlier });
      await expect(timestamps.stamp(digest)).rejects.toEqual(refused);
      answer = async () => ({ status: 500, body: Buffer.from('no') });
      await expect(timestamps.stamp(digest)).rejects.toEqual(refused);
      answer = async () => ({ status: 200, body: Buffer.from('no token') });
      await expect(timestamps.stamp(digest)).rejects.toEqual(refused);
    } finally {
      server.close();
    }
    await expect(timestamps.stamp('5e'.repeat(32))).rejects.toEqual(refused);
  });
});

describe('the proof of one interaction', () => {
  it('leads to the root of the package, from its first, last and any other leaf', async () => {
    const count = 9_000;
    const folder = at('many');
    const facts = await draft(folder, { count });
    const chunks = readChunks(readFileSync(join(folder, 'merkle/chunks.csv'), 'utf8'));
    expect(chunks).toHaveLength(3);
    const { leaves, source } = madeLeaves(count);
    for (const n of [0, 1, 4_095, 4_096, 8_191, 8_192, 8_999]) {
      const { startedAt, interactionId } = leaves[n] as (typeof leaves)[0];
      const proof = await prove(source, chunks, { startedAt, interactionId, eventHash: eventHashOf(n) });
      expect(proof).toMatchObject({
        index: n,
        leaves: count,
        root: facts.interactions.root,
        leaf: leafHash(interactionId, eventHashOf(n)),
      });
      expect(climb(proof.leaf, proof.steps)).toBe(facts.interactions.root);
      expect(JSON.stringify(proof).length).toBeLessThan(4_096);
    }
  });

  it('is refused for what is not in it, and when the view holds something else', async () => {
    const chunks = readChunks(readFileSync(at('package/merkle/chunks.csv'), 'utf8'));
    const { leaves, source } = madeLeaves(100);
    const first = { ...(leaves[0] as (typeof leaves)[0]), eventHash: eventHashOf(0) };
    const impossible = expect.objectContaining({ code: 'PARAPET_PROOF_IMPOSSIBLE' });
    await expect(prove(source, chunks, { ...first, startedAt: 0 })).rejects.toEqual(impossible);
    await expect(prove(source, chunks, { ...first, interactionId: 'i-00000000x' })).rejects.toEqual(impossible);
    await expect(prove(source, chunks, { ...first, eventHash: eventHashOf(1) })).rejects.toEqual(impossible);
    await expect(prove(madeLeaves(99).source, chunks, first)).rejects.toEqual(impossible);
  });
});
