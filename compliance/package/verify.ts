/**
 * Checks a package as `VERIFY.md` does, and further: that manifest and sums agree, that the tree is the manifest's, that evidence has
 * the rows it says. Every fault is named, not only the first. Nothing of the package is believed before its hash is right.
 */
import { createPublicKey, hash, verify as verifySignature, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError, toParapetError } from '../../core/errors.ts';
import type { Openssl } from '../../keys/openssl.ts';
import { hashFile, jsonText, listFiles, readSums } from './files.ts';
import { MOST_EARLY_SECONDS, MOST_LATE_SECONDS } from './instructions.ts';
import {
  APPROVAL,
  APPROVAL_SIGNATURE,
  AROUND,
  CHUNKS,
  INTERMEDIATES,
  MANIFEST,
  type Manifest,
  ROOT,
  readApproval,
  readManifest,
  SEAL,
  SEALED,
  SIGNATURE,
  SIGNER,
  SUMS,
  TIMESTAMP,
  TIMESTAMP_ROOT,
} from './manifest.ts';
import { rootOf } from './merkle.ts';
import { timeOfToken } from './timestamp.ts';
import { readChunks } from './tree.ts';

export interface Verification {
  valid: boolean;
  errors: string[];
  /** How many files the package has. */
  files: number;
  /** False when the only root that was at hand is the package's own: then it is whole, but by whom it is nobody has said. */
  trusted: boolean;
  manifest: Manifest | undefined;
  /** SHA-256 of manifest.json; empty when there is none. */
  manifestSha256: string;
  stampedAt: string | undefined;
  approvedBy: string[];
}

export interface VerifyOptions {
  openssl: Openssl;
  /** PEM file of roots that are trusted for signatures, and for timestamps. */
  trustFile?: string | undefined;
  timestampTrustFile?: string | undefined;
  /** It waits for approval: that it has none yet is no fault. */
  isWaiting?: boolean | undefined;
}

/** What is read as a whole is never larger. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Throws nothing for a bad package: what is wrong stands in `errors`. Throws PARAPET_OPENSSL_FAILED when there is no openssl. */
export async function verifyPackage(folder: string, options: VerifyOptions): Promise<Verification> {
  const result: Verification = {
    valid: false,
    errors: [],
    files: 0,
    trusted: options.trustFile !== undefined,
    manifest: undefined,
    manifestSha256: '',
    stampedAt: undefined,
    approvedBy: [],
  };
  await options.openssl('version');
  const check = async (what: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      result.errors.push(`${what}: ${toParapetError(error, 'PARAPET_PACKAGE_INVALID').message}`);
    }
  };
  const read = async (path: string) => {
    const { size } = await stat(join(folder, path));
    if (size > MOST_BYTES) throw wrong(`${path} has ${size} bytes.`);
    return readFile(join(folder, path));
  };

  const paths: string[] = [];
  await check('files', async () => {
    paths.push(...(await listFiles(folder)));
    result.files = paths.length;
  });
  // A pipe would keep us waiting for ever, and a link shows what somebody else has: nothing is read where one is.
  if (result.errors.length > 0) return result;

  await check('files', async () => {
    const listed = readSums(await text(read(SUMS)), SUMS).map(({ path }) => path);
    const approved = existsSync(join(folder, APPROVAL)) || existsSync(join(folder, APPROVAL_SIGNATURE));
    const around = AROUND.filter((path) => approved || !(path === APPROVAL || path === APPROVAL_SIGNATURE));
    const expected = new Set([...listed, ...around]);
    for (const path of paths) if (!expected.delete(path)) result.errors.push(`files: ${path} was not sealed.`);
    for (const path of expected) result.errors.push(`files: ${path} is missing.`);
    if (listed.some((path) => AROUND.includes(path)) || new Set(listed).size < listed.length)
      result.errors.push(`files: ${SUMS} lists a file that it cannot.`);
  });

  await check('seal', async () => {
    const sealed = readSums(await text(read(SEAL)), SEAL);
    if (sealed.map(({ path }) => path).join() !== SEALED.join()) throw wrong('SEAL lists other files than it must.');
    for (const entry of sealed) await compare(folder, entry);
  });
  await check('sums', async () => {
    for (const entry of readSums(await text(read(SUMS)), SUMS)) await compare(folder, entry);
  });

  await check('manifest', async () => {
    const bytes = await read(MANIFEST);
    result.manifestSha256 = hash('sha256', bytes);
    const manifest = readManifest(asWritten(bytes));
    result.manifest = manifest;
    const listed = readSums(await text(read(SUMS)), SUMS);
    const named = manifest.files.map(({ path, sha256 }) => ({ sha256, path }));
    if (JSON.stringify(named) !== JSON.stringify(listed)) throw wrong(`it names other files or hashes than ${SUMS}.`);
  });

  const { manifest } = result;
  const createdAt = new Date(manifest?.createdAt ?? Number.NaN).getTime();
  let at = createdAt;
  await check('timestamp', async () => {
    const trust = options.timestampTrustFile ?? join(folder, TIMESTAMP_ROOT);
    const token = join(folder, TIMESTAMP);
    at = (await timeOfToken(options.openssl, token)).getTime();
    await options.openssl('ts', '-verify', '-data', join(folder, MANIFEST), '-in', token, '-CAfile', trust, '-attime', secondsOf(at));
    const late = Math.floor(at / 1_000) - Math.floor(createdAt / 1_000);
    const stamped = new Date(at).toISOString();
    if (!(late >= -MOST_EARLY_SECONDS)) throw wrong(`it is of ${stamped}, before the package was made.`);
    if (late > MOST_LATE_SECONDS) throw wrong(`it is of ${stamped}, long after the package says that it was made.`);
    result.stampedAt = stamped;
  });

  // The signer's certificate must have been valid when others say that the package was there, not when it says so itself.
  await check('signature', async () => {
    const pem = await read(SIGNER);
    const signer = new X509Certificate(pem);
    // One certificate and nothing else: openssl may find another in the same bytes than we do.
    if (signer.toString() !== pem.toString('utf8')) throw wrong(`${SIGNER} is not one certificate.`);
    if (manifest === undefined || signer.fingerprint256 !== manifest.signature.fingerprint256)
      throw wrong('the certificate is not the one that the manifest names.');
    const untrusted = existsSync(join(folder, INTERMEDIATES)) ? ['-untrusted', join(folder, INTERMEDIATES)] : [];
    const trust = ['-CAfile', options.trustFile ?? join(folder, ROOT), ...untrusted];
    await options.openssl('verify', '-purpose', 'smimesign', '-attime', secondsOf(at), ...trust, join(folder, SIGNER));
    checkSignature(signer, await read(SEAL), await read(SIGNATURE), SEAL);
    if (existsSync(join(folder, APPROVAL))) {
      const approval = await read(APPROVAL);
      checkSignature(signer, approval, await read(APPROVAL_SIGNATURE), APPROVAL);
      const { package: id, seal, author, approvals } = readApproval(asWritten(approval));
      if (id !== manifest.id || seal !== hash('sha256', await read(SEAL))) throw wrong('the approval is of another package.');
      if (approvals.some(({ by }) => by === author || by === manifest.author)) throw wrong('its author approved it.');
      result.approvedBy = [...new Set(approvals.map(({ by }) => by))];
    }
  });
  await check('approval', async () => {
    const [needed, given] = [manifest?.approvalsNeeded ?? 0, result.approvedBy.length];
    if (given < needed && options.isWaiting !== true) throw wrong(`${needed} must have approved it, and ${given} did.`);
  });

  await check('tree', async () => {
    if (manifest === undefined) return;
    const chunks = readChunks(await text(read(CHUNKS)));
    const leaves = chunks.reduce((sum, chunk) => sum + chunk.leaves, 0);
    const { count, unproven, root } = manifest.interactions;
    if (leaves + unproven !== count) throw wrong(`its chunks have ${leaves} leaves, the manifest counts ${count}.`);
    if (rootOf(chunks.map((chunk) => chunk.root)) !== root) throw wrong('its root is not the one of the manifest.');
  });

  result.valid = result.errors.length === 0;
  return result;
}

async function compare(folder: string, { path, sha256 }: { path: string; sha256: string }): Promise<void> {
  const { sha256: found } = await hashFile(folder, path);
  if (found !== sha256) throw wrong(`${path} was changed: its SHA-256 is ${found}, ${sha256} was sealed.`);
}

function checkSignature(signer: X509Certificate, bytes: Buffer, signature: Buffer, name: string): void {
  const key = createPublicKey(signer.publicKey.export({ type: 'spki', format: 'pem' }));
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  if (!verifySignature(algorithm, bytes, key, signature)) throw wrong(`the signature over ${name} does not hold.`);
}

/** JSON that says everything once, as we write it: one reader must not find another value in it than the next. */
function asWritten(bytes: Buffer): string {
  const said = bytes.toString('utf8');
  let again: string | undefined;
  try {
    again = jsonText(JSON.parse(said));
  } catch {
    // Whoever reads it next says so.
    return said;
  }
  if (again !== said) throw wrong('it is not written as Parapet writes it.');
  return said;
}

const secondsOf = (ms: number) => String(Math.floor(ms / 1_000));

const wrong = (message: string) => new ParapetError('PARAPET_PACKAGE_INVALID', { message });

const text = async (bytes: Promise<Buffer>) => (await bytes).toString('utf8');

/**
 * Whether packages follow one another: each names the hash of the one before it. Oldest first, all of one organisation and framework.
 * Gives what is wrong.
 */
export function chainErrors(packages: readonly { manifest: Manifest; manifestSha256: string }[]): string[] {
  return packages.flatMap(({ manifest }, i) => {
    const before = packages[i - 1];
    const { previous, id } = manifest;
    if (before === undefined) return previous === null ? [] : [`chain: ${id} follows ${previous.id}, which is missing.`];
    if (previous?.manifest === before.manifestSha256) return [];
    return [`chain: ${id} follows ${previous === null ? 'nothing' : previous.id}, and not ${before.manifest.id}.`];
  });
}
