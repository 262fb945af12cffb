/**
 * `parapet prove`: shows that one interaction belongs to a package, and nothing of the others. With a folder to write to it also fetches
 * the record from the lake, so that an auditor can hash the very bytes; what was said in it stays sealed.
 */
import { hash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AssemblyParts, chainOf, openPackage } from '../compliance/assembly/index.ts';
import { jsonText } from '../compliance/package/files.ts';
import { CHUNKS, MANIFEST, readManifest } from '../compliance/package/manifest.ts';
import { type Proof, type Proven, prove, readChunks } from '../compliance/package/tree.ts';
import { ParapetError } from '../core/errors.ts';
import { findInteraction, type ObjectStore } from '../sinks/s3/index.ts';

export interface ProveParts {
  parts: AssemblyParts;
  lake: ObjectStore;
  org: string;
}

export interface ProveOptions {
  /** Id or folder of a package; the newest one that has the interaction without. */
  package?: string | undefined;
  /** Only packages of this framework are looked at; needed without `package`. */
  framework: string;
  /** A folder for `proof.json` and `record.avro`. */
  out?: string | undefined;
}

export interface ProveResult {
  proof: Proof;
  /** False when the lake does not hold the record (any more). */
  record: boolean;
}

/** Throws PARAPET_PROOF_IMPOSSIBLE, PARAPET_STORE_UNAVAILABLE. */
export async function proveInteraction(
  { parts, lake, org }: ProveParts,
  interactionId: string,
  options: ProveOptions,
): Promise<ProveResult> {
  const found = await lookUp(parts, org, interactionId);
  const name = options.package ?? (await newestWith(parts, org, options.framework, found));
  const opened = await openPackage(parts, name);
  const bytes = await opened.read(MANIFEST);
  const manifest = readManifest(bytes.toString('utf8'));
  const chunks = readChunks((await opened.read(CHUNKS)).toString('utf8'));
  const { window, interactions } = manifest;
  const source = parts.leaves({ org: manifest.org, window, positions: interactions.positions ?? undefined });
  const proven = await prove(source, chunks, found);
  const proof: Proof = { format: 'parapet-proof/1', package: manifest.id, manifest: hash('sha256', bytes), ...proven };
  if (options.out === undefined) return { proof, record: false };

  await mkdir(options.out, { recursive: true });
  await writeFile(join(options.out, 'proof.json'), jsonText(proof));
  await lake.open();
  const record = await findInteraction(lake, found);
  if (record === undefined) return { proof, record: false };
  if (hash('sha256', record.value) !== found.eventHash) {
    throw impossible(`The lake's record of ${interactionId} is not the one that was enriched: one of them was changed.`);
  }
  await writeFile(join(options.out, 'record.avro'), record.value);
  return { proof, record: true };
}

async function lookUp(parts: AssemblyParts, org: string, interactionId: string): Promise<Proven> {
  const [row] = await parts.query({ org, window: { from: '1970-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' } })(
    `SELECT toString(toUnixTimestamp64Micro(started_at)) AS started_at, event_hash FROM interactions
    WHERE org = {org:String} AND interaction_id = {id:String} LIMIT 1`,
    { id: interactionId },
  );
  if (row === undefined) throw impossible(`There is no interaction ${interactionId} of ${org}.`);
  if (row['event_hash'] === '') throw impossible(`Interaction ${interactionId} was recorded before records were hashed.`);
  return { interactionId, startedAt: Number(row['started_at']), eventHash: String(row['event_hash']) };
}

async function newestWith(parts: AssemblyParts, org: string, framework: string, { startedAt, interactionId }: Proven): Promise<string> {
  const at = new Date(startedAt / 1_000).toISOString();
  const link = (await chainOf(parts, org, framework)).findLast(({ window }) => window.from <= at && at < window.to);
  if (link === undefined) throw impossible(`No package of ${framework} has the time of interaction ${interactionId} (${at}).`);
  return link.id;
}

export function renderProof({ proof, record }: ProveResult, out: string | undefined): string[] {
  const { interactionId, index, leaves, package: id, root, steps } = proof;
  return [
    `${interactionId} is number ${index + 1} of the ${leaves} interactions of ${id}`,
    `root ${root}, ${steps.length} steps`,
    ...(out === undefined ? [] : [`${out}/proof.json${record ? ` and ${out}/record.avro` : '; the lake does not hold the record'}`]),
  ];
}

const impossible = (message: string) => new ParapetError('PARAPET_PROOF_IMPOSSIBLE', { message });
