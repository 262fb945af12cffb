/**
 * What a package is: its manifest, and the few files that seal it. From the signature inwards: `SEAL.sig` is over `SEAL`, which has
 * the hashes of the manifest, of its timestamp and of `SHA256SUMS`, which has the hashes of all else. So one flipped byte anywhere
 * breaks a hash or the signature, and an approval names the seal.
 */
import { z } from 'zod';
import { ParapetError } from '../../core/errors.ts';

export const MANIFEST = 'manifest.json';
export const TIMESTAMP = 'manifest.json.tsr';
export const SUMS = 'SHA256SUMS';
export const SEAL = 'SEAL';
export const SIGNATURE = 'SEAL.sig';
export const APPROVAL = 'APPROVAL';
export const APPROVAL_SIGNATURE = 'APPROVAL.sig';
export const VERIFY = 'VERIFY.md';

/** What `SEAL` lists, in this order. */
export const SEALED = [SUMS, MANIFEST, TIMESTAMP] as const;
/** Files that `SHA256SUMS` does not list. */
export const AROUND: readonly string[] = [SUMS, MANIFEST, TIMESTAMP, SEAL, SIGNATURE, APPROVAL, APPROVAL_SIGNATURE];

export const SIGNER = 'certificates/signer.pem';
/** Certificates between the signer and the root; absent when there are none. */
export const INTERMEDIATES = 'certificates/intermediates.pem';
export const ROOT = 'certificates/root.pem';
export const TIMESTAMP_ROOT = 'certificates/timestamps-root.pem';
export const CHUNKS = 'merkle/chunks.csv';
export const ASSESSMENT = 'assessment.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const link = z.strictObject({ id: z.string(), manifest: sha256 });

const manifestSchema = z.strictObject({
  format: z.literal('parapet-evidence/1'),
  /** `report/<framework>/<org>/<period>`, with `.addendum-<n>` behind it where it is one. */
  id: z.string(),
  org: z.string(),
  framework: z.strictObject({ id: z.string(), version: z.string(), revision: z.number() }),
  period: z.string(),
  window: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
  createdAt: z.iso.datetime(),
  generator: z.strictObject({ name: z.literal('parapet'), version: z.string() }),
  /** Who had it made; who approves it is somebody else. */
  author: z.string(),
  /** Without so many approvals by others it is not what was published. */
  approvalsNeeded: z.number().int().nonnegative().default(0),
  seed: sha256,
  /** The package before it of the same organisation and framework: the chain. */
  previous: link.nullable(),
  /** The package that this one adds to. */
  addendumTo: link.nullable(),
  /** Interactions of the window of a package before that came after it was made, and the addendum that has them. */
  late: z.strictObject({ of: z.string(), interactions: z.number().int(), addendum: z.string().nullable() }).nullable(),
  interactions: z.strictObject({
    count: z.number().int(),
    /** Written before records were hashed: counted, and not in the tree. */
    unproven: z.number().int(),
    root: sha256,
    chunkLeaves: z.number().int(),
    positions: z.array(z.strictObject({ partition: z.number().int(), end: z.number().int() })).nullable(),
  }),
  signature: z.strictObject({ algorithm: z.enum(['ecdsa-p256-sha256', 'ed25519']), fingerprint256: z.string() }),
  timestamp: z.strictObject({ authority: z.string() }),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.number().int(), sha256 })),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Throws PARAPET_PACKAGE_INVALID. */
export function readManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: 'manifest.json is not JSON.', cause });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `manifest.json: ${issue?.path.join('.')}: ${issue?.message}` });
}

const approvalSchema = z.strictObject({
  format: z.literal('parapet-approval/1'),
  package: z.string(),
  /** SHA-256 of the file `SEAL`. */
  seal: sha256,
  author: z.string(),
  approvals: z.array(z.strictObject({ by: z.string(), role: z.string(), at: z.iso.datetime(), comment: z.string() })).min(1),
});

export type Approval = z.infer<typeof approvalSchema>;

/** Throws PARAPET_PACKAGE_INVALID. */
export function readApproval(text: string): Approval {
  try {
    return approvalSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: 'APPROVAL is not an approval.', cause });
  }
}
