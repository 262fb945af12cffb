/**
 * The small authority that this machine makes for itself: a root, a signer of evidence and a timestamp authority. The signer's key and
 * certificate stand in one file, so that both change in one step when the key is changed for a new one.
 */
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeWhole } from '../core/durable.ts';
import { ParapetError } from '../core/errors.ts';
import type { Openssl } from './openssl.ts';

export const AUTHORITY_FILES = {
  root: 'root.pem',
  rootKey: 'root.key.pem',
  signer: 'signer.pem',
  /** With its certificate. */
  signerKey: 'signer.key.pem',
  timestamps: 'timestamps.pem',
  timestampsKey: 'timestamps.key.pem',
} as const;

export interface AuthorityOptions {
  folder: string;
  org: string;
  openssl: Openssl;
}

/** Makes it whole or not at all, also when several processes start together. Throws PARAPET_OPENSSL_FAILED. */
export async function ensureAuthority({ folder, org, openssl }: AuthorityOptions): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(`${folder}.`);
  const at = (name: string) => join(work, name);
  try {
    await writeFile(at(AUTHORITY_FILES.rootKey), newKey(), { mode: 0o600, flush: true });
    await writeFile(at('openssl.cnf'), CONFIG);
    const root = ['-subj', subject(org, 'Parapet evidence root'), '-config', at('openssl.cnf'), '-extensions', 'root', '-days', '7300'];
    await openssl('req', '-x509', '-new', '-sha256', '-key', at(AUTHORITY_FILES.rootKey), ...root, '-out', at(AUTHORITY_FILES.root));
    const signer = await issue({ folder: work, org, openssl }, work, 'signer');
    await writeFile(at(AUTHORITY_FILES.signerKey), signer.key + signer.certificate, { mode: 0o600, flush: true });
    await writeFile(at(AUTHORITY_FILES.signer), signer.certificate, { flush: true });
    const timestamps = await issue({ folder: work, org, openssl }, work, 'timestamps');
    await writeFile(at(AUTHORITY_FILES.timestampsKey), timestamps.key, { mode: 0o600, flush: true });
    await writeFile(at(AUTHORITY_FILES.timestamps), timestamps.certificate, { flush: true });
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    // Another process was quicker, and its authority is the one.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/**
 * Gives the signer a new key and certificate; the old key is gone, and what it signed holds as before. Gives the new certificate's
 * SHA-256 fingerprint. Throws PARAPET_SIGNER_INVALID where the root's key is kept elsewhere.
 */
export async function rotateSigner(options: AuthorityOptions): Promise<string> {
  const { folder } = options;
  await ensureAuthority(options);
  if (!existsSync(join(folder, AUTHORITY_FILES.rootKey))) {
    throw new ParapetError('PARAPET_SIGNER_INVALID', {
      message: `The root's key is not in ${folder}.`,
      hint: `Bring it back for this, or issue a certificate elsewhere and put key and certificate into ${AUTHORITY_FILES.signerKey}.`,
    });
  }
  const work = await mkdtemp(`${folder}.`);
  try {
    await writeFile(join(work, 'openssl.cnf'), CONFIG);
    const { key, certificate } = await issue(options, work, 'signer');
    await writeWhole(join(folder, AUTHORITY_FILES.signerKey), key + certificate, 0o600);
    await writeWhole(join(folder, AUTHORITY_FILES.signer), certificate);
    return new X509Certificate(certificate).fingerprint256;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const NAMES = { signer: 'Parapet evidence signer', timestamps: 'Parapet timestamp authority' } as const;

/** `work` has the configuration, and what is written there is thrown away or moved by the caller. */
async function issue(
  { folder, org, openssl }: AuthorityOptions,
  work: string,
  what: keyof typeof NAMES,
): Promise<{ key: string; certificate: string }> {
  const at = (name: string) => join(work, `${what}.${name}`);
  const [config, key] = [join(work, 'openssl.cnf'), newKey()];
  try {
    await writeFile(at('new.key'), key, { mode: 0o600 });
    await openssl(
      'req',
      '-new',
      '-sha256',
      '-key',
      at('new.key'),
      '-subj',
      subject(org, NAMES[what]),
      '-config',
      config,
      '-out',
      at('csr'),
    );
    const issuer = ['-CA', join(folder, AUTHORITY_FILES.root), '-CAkey', join(folder, AUTHORITY_FILES.rootKey)];
    const kind = ['-set_serial', `0x${randomBytes(15).toString('hex')}`, '-days', '3650', '-extfile', config, '-extensions', what];
    await openssl('x509', '-req', '-sha256', '-in', at('csr'), ...issuer, ...kind, '-out', at('crt'));
    return { key, certificate: await readFile(at('crt'), 'utf8') };
  } finally {
    for (const name of ['new.key', 'csr', 'crt']) await rm(at(name), { force: true });
  }
}

const subject = (org: string, name: string) => `/O=${org.replace(/[^A-Za-z0-9._ -]/g, '_')}/CN=${name}`;

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
