/**
 * Makes a folder of evidence into a package: hashes, manifest, timestamp, signature. Whoever is killed in between seals again:
 * what sealing writes is written over, and the folder counts as a package only when its signature is there.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UNFINISHED, writeWhole } from '../../core/durable.ts';
import { ParapetError } from '../../core/errors.ts';
import type { EvidenceSigner } from '../../keys/evidence.ts';
import { hashFile, jsonText, listFiles, sumsOf } from './files.ts';
import { instructions } from './instructions.ts';
import {
  APPROVAL,
  APPROVAL_SIGNATURE,
  type Approval,
  AROUND,
  INTERMEDIATES,
  MANIFEST,
  type Manifest,
  ROOT,
  SEAL,
  SEALED,
  SIGNATURE,
  SIGNER,
  SUMS,
  TIMESTAMP,
  TIMESTAMP_ROOT,
  VERIFY,
} from './manifest.ts';
import type { TimestampAuthority } from './timestamp.ts';

/** What only who makes the package knows. */
export type PackageFacts = Omit<Manifest, 'format' | 'signature' | 'timestamp' | 'files'>;

export interface SealParts {
  signer: EvidenceSigner;
  timestamps: TimestampAuthority;
}

export interface Sealed {
  manifest: Manifest;
  /** SHA-256 of manifest.json and of SEAL, hex. */
  manifestSha256: string;
  sealSha256: string;
}

/** Throws PARAPET_TIMESTAMP_FAILED, PARAPET_OPENSSL_FAILED, PARAPET_DISK_FAILED. */
export async function seal(folder: string, facts: PackageFacts, { signer, timestamps }: SealParts): Promise<Sealed> {
  for (const name of AROUND) await rm(join(folder, name), { force: true });
  // Of whoever was killed while writing a file.
  for (const path of await listFiles(folder)) if (path.endsWith(UNFINISHED)) await rm(join(folder, path));
  const [leaf, ...above] = signer.chain.map((pem) => new X509Certificate(pem).toString()) as [string, ...string[]];
  const [root = leaf, between] = [above.at(-1), above.slice(0, -1)];
  await put(folder, SIGNER, leaf);
  await put(folder, ROOT, root);
  if (between.length > 0) await put(folder, INTERMEDIATES, between.join(''));
  await put(folder, TIMESTAMP_ROOT, await timestamps.root());

  const signature: Manifest['signature'] = { algorithm: signer.algorithm, fingerprint256: new X509Certificate(leaf).fingerprint256 };
  const timestamp: Manifest['timestamp'] = { authority: timestamps.name };
  const rootFingerprint256 = `sha256 Fingerprint=${new X509Certificate(root).fingerprint256}`;
  await put(folder, VERIFY, instructions({ ...facts, signature, timestamp }, { rootFingerprint256, intermediates: between.length > 0 }));

  const files = await Promise.all((await listFiles(folder)).map((path) => hashFile(folder, path)));
  const manifest: Manifest = { format: 'parapet-evidence/1', ...facts, signature, timestamp, files };
  await put(folder, SUMS, sumsOf(files));
  await put(folder, MANIFEST, jsonText(manifest));
  const { sha256: manifestSha256 } = await hashFile(folder, MANIFEST);
  await put(folder, TIMESTAMP, await timestamps.stamp(manifestSha256));

  await put(folder, SEAL, sumsOf(await Promise.all(SEALED.map((path) => hashFile(folder, path)))));
  await put(folder, SIGNATURE, signer.sign(await readFile(join(folder, SEAL))));
  const { sha256: sealSha256 } = await hashFile(folder, SEAL);
  return { manifest, manifestSha256, sealSha256 };
}

/**
 * Puts the approval beside the seal, signed. The seal itself stays as it is. An approval that stands there is not signed again: ECDSA
 * would give another signature, which is another file than the one that may be published already.
 */
export async function approve(folder: string, approval: Approval, signer: EvidenceSigner): Promise<void> {
  const text = jsonText(approval);
  if (existsSync(join(folder, APPROVAL)) && (await readFile(join(folder, APPROVAL), 'utf8')) === text) return;
  await rm(join(folder, APPROVAL), { force: true });
  await put(folder, APPROVAL_SIGNATURE, signer.sign(Buffer.from(text)));
  await put(folder, APPROVAL, text);
}

/** Takes away the signature of an approval that was never written. */
export async function removeHalfApproval(folder: string): Promise<void> {
  if (!existsSync(join(folder, APPROVAL))) await rm(join(folder, APPROVAL_SIGNATURE), { force: true });
}

/** Nobody changes it by accident any more. */
export async function makeReadOnly(folder: string): Promise<void> {
  for (const path of await listFiles(folder)) await chmod(join(folder, path), 0o444);
}

async function put(folder: string, path: string, body: string | Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeWhole(join(folder, path), body);
  } catch (cause) {
    const message = `${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`;
    throw new ParapetError('PARAPET_DISK_FAILED', { message, cause });
  }
}
