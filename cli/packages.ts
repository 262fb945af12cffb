/** `parapet evidence`: the packages of an organisation, oldest first, and what each waits for. */
import { type AssemblyParts, approvalsNeeded, type ChainLink, chainOf, listWorkspaces } from '../compliance/assembly/index.ts';
import { toParapetError } from '../core/errors.ts';

export interface ListedPackage {
  id: string;
  state: 'under way' | 'waits for approval' | 'approved' | 'published';
  approvals: number;
  createdAt: string | null;
  manifest: string | null;
}

/** Throws PARAPET_STORE_UNAVAILABLE. */
export async function listPackages(parts: AssemblyParts, org: string): Promise<ListedPackage[]> {
  const listed = new Map<string, ListedPackage>();
  for (const workspace of await listWorkspaces(parts.root)) {
    if (workspace.id.split('/')[2] !== org) continue;
    const [sealed, given] = [await workspace.read('sealed'), (await workspace.read('approvals')) ?? []];
    const state = workspace.has('publication')
      ? 'published'
      : sealed === undefined
        ? 'under way'
        : given.length < approvalsNeeded(parts, sealed)
          ? 'waits for approval'
          : 'approved';
    const { createdAt = null } = sealed?.manifest ?? {};
    listed.set(workspace.id, { id: workspace.id, state, approvals: given.length, createdAt, manifest: sealed?.manifestSha256 ?? null });
  }
  for (const id of await parts.archive.list('report/')) {
    if (id.split('/')[2] !== org || listed.has(id)) continue;
    const link = (await readable(chainOf(parts, org, id.split('/')[1] as string))).find((each) => each.id === id);
    listed.set(id, { id, state: 'published', approvals: 0, createdAt: link?.createdAt ?? null, manifest: link?.manifest ?? null });
  }
  return [...listed.values()].sort((a, b) => (a.createdAt ?? '~').localeCompare(b.createdAt ?? '~') || a.id.localeCompare(b.id));
}

/** What in the archive is no package is named where it matters; the list goes on. */
function readable(chain: Promise<ChainLink[]>): Promise<ChainLink[]> {
  return chain.catch((error) => {
    if (toParapetError(error).code === 'PARAPET_CHAIN_BROKEN') return [];
    throw error;
  });
}

export function renderPackages(packages: readonly ListedPackage[]): string[] {
  return packages.map(({ id, state, createdAt, manifest }) => `${id}  ${state}${createdAt === null ? '' : `  ${createdAt}  ${manifest}`}`);
}
