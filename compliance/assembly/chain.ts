/**
 * The chain of an organisation's packages of one framework: each names the hash of the manifest before it. A package joins the chain
 * when it is sealed, and is published only behind its predecessor. One that is rejected leaves the chain, and those behind it are
 * sealed anew: nobody has seen them but who approves.
 */

import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST, type Manifest, readManifest } from '../package/manifest.ts';
import type { AssemblyParts } from './parts.ts';
import { listWorkspaces, type Workspace } from './workspace.ts';

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

/** Sealed packages, oldest first: published ones and those of this machine that wait for it. Throws PARAPET_STORE_UNAVAILABLE. */
export async function chainOf(
  { root, archive }: Pick<AssemblyParts, 'root' | 'archive'>,
  org: string,
  framework: string,
): Promise<ChainLink[]> {
  const prefix = `report/${framework}/${org}/`;
  const links = new Map<string, ChainLink>();
  for (const workspace of await listWorkspaces(root, prefix)) {
    const manifest = join(workspace.package, MANIFEST);
    if (workspace.has('sealed') && existsSync(manifest)) {
      links.set(workspace.id, linkOf(await readFile(manifest), workspace.has('publication')));
    }
  }
  for (const id of await archive.list(prefix)) links.set(id, linkOf(await archive.read(id, MANIFEST), true));
  return [...links.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** Takes the seals of a rejected package's followers: they named it. Gives their ids. */
export async function unsealFollowers({ root }: Pick<AssemblyParts, 'root'>, rejected: string): Promise<string[]> {
  const followers: Workspace[] = [];
  const gone = new Set([rejected]);
  const waiting: { workspace: Workspace; previous: string | undefined; createdAt: string }[] = [];
  for (const workspace of await listWorkspaces(root)) {
    const sealed = workspace.has('publication') ? undefined : await workspace.read('sealed');
    if (sealed !== undefined) waiting.push({ workspace, previous: sealed.manifest.previous?.id, createdAt: sealed.manifest.createdAt });
  }
  for (const { workspace, previous } of waiting.sort((a, b) => a.createdAt.localeCompare(b.createdAt))) {
    if (previous === undefined || !gone.has(previous)) continue;
    gone.add(workspace.id);
    followers.push(workspace);
    for (const step of ['sealed', 'approvals'] as const) await rm(join(workspace.folder, `${step}.json`), { force: true });
  }
  return followers.map(({ id }) => id);
}

function linkOf(bytes: Uint8Array, published: boolean): ChainLink {
  const { id, org, window, createdAt, previous, addendumTo, interactions } = readManifest(Buffer.from(bytes).toString('utf8'));
  return { id, manifest: hash('sha256', bytes), org, window, createdAt, previous, addendumTo, count: interactions.count, published };
}
