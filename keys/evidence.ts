/**
 * Who signs evidence: a private key, its certificate and the chain above it. Either the operator names files of their own
 * authority, or this machine makes a small authority at first use: a root, a signer and a timestamp authority, each with a key of
 * its own (ECDSA P-256, because every openssl of the last fifteen years can check it).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ParapetError } from '../core/errors.ts';
import { inTemporaryFolder, type Openssl } from './openssl.ts';

export type SignatureAlgorithm = 'ecdsa-p256-sha256' | 'ed25519';

export interface EvidenceSigner {
  algorithm: SignatureAlgorithm;
  /** The signer's certificate, then those above it up to the root, as PEM. */
  chain: string[];
  /** Detached signature over the bytes: DER of (r, s), or 64 bytes for Ed25519. */
  sign(bytes: Uint8Array): Buffer;
}

export interface SignerOptions {
  /** Where this machine's own authority lives. */
  folder: string;
  org: string;
  openssl: Openssl;
  /** PEM files of the operator's own; both or none. */
  keyFile?: string | undefined;
  certificateFile?: string | undefined;
  now?: Date;
}

export const AUTHORITY_FILES = {
  root: 'root.pem',
  rootKey: 'root.key.pem',
  signer: 'signer.pem',
  signerKey: 'signer.key.pem',
  timestamps: 'timestamps.pem',
  timestampsKey: 'timestamps.key.pem',
} as const;

/** Throws PARAPET_SIGNER_INVALID when key and certificates do not belong together or one is not valid now, PARAPET_OPENSSL_FAILED. */
export async function openEvidenceSigner({ folder, org, openssl, keyFile, certificateFile, now }: SignerOptions): Promise<EvidenceSigner> {
  if (keyFile === undefined || certificateFile === undefined) await ensureAuthority(folder, org, openssl);
  const key = readKey(keyFile ?? join(folder, AUTHORITY_FILES.signerKey));
  const chain =
    certificateFile === undefined
      ? [AUTHORITY_FILES.signer, AUTHORITY_FILES.root].map((name) => readFileSync(join(folder, name), 'utf8'))
      : certificatesIn(readPem(certificateFile));
  const algorithm = algorithmOf(key);
  // Read only now: certificates that were just made are valid from a moment ago.
  const at = now ?? new Date();
  checkChain(chain, key, at);
  await checkPurpose(chain, at, openssl);
  return { algorithm, chain, sign: (bytes) => sign(algorithm === 'ed25519' ? null : 'sha256', bytes, key) };
}

/** Each certificate of a PEM text. */
export function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g)?.map((each) => `${each.trim()}\n`) ?? [];
}

/** The authority of this machine, made whole or not at all, also when several processes start together. */
export async function ensureAuthority(folder: string, org: string, run: Openssl): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(`${folder}.`);
  const at = (name: string) => join(work, name);
  const subject = (name: string) => `/O=${org.replace(/[^A-Za-z0-9._ -]/g, '_')}/CN=${name}`;

  async function issue(certificate: string, key: string, extensions: string, name: string): Promise<void> {
    const request = ['-subj', subject(name), '-config', at('openssl.cnf'), '-out', at('request.pem')];
    await run('req', '-new', '-sha256', '-key', at(key), ...request);
    const issuer = [
      '-CA',
      at(AUTHORITY_FILES.root),
      '-CAkey',
      at(AUTHORITY_FILES.rootKey),
      '-set_serial',
      `0x${randomBytes(15).toString('hex')}`,
    ];
    const kind = ['-days', '3650', '-extfile', at('openssl.cnf'), '-extensions', extensions];
    await run('x509', '-req', '-sha256', '-in', at('request.pem'), ...issuer, ...kind, '-out', at(certificate));
  }

  try {
    for (const name of [AUTHORITY_FILES.rootKey, AUTHORITY_FILES.signerKey, AUTHORITY_FILES.timestampsKey]) {
      await writeFile(at(name), newKey(), { mode: 0o600, flush: true });
    }
    await writeFile(at('openssl.cnf'), CONFIG);
    const root = ['-subj', subject('Parapet evidence root'), '-config', at('openssl.cnf'), '-extensions', 'root', '-days', '7300'];
    await run('req', '-x509', '-new', '-sha256', '-key', at(AUTHORITY_FILES.rootKey), ...root, '-out', at(AUTHORITY_FILES.root));
    await issue(AUTHORITY_FILES.signer, AUTHORITY_FILES.signerKey, 'signer', 'Parapet evidence signer');
    await issue(AUTHORITY_FILES.timestamps, AUTHORITY_FILES.timestampsKey, 'timestamps', 'Parapet timestamp authority');
    await rm(at('request.pem'));
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    // Another process was quicker, and its authority is the one.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const CONFIG = `[req]
distinguished_name = name
prompt = no
[name]
CN = unnamed
[root]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[timestamps]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function algorithmOf(key: KeyObject): SignatureAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ecdsa-p256-sha256';
  throw invalid(`The key is ${key.asymmetricKeyType ?? 'of no known kind'}; evidence is signed with Ed25519 or ECDSA P-256.`);
}

function checkChain(chain: readonly string[], key: KeyObject, now: Date): void {
  const certificates = chain.map((pem) => new X509Certificate(pem));
  const [leaf] = certificates;
  if (leaf === undefined) throw invalid('There is no certificate in PARAPET_EVIDENCE_CERTIFICATE_FILE.');
  if (!leaf.publicKey.equals(createPublicKey(key))) throw invalid('The certificate is of another key.');
  certificates.forEach((certificate, i) => {
    if (now < certificate.validFromDate || now >= certificate.validToDate) {
      throw invalid(
        `The certificate ${certificate.subject.replaceAll('\n', ', ')} is valid from ${certificate.validFrom} to ${certificate.validTo}.`,
      );
    }
    const issuer = certificates[i + 1] ?? certificate;
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      throw invalid(`The chain breaks at ${certificate.subject.replaceAll('\n', ', ')}: name every certificate up to the root, in order.`);
    }
  });
}

/** As a verifier will: a certificate for something else, e.g. for a web server or for timestamps, makes no package that holds. */
async function checkPurpose(chain: readonly string[], now: Date, openssl: Openssl): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const [leaf, root, between] = ['leaf.pem', 'root.pem', 'between.pem'].map((name) => join(folder, name)) as [string, string, string];
    await writeFile(leaf, chain[0] as string);
    await writeFile(root, chain.at(-1) as string);
    await writeFile(between, chain.slice(1, -1).join(''));
    const untrusted = chain.length > 2 ? ['-untrusted', between] : [];
    const at = String(Math.floor(now.getTime() / 1_000));
    try {
      await openssl('verify', '-purpose', 'smimesign', '-attime', at, '-CAfile', root, ...untrusted, leaf);
    } catch (cause) {
      throw invalid(`The certificate is not one for signatures: ${cause instanceof Error ? cause.message : cause}`, cause);
    }
  });
}

function readKey(path: string): KeyObject {
  try {
    return createPrivateKey(readPem(path));
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause;
    throw invalid(`${path} is not a private key in PEM.`, cause);
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`${path} cannot be read.`, cause);
  }
}

const invalid = (message: string, cause?: unknown) => new ParapetError('PARAPET_SIGNER_INVALID', { message, cause });
