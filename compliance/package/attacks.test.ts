/** What somebody does who knows the format: with keys of their own, with files that two readers read differently, with time. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EvidenceSigner, openEvidenceSigner } from '../../keys/evidence.ts';
import { openssl } from '../../keys/openssl.ts';
import { hashFile, jsonText, sumsOf } from './files.ts';
import { MANIFEST, type Manifest, SEAL, SEALED, SIGNATURE, SIGNER, SUMS, TIMESTAMP } from './manifest.ts';
import { approve, type SealParts, seal } from './seal.ts';
import { checkByShell, draft, ownAuthority, run, temporaryFolder } from './testing.ts';
import { remoteAuthority } from './timestamp.ts';
import { verifyPackage } from './verify.ts';

const DAY_MS = 86_400_000;
const place = temporaryFolder();
const at = (name: string) => join(place.folder, name);
const authority = (name: string) => at(`authority/${name}`);
let parts: SealParts;

beforeAll(async () => {
  parts = await ownAuthority(at('authority'));
  await seal(at('package'), await draft(at('package')), parts);
});
afterAll(() => place.remove());

/** What both say of a folder; the shell is that of `verifyMd`, and both trust the root of this organisation. */
async function bothSay(folder: string, verifyMd = readFileSync(join(folder, 'VERIFY.md'), 'utf8'), root = authority('root.pem')) {
  const { valid, errors } = await verifyPackage(folder, { openssl: run, trustFile: root, timestampTrustFile: root });
  const { good, says } = await checkByShell(folder, verifyMd, { TRUST: root, TSA_TRUST: root });
  return { cli: valid, shell: good, errors: errors.join('; '), says };
}

async function afterwards(change: (folder: string) => void) {
  const folder = at('attacked');
  rmSync(folder, { recursive: true, force: true });
  cpSync(at('package'), folder, { recursive: true });
  change(folder);
  return bothSay(folder, readFileSync(at('package/VERIFY.md'), 'utf8'));
}

const REFUSED = { cli: false, shell: false };

/** A key and a certificate that `issuer` of the authority gives out. */
async function issue(
  name: string,
  extensions: string,
  issuer = 'root',
  days = '100',
): Promise<{ keyFile: string; certificateFile: string }> {
  mkdirSync(at('issued'), { recursive: true });
  const file = (ending: string) => at(`issued/${name}.${ending}`);
  await run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file('key'));
  await run('req', '-new', '-key', file('key'), '-subj', `/CN=${name}`, '-out', file('csr'));
  writeFileSync(file('ext'), extensions);
  const by = ['-CA', authority(`${issuer}.pem`), '-CAkey', authority(`${issuer}.key.pem`), '-set_serial', '99'];
  await run('x509', '-req', '-in', file('csr'), ...by, '-days', days, '-extfile', file('ext'), '-out', file('pem'));
  const chain = [file('pem'), ...(issuer === 'root' ? [] : [authority(`${issuer}.pem`)]), authority('root.pem')];
  writeFileSync(file('chain.pem'), chain.map((path) => readFileSync(path, 'utf8')).join(''));
  return { keyFile: file('key'), certificateFile: file('chain.pem') };
}

/** A certificate of the authority's root for these times, which need not be now. Without a request it is the root's own. */
async function issueBetween(name: string, [from, to]: [Date, Date], request?: { file: string; extensions: string }): Promise<string> {
  mkdirSync(at(`issued/${name}`), { recursive: true });
  const file = (each: string) => at(`issued/${name}/${each}`);
  const time = (date: Date) => `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  const subject = ['-key', authority('root.key.pem'), '-subj', '/O=acme/CN=Parapet evidence root'];
  if (request === undefined) await run('req', '-new', ...subject, '-out', file('csr'));
  writeFileSync(file('index'), '');
  writeFileSync(file('serial'), '77\n');
  const settings = [`database = ${file('index')}`, `serial = ${file('serial')}`, `new_certs_dir = ${file('')}`, 'default_md = sha256'];
  const policy = ['policy = any', '[any]', 'organizationName = optional', 'commonName = supplied'];
  writeFileSync(file('cnf'), ['[ca]', 'default_ca = own', '[own]', ...settings, ...policy, ''].join('\n'));
  writeFileSync(
    file('ext'),
    request?.extensions ?? 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n',
  );
  const by = ['-keyfile', authority('root.key.pem'), ...(request === undefined ? ['-selfsign'] : ['-cert', authority('root.pem')])];
  const what = ['-in', request?.file ?? file('csr'), '-extfile', file('ext'), '-startdate', time(from), '-enddate', time(to)];
  await run('ca', '-batch', '-notext', '-preserveDN', '-config', file('cnf'), ...by, ...what, '-out', file('pem'));
  return file('pem');
}

/** As an attacker's own code would sign, without asking whether it may. */
function signerOf({ keyFile, certificateFile }: { keyFile: string; certificateFile: string }): EvidenceSigner {
  const key = createPrivateKey(readFileSync(keyFile));
  const chain = readFileSync(certificateFile, 'utf8').match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----\n/g) ?? [];
  return { algorithm: 'ecdsa-p256-sha256', chain: [...chain], sign: (bytes) => sign('sha256', bytes, key) };
}

async function sealedBy(name: string, signer: EvidenceSigner, over: Partial<Awaited<ReturnType<typeof draft>>> = {}): Promise<string> {
  const folder = at(name);
  rmSync(folder, { recursive: true, force: true });
  await seal(folder, { ...(await draft(folder)), ...over }, { ...parts, signer });
  return folder;
}

describe('a signer who may not sign evidence', () => {
  const LEAF = 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n';

  it.each([
    ['with a certificate that the timestamp authority gave out', LEAF, 'timestamps'],
    ['with a certificate for a web server of the same root', `${LEAF}extendedKeyUsage=serverAuth\n`, 'root'],
    ['with a certificate for timestamps', `${LEAF}extendedKeyUsage=critical,timeStamping\n`, 'root'],
    ['with a certificate for encryption only', 'keyUsage=critical,keyEncipherment\n', 'root'],
  ])('%s is refused, before and after', async (name, extensions, issuer) => {
    const files = await issue('mallory', extensions, issuer);
    await expect(openEvidenceSigner({ folder: at('authority'), org: 'acme', openssl: run, ...files })).rejects.toMatchObject({
      code: 'PARAPET_SIGNER_INVALID',
    });
    expect({ name, ...(await bothSay(await sealedBy('mallory', signerOf(files)))) }).toMatchObject(REFUSED);
  });

  it('with the timestamp authority’s own key is refused', async () => {
    const files = { keyFile: authority('timestamps.key.pem'), certificateFile: at('timestamps-chain.pem') };
    writeFileSync(files.certificateFile, `${readFileSync(authority('timestamps.pem'))}${readFileSync(authority('root.pem'))}`);
    expect(await bothSay(await sealedBy('by-timestamps', signerOf(files)))).toMatchObject(REFUSED);
  });

  it('who brings roots of their own as certificates in between is refused', async () => {
    const other = await ownAuthority(at('other'));
    const folder = await sealedBy('brought', {
      ...other.signer,
      chain: [...other.signer.chain, readFileSync(authority('root.pem'), 'utf8')],
    });
    expect(existsSync(join(folder, 'certificates/intermediates.pem'))).toBe(true);
    expect(await bothSay(folder)).toMatchObject(REFUSED);
  });

  it('whose certificate was over when the package was stamped is refused, whenever the package says that it was made', async () => {
    const { keyFile } = await issue('former', LEAF);
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const request = { file: at('issued/former.csr'), extensions: LEAF };
    const trust = await issueBetween('old-root', [minutesAgo(90), minutesAgo(-90)]);
    const sealedAs = async (name: string, until: Date) => {
      const leaf = await issueBetween(name, [minutesAgo(60), until], request);
      const certificateFile = at(`issued/${name}/chain.pem`);
      writeFileSync(certificateFile, `${readFileSync(leaf)}${readFileSync(trust)}`);
      const folder = await sealedBy(name, signerOf({ keyFile, certificateFile }), { createdAt: minutesAgo(30).toISOString() });
      return bothSay(folder, undefined, trust);
    };
    expect(await sealedAs('still', minutesAgo(-10))).toMatchObject({ cli: true, shell: true });
    const said = await sealedAs('former', minutesAgo(10));
    expect(said).toMatchObject(REFUSED);
    expect(said.errors).toContain('certificate has expired');
  });

  it('who dates a package back is refused by the time of its timestamp', async () => {
    const createdAt = new Date(Date.now() - 30 * DAY_MS).toISOString();
    const said = await bothSay(await sealedBy('backdated', parts.signer, { createdAt }));
    expect(said).toMatchObject(REFUSED);
    expect(said.errors).toContain('long after the package says that it was made');
  });
});

/** Seals `folder` once more, as somebody with a key and without our code: with other certificates, hashes or words. */
async function sealedAnew(
  folder: string,
  signer: EvidenceSigner,
  { certificates, sums = (text) => text, words = (text) => text }: Forgery,
): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest;
  if (certificates !== undefined) writeFileSync(join(folder, SIGNER), certificates);
  const files = await Promise.all(manifest.files.map(({ path }) => hashFile(folder, path)));
  writeFileSync(join(folder, SUMS), sums(sumsOf(files)));
  writeFileSync(join(folder, MANIFEST), words(jsonText({ ...manifest, files })));
  writeFileSync(join(folder, TIMESTAMP), await parts.timestamps.stamp((await hashFile(folder, MANIFEST)).sha256));
  writeFileSync(join(folder, SEAL), sumsOf(await Promise.all(SEALED.map((path) => hashFile(folder, path)))));
  writeFileSync(join(folder, SIGNATURE), signer.sign(readFileSync(join(folder, SEAL))));
  return folder;
}

interface Forgery {
  certificates?: Uint8Array | undefined;
  sums?: (text: string) => string;
  words?: (text: string) => string;
}

describe('bytes that one reader takes for something else than the next', () => {
  it('are not two certificates in one file, one trusted and one of who signs', async () => {
    const mallory = (await ownAuthority(at('mallory-authority'))).signer;
    const [theirs, ours] = [mallory.chain[0] as string, parts.signer.chain[0] as string];
    const der = Buffer.from(ours.replace(/-----[A-Z ]+-----|\n/g, ''), 'base64');
    for (const pieces of [
      [theirs, ours],
      [ours, theirs],
      [der, theirs],
      [der, '\n', theirs],
      [ours.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'), theirs],
    ]) {
      const folder = await sealedBy('two-certificates', { ...mallory, chain: [theirs, readFileSync(authority('root.pem'), 'utf8')] });
      const certificates = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
      expect(await bothSay(await sealedAnew(folder, mallory, { certificates }))).toMatchObject(REFUSED);
    }
  });

  it('are not, signed by ourselves, a manifest that says things twice or in other ways', async () => {
    const twice: ((text: string) => string)[] = [
      (text) => text.replace('  "files": [', '  "files": [],\n  "files": ['),
      (text) => text.replace(/( {2}"files": \[[\s\S]+ {2}\])/, '$1,\n$1'),
      (text) => text.replace('"evidence/interactions.csv"', '"evidence\\u002finteractions.csv"'),
      (text) => JSON.stringify(JSON.parse(text)),
      (text) => `${text}\n`,
    ];
    for (const words of twice) {
      const said = await bothSay(await sealedAnew(await sealedBy('twice', parts.signer), parts.signer, { words }));
      expect({ words: words.toString(), cli: said.cli }).toEqual({ words: words.toString(), cli: false });
    }
    for (const words of twice.slice(1, 4)) {
      const said = await bothSay(await sealedAnew(await sealedBy('twice', parts.signer), parts.signer, { words }));
      expect({ words: words.toString(), shell: said.shell }).toEqual({ words: words.toString(), shell: false });
    }
  });

  it('are not lines of hashes that sha256sum passes over, or that lead outside', async () => {
    for (const sums of [
      (text: string) => text.replace(/^[0-9a-f]{64}(?= {2}evidence\/interactions\.csv)/m, 'z'.repeat(64)),
      (text: string) => text.replace('  evidence/interactions.csv', ' *evidence/interactions.csv'),
      (text: string) => text.replace('  evidence/interactions.csv', '  ./evidence/interactions.csv'),
      (text: string) => `${text}${'0'.repeat(64)}  ../elsewhere\n`,
      (text: string) => `${text}${'0'.repeat(64)}  /etc/hostname\n`,
      (text: string) => text.replaceAll('\n', '\r\n'),
    ]) {
      const folder = await sealedBy('lines', parts.signer);
      expect(await bothSay(await sealedAnew(folder, parts.signer, { sums }))).toMatchObject(REFUSED);
    }
  });

  it('are not an approval by the author', async () => {
    const folder = at('by-author');
    const { manifest, sealSha256 } = await seal(folder, await draft(folder), parts);
    const approvals = [{ by: 'ann', role: 'ciso', at: new Date().toISOString(), comment: '' }];
    const approval = { format: 'parapet-approval/1', package: manifest.id, seal: sealSha256, author: 'bob', approvals } as const;
    await approve(folder, approval, parts.signer);
    expect(await bothSay(folder)).toMatchObject(REFUSED);
  });
});

describe('things in the folder that are no plain files', () => {
  const CSV = 'evidence/interactions.csv';

  it('are refused without waiting for them', async () => {
    const things: ((folder: string) => void)[] = [
      (folder) => {
        rmSync(join(folder, CSV));
        execFileSync('mkfifo', [join(folder, CSV)]);
      },
      (folder) => {
        rmSync(join(folder, 'SHA256SUMS'));
        execFileSync('mkfifo', [join(folder, 'SHA256SUMS')]);
      },
      (folder) => {
        rmSync(join(folder, 'manifest.json'));
        execFileSync('ln', ['-s', '/dev/zero', join(folder, 'manifest.json')]);
      },
      (folder) => {
        execFileSync('mv', [join(folder, 'evidence'), at('evidence-elsewhere')]);
        execFileSync('ln', ['-s', at('evidence-elsewhere'), join(folder, 'evidence')]);
      },
    ];
    for (const change of things) expect(await afterwards(change)).toMatchObject(REFUSED);
  });

  it('and names that are hard to read are refused', async () => {
    const names: ((folder: string) => void)[] = [
      (folder) => writeFileSync(join(folder, 'a\nmanifest.json'), ''),
      (folder) => writeFileSync(join(folder, '\n'), ''),
      (folder) => writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff, 0xfe)]), ''),
      (folder) => writeFileSync(join(folder, 'manifest.json '), ''),
      (folder) => {
        const deep = join(folder, ...Array.from({ length: 300 }, () => 'deep'));
        mkdirSync(deep, { recursive: true });
        writeFileSync(join(deep, 'x'), '');
      },
    ];
    for (const change of names) expect(await afterwards(change)).toMatchObject(REFUSED);
  });

  it('are not read as a whole when they are far too large', async () => {
    const said = await afterwards((folder) => truncateSync(join(folder, 'manifest.json'), 300 * 1024 * 1024));
    expect(said).toMatchObject(REFUSED);
    expect(said.errors).toContain('manifest.json has 314572800 bytes');
  });

  it('do not matter when they are the same file under a second name elsewhere', async () => {
    expect(await afterwards((folder) => linkSync(join(folder, CSV), at('second-name')))).toMatchObject({ cli: true, shell: true });
  });
});

describe('sealing', () => {
  it.skipIf(!existsSync('/dev/full'))('on a full disk says so, leaves no package, and goes on when there is room', async () => {
    const folder = at('full');
    const facts = await draft(folder);
    const timestamps = {
      ...parts.timestamps,
      stamp: async (digest: string) => {
        execFileSync('ln', ['-s', '/dev/full', join(folder, 'SEAL.tmp')]);
        return parts.timestamps.stamp(digest);
      },
    };
    await expect(seal(folder, facts, { ...parts, timestamps })).rejects.toMatchObject({
      code: 'PARAPET_DISK_FAILED',
      message: expect.stringContaining('ENOSPC'),
    });
    expect(existsSync(join(folder, 'SEAL.sig'))).toBe(false);
    rmSync(join(folder, 'SEAL.tmp'));
    await seal(folder, facts, parts);
    expect(await bothSay(folder)).toMatchObject({ cli: true, shell: true });
  });

  it('is not disturbed by what a killed process left half written', async () => {
    const folder = at('half');
    const facts = await draft(folder);
    for (const name of ['SEAL.tmp', 'evidence/interactions.csv.tmp']) appendFileSync(join(folder, name), 'half');
    await seal(folder, facts, parts);
    expect(await bothSay(folder)).toMatchObject({ cli: true, shell: true });
  });

  it('where nothing can be written is PARAPET_DISK_FAILED', async () => {
    const folder = at('unwritable');
    const facts = await draft(folder);
    writeFileSync(join(folder, 'certificates'), '');
    await expect(seal(folder, facts, parts)).rejects.toMatchObject({ code: 'PARAPET_DISK_FAILED' });
  });

  it('and verifying without openssl say that there is none', async () => {
    const none = openssl('no-such-openssl');
    const missing = { code: 'PARAPET_OPENSSL_FAILED', message: 'There is no command no-such-openssl.' };
    await expect(verifyPackage(at('package'), { openssl: none })).rejects.toMatchObject(missing);
    await expect(openEvidenceSigner({ folder: at('no-authority'), org: 'acme', openssl: none })).rejects.toMatchObject(missing);
    expect(existsSync(at('no-authority'))).toBe(false);
  });

  it('does not wait for a timestamp authority that never ends', async () => {
    const answers: ((write: (bytes: Buffer) => boolean) => void)[] = [
      () => undefined,
      (write) => write(Buffer.alloc(10)),
      (write) => write(Buffer.alloc(2 ** 20)),
    ];
    for (const answer of answers) {
      const server = createServer((request, response) => {
        request.resume();
        answer((bytes) => response.write(bytes));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const timestamps = remoteAuthority({ url, rootFile: authority('root.pem'), openssl: run, answerMs: 300 });
      await expect(timestamps.stamp('5e'.repeat(32))).rejects.toMatchObject({ code: 'PARAPET_TIMESTAMP_FAILED' });
      server.closeAllConnections();
      server.close();
    }
  });
});
