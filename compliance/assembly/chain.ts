/**
 * The chain of an organisation's packages of one framework: each names the hash of the manifest before it. A package joins the chain
 * when it is sealed, and is published only behind its predecessor. One that is rejected leaves the chain, and those behind it are
 * sealed anew: nobody has seen them but who approves.
 *
 * The subtle point: others may write to the archive too. So a package is followed only if it holds, and what stands before it counts by
 * the hash that it names.
 */

import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { MANIFEST, type Manifest, readManifest } from '../package/manifest.ts';
import { verifyPackage } from '../package/verify.ts';
import type { ComplianceSettings } from '../types.ts';
import { verifyArchived } from './packages.ts';
import type { AssemblyParts } from './parts.ts';
import { listWorkspaces, workspaceOf } from './workspace.ts';

export interface Link {
  id: string;
  /** SHA-256 of the manifest. */
  manifest: string;
}

export interface ChainLink extends Link {
  org: string;
  window: Manifest['window'];
  createdAt: string;
  previous: Link | null;
  addendumTo: Link | null;
  /** Interactions that it counts. */
  count: number;
  published: boolean;
}

type ChainParts = Pick<AssemblyParts, 'root' | 'archive' | 'trust'> & { sources: { settings: Pick<ComplianceSettings, 'disregard'> } };

/** Sealed packages, oldest first, whoever made them: published ones and those of this machine that wait for it. Throws PARAPET_STORE_UNAVAILABLE. */
export async function chainOf({ root, archive, sources }: Omit<ChainParts, 'trust'>, org: string, framework: string): Promise<ChainLink[]> {
  const prefix = `report/${framework}/${org}/`;
  const links = new Map<string, ChainLink>();
  const take = (id: string, bytes: Uint8Array, published: boolean) => {
    const manifest = hash('sha256', bytes);
    if (!sources.settings.disregard.includes(manifest)) links.set(id, linkOf(id, bytes, manifest, published));
  };
  for (const workspace of await listWorkspaces(root, prefix)) {
    const manifest = join(workspace.package, MANIFEST);
    if (workspace.has('sealed') && existsSync(manifest)) take(workspace.id, await readFile(manifest), workspace.has('publication'));
  }
  for (const id of await archive.list(prefix)) take(id, await archive.read(id, MANIFEST), true);
  return [...links.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** Of these the newest, and those before it, as far as each is there under the hash that the next one names. Throws PARAPET_CHAIN_BROKEN. */
export async function followable(parts: ChainParts, chain: readonly ChainLink[]): Promise<ChainLink[]> {
  const newest = chain.at(-1);
  if (newest === undefined) return [];
  const faults = await faultsOf(parts, newest);
  if (faults.length > 0) {
    throw new ParapetError('PARAPET_CHAIN_BROKEN', {
      message: `The newest package, ${newest.id}, does not hold and is not followed: ${faults.join('; ')}`,
      hint: `Find out who put it there. If it is yours, name whoever signed and stamped it in PARAPET_EVIDENCE_TRUST_FILE and PARAPET_EVIDENCE_TSA_CA_FILE; if not, take it away, or where it is locked put its manifest's hash (${newest.manifest}) under "disregard" in PARAPET_COMPLIANCE_FILE.`,
    });
  }
  const byHash = new Map(chain.map((link) => [link.manifest, link]));
  const walked: ChainLink[] = [];
  for (let link: ChainLink | undefined = newest; link !== undefined; link = byHash.get(link.previous?.manifest ?? '')) walked.unshift(link);
  return walked;
}

/** What is wrong with it where it is. One that waits on this machine was looked at when it was sealed, and is again before it is approved. */
export async function faultsOf({ root, archive, trust }: ChainParts, { id, published }: ChainLink): Promise<string[]> {
  if (!published) return [];
  const isArchived = (await archive.list(id)).includes(id);
  const options = trust();
  const { errors, trusted } = isArchived
    ? await verifyArchived(archive, id, options)
    : await verifyPackage(workspaceOf(root, id).package, options);
  return trusted ? errors : [...errors, 'nobody says here by whom packages are signed.'];
}

/** Ids of sealed packages of this machine that stand behind this one and wait: they name it. */
export async function followersOf({ root }: Pick<AssemblyParts, 'root'>, id: string): Promise<string[]> {
  const waiting: { id: string; previous: string | undefined; createdAt: string }[] = [];
  for (const workspace of await listWorkspaces(root)) {
    const sealed = workspace.has('publication') ? undefined : await workspace.read('sealed');
    if (sealed === undefined) continue;
    const { previous, createdAt } = sealed.manifest;
    waiting.push({ id: workspace.id, previous: previous?.id, createdAt });
  }
  const followers = new Set<string>();
  for (const each of waiting.sort((a, b) => a.createdAt.localeCompare(b.createdAt))) {
    if (each.previous === id || followers.has(each.previous ?? '')) followers.add(each.id);
  }
  return [...followers];
}

/** Takes their seals, and with them their approvals. */
export async function unseal({ root }: Pick<AssemblyParts, 'root'>, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { folder } = workspaceOf(root, id);
    for (const step of ['sealed', 'approvals'] as const) await rm(join(folder, `${step}.json`), { force: true });
  }
}

/** Throws PARAPET_CHAIN_BROKEN for what cannot be read, or says that it is another package than it is kept as. */
function linkOf(kept: string, bytes: Uint8Array, manifest: string, published: boolean): ChainLink {
  try {
    const { id, org, window, createdAt, previous, addendumTo, interactions } = readManifest(Buffer.from(bytes).toString('utf8'));
    if (id !== kept) throw new Error(`it is ${id}`);
    return { id, manifest, org, window, createdAt, previous, addendumTo, count: interactions.count, published };
  } catch (cause) {
    const message = `The package kept as ${kept} (manifest ${manifest}) is none: ${cause instanceof Error ? cause.message : cause}`;
    throw new ParapetError('PARAPET_CHAIN_BROKEN', { message, cause });
  }
}
