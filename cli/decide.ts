/** `parapet approve` and `parapet reject`: what a person decides of a sealed package, and what follows from it. */
import {
  type AssemblyParts,
  approvalsNeeded,
  approveReport,
  publishReport,
  rejectReport,
  workspaceOf,
} from '../compliance/assembly/index.ts';
import { toParapetError } from '../core/errors.ts';

export interface Decided {
  package: string;
  approvals: number;
  /** Where it was published; null while approvals or the package before it are lacking. */
  publishedAt: string | null;
  /** Packages behind a rejected one, which are to be sealed again. */
  unsealed: string[];
  says: string;
}

/** Throws PARAPET_APPROVAL_REFUSED, PARAPET_PACKAGE_INVALID, and what publishing throws but for a predecessor that waits. */
export async function decide(
  parts: AssemblyParts,
  what: 'approve' | 'reject',
  id: string,
  decision: { by: string; comment: string },
): Promise<Decided> {
  if (what === 'reject') {
    const unsealed = await rejectReport(parts, id, decision);
    const more = unsealed.length > 0 ? `; to be made again behind it: ${unsealed.join(', ')}` : '';
    return { package: id, approvals: 0, publishedAt: null, unsealed, says: `${id} is rejected${more}` };
  }
  const approvals = await approveReport(parts, id, decision);
  const needed = approvalsNeeded(parts, await workspaceOf(parts.root, id).read('sealed'));
  const base = { package: id, approvals: approvals.length, unsealed: [] };
  if (approvals.length < needed) return { ...base, publishedAt: null, says: `${id} has ${approvals.length} of ${needed} approvals` };
  try {
    const { location } = await publishReport(parts, id);
    return { ...base, publishedAt: location, says: `${id} is published: ${location}` };
  } catch (error) {
    const { code, message } = toParapetError(error);
    if (code !== 'PARAPET_CHAIN_BROKEN') throw error;
    return { ...base, publishedAt: null, says: `${id} is approved. ${message} Then: parapet publish ${id}` };
  }
}
