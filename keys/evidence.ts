/**
 * Who signs evidence: a private key, its certificate and the chain above it. Either the operator names files of their own
 * authority, or this machine makes a small one at first use (`authority.ts`).
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../core/errors.ts';
import { AUTHORITY_FILES, ensureAuthority } from './authority.ts';
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

/** Throws PARAPET_SIGNER_INVALID when key and certificates do not belong together or one is not valid now, PARAPET_OPENSSL_FAILED. */
export async function openEvidenceSigner({ folder, org, openssl, keyFile, certificateFile, now }: SignerOptions): Promise<EvidenceSigner> {
  if (keyFile === undefined || certificateFile === undefined) await ensureAuthority({ folder, org, openssl });
  const own = join(folder, AUTHORITY_FILES.signerKey);
  const [pem, chain] =
    keyFile === undefined || certificateFile === undefined
      ? ownSigner(own, join(folder, AUTHORITY_FILES.root))
      : [readPem(keyFile), certificatesIn(readPem(certificateFile))];
  const key = readKey(pem, keyFile ?? own);
  const algorithm = algorithmOf(key);
  // Read only now: certificates that were just made are valid from a moment ago.
  const at = now ?? new Date();
  checkChain(chain, key, at);
  await checkPurpose(chain, at, openssl);
  return { algorithm, chain, sign: (bytes) => sign(algorithm === 'ed25519' ? null : 'sha256', bytes, key) };
}

/** Key and certificate are read together: the next moment both may be others. */
function ownSigner(path: string, root: string): [string, string[]] {
  const pem = readPem(path);
  return [pem, [...certificatesIn(pem), readPem(root)]];
}

/** Each certificate of a PEM text. */
function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g)?.map((each) => `${each.trim()}\n`) ?? [];
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

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
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
