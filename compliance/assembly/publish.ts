/** The steps behind the evidence: sealing, approval by somebody else, publication under lock. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import { takeLock } from '../../core/lock.ts';
import { APPROVAL, type Approval, type Manifest, readApproval, SEAL } from '../package/manifest.ts';
import { approve as countersign, makeReadOnly, removeHalfApproval, seal } from '../package/seal.ts';
import { verifyPackage } from '../package/verify.ts';
import { chainOf, faultsOf, followable, followersOf, unseal } from './chain.ts';
import type { AssemblyParts } from './parts.ts';
import { openFramework, type Plan, periodIn } from './plan.ts';
import { type Steps, type Workspace, workspaceOf } from './workspace.ts';

/** For a framework that has no years of its own in the settings. */
const LOCK_YEARS = 7;
const LOCK_WAIT_MS = 60_000;
/** Folder of packages that left the chain. */
const REJECTED = 'rejected';

/** Joins the chain of its organisation and framework. Does nothing when it is sealed already. */
export async function sealReport(
  parts: AssemblyParts,
  { workspace, plan }: { workspace: Workspace; plan: Plan },
): Promise<Steps['sealed']> {
  const before = await workspace.read('sealed');
  if (before !== undefined) return before;
  const { id, version, revision } = openFramework(parts, plan.framework);
  // Two that seal at once would both follow the same package.
  return withLock(join(parts.root, 'chain.lock'), async () => {
    const others = (await chainOf(parts, plan.org, id)).filter((link) => link.id !== plan.id);
    const chain = await followable(parts, others);
    const newest = chain.at(-1);
    const addendum =
      plan.late === null
        ? undefined
        : chain.findLast((link) => link.addendumTo !== null && periodIn(link.id) === periodIn(plan.late?.of ?? ''));
    // Its certificate may have been made just now, and must be valid at the package's time.
    const signer = await parts.signer();
    // A clock that went back must not change the order of the chain.
    const createdAt = new Date(Math.max(parts.now().getTime(), Date.parse(newest?.createdAt ?? '') + 1 || 0)).toISOString();
    const facts = {
      id: plan.id,
      org: plan.org,
      framework: { id, version, revision },
      period: plan.period,
      window: plan.window,
      createdAt,
      generator: { name: 'parapet', version: parts.version } as const,
      author: plan.author,
      approvalsNeeded: approvalsNeeded(parts),
      seed: plan.seed,
      previous: newest === undefined ? null : { id: newest.id, manifest: newest.manifest },
      addendumTo: plan.addendumTo,
      late: plan.late === null ? null : { ...plan.late, addendum: addendum?.id ?? null },
      interactions: (await workspace.read('tree')) as Manifest['interactions'],
    };
    const { manifest, manifestSha256, sealSha256 } = await seal(workspace.package, facts, {
      signer,
      timestamps: parts.timestamps,
    });
    // With a clock that is wrong, or certificates that verifiers refuse, it would be one that nobody can approve.
    await checkWhole(parts, workspace);
    const { createdAt: at, previous, author, approvalsNeeded: needed } = manifest;
    const sealed = { manifest: { id: manifest.id, createdAt: at, previous, author, approvalsNeeded: needed }, manifestSha256, sealSha256 };
    await workspace.write('sealed', sealed);
    return sealed;
  });
}

/**
 * How many approvals a package needs, and at least as many as when it was sealed: its manifest says so for good. None where nobody is named
 * who could give one.
 */
export function approvalsNeeded({ sources: { settings } }: Pick<AssemblyParts, 'sources'>, sealed?: Steps['sealed']): number {
  const now = settings.approvers.length === 0 ? 0 : settings.approvals.needed;
  return Math.max(now, sealed?.manifest.approvalsNeeded ?? 0);
}

export interface Decision {
  by: string;
  comment: string;
}

/**
 * Notes that somebody approves; gives all who do. Who approves again changes nothing.
 * Throws PARAPET_APPROVAL_REFUSED for the author, for who is no approver (any more), when it is late, and PARAPET_PACKAGE_INVALID
 * when the package is no longer what was sealed.
 */
export async function approveReport(parts: AssemblyParts, id: string, { by, comment }: Decision): Promise<Approval['approvals']> {
  const { workspace, sealed } = await awaiting(parts, id);
  const { role } = checkApprover(parts, { by, author: sealed.manifest.author, createdAt: sealed.manifest.createdAt });
  await checkWhole(parts, workspace);
  const given = (await workspace.read('approvals')) ?? [];
  if (given.some((approval) => approval.by === by)) return given;
  const approvals = [...given, { by, role, at: parts.now().toISOString(), comment }];
  await workspace.write('approvals', approvals);
  await parts.record({
    org: orgOf(id),
    actor: by,
    action: 'evidence.approved',
    target: id,
    details: { ...detailsOf(id, sealed), role, comment },
  });
  return approvals;
}

/**
 * The package leaves the chain and is kept aside, also after the time for approvals; asked for again, the report is made anew. Gives the
 * packages behind it, which are to be sealed again. Throws PARAPET_APPROVAL_REFUSED.
 */
export async function rejectReport(parts: AssemblyParts, id: string, decision: Decision): Promise<string[]> {
  const { workspace, sealed } = await awaiting(parts, id);
  checkRights(parts, { by: decision.by, author: sealed.manifest.author });
  return setAside(parts, workspace, sealed, decision);
}

/** As a rejection, but by nobody: the time for approvals is over. Nothing happens where no sealed package waits (any more). */
export async function expireReport(parts: AssemblyParts, id: string): Promise<string[]> {
  const workspace = workspaceOf(parts.root, id);
  const sealed = await workspace.read('sealed');
  return sealed === undefined ? [] : setAside(parts, workspace, sealed, { by: 'worker', comment: 'Nobody approved it in time.' });
}

async function setAside(parts: AssemblyParts, workspace: Workspace, sealed: Steps['sealed'], { by, comment }: Decision): Promise<string[]> {
  const { id, folder } = workspace;
  const followers = (await workspace.read('rejection'))?.followers ?? (await followersOf(parts, id));
  await workspace.write('rejection', { by, comment, at: parts.now().toISOString(), followers });
  await parts.record({ org: orgOf(id), actor: by, action: 'evidence.refused', target: id, details: { ...detailsOf(id, sealed), comment } });
  await unseal(parts, followers);
  const aside = join(parts.root, REJECTED, `${id}.${sealed.manifestSha256.slice(0, 12)}`);
  await mkdir(dirname(aside), { recursive: true });
  await rename(folder, aside);
  return followers;
}

/** What the newest rejection of it gave; undefined where there was none, or it has been begun anew since. */
export async function rejectedBefore({ root }: Pick<AssemblyParts, 'root'>, id: string): Promise<string[] | undefined> {
  if (workspaceOf(root, id).has('plan')) return undefined;
  const folder = dirname(join(root, REJECTED, id));
  if (!existsSync(folder)) return undefined;
  const rejections: Steps['rejection'][] = [];
  for (const name of await readdir(folder)) {
    const note = join(folder, name, 'rejection.json');
    if (name.startsWith(`${basename(id)}.`) && existsSync(note)) rejections.push(JSON.parse(await readFile(note, 'utf8')));
  }
  return rejections.sort((a, b) => a.at.localeCompare(b.at)).at(-1)?.followers;
}

/** Who may approve, checked against the settings as they are now. Throws PARAPET_APPROVAL_REFUSED. */
function checkApprover(
  parts: Pick<AssemblyParts, 'sources' | 'now'>,
  { by, author, createdAt }: { by: string; author: string; createdAt: string },
): { role: string } {
  const { withinDays } = parts.sources.settings.approvals;
  const rights = checkRights(parts, { by, author });
  if (parts.now().getTime() <= Date.parse(createdAt) + withinDays * 86_400_000) return rights;
  throw refused(`The package is older than ${withinDays} days: reject it and make it anew.`);
}

function checkRights(
  { sources, now }: Pick<AssemblyParts, 'sources' | 'now'>,
  { by, author }: { by: string; author: string },
): { role: string } {
  const approver = sources.settings.approvers.find(({ name }) => name === by);
  if (approver === undefined) throw refused(`${by} is not among the approvers.`);
  if (by === author) throw refused(`${by} made the package, so somebody else must decide about it.`);
  if (approver.revokedAt !== undefined && Date.parse(approver.revokedAt) <= now().getTime()) {
    throw refused(`${by} may not approve since ${approver.revokedAt}.`);
  }
  return { role: approver.roles[0] as string };
}

const refused = (message: string) => new ParapetError('PARAPET_APPROVAL_REFUSED', { message });

/**
 * Publishes a package behind its predecessor; publishing again changes nothing. Throws PARAPET_APPROVAL_REFUSED when approvals are
 * lacking, PARAPET_CHAIN_BROKEN when the one before it is not published, PARAPET_PACKAGE_EXISTS, PARAPET_LOCK_REFUSED.
 */
export async function publishReport(parts: AssemblyParts, id: string): Promise<Steps['publication']> {
  const workspace = workspaceOf(parts.root, id);
  const before = await workspace.read('publication');
  if (before !== undefined) return before;
  const { sealed } = await awaiting(parts, id);
  const plan = (await workspace.read('plan')) as Plan;
  const { settings } = parts.sources;
  const approvals = await approvalsOf(parts, workspace);
  const needed = approvalsNeeded(parts, sealed);
  if (approvals.length < needed) {
    throw new ParapetError('PARAPET_APPROVAL_REFUSED', { message: `${id} has ${approvals.length} of ${needed} approvals.` });
  }
  const framework = openFramework(parts, plan.framework);
  const chain = await chainOf(parts, plan.org, framework.id);
  const previous = sealed.manifest.previous;
  const there = previous === null ? undefined : chain.find((link) => link.id === previous.id);
  if (previous !== null && (there?.manifest !== previous.manifest || !there.published)) {
    throw new ParapetError('PARAPET_CHAIN_BROKEN', {
      message: `${id} follows ${previous.id}, which is not published${there === undefined ? ' and not here' : ''}.`,
    });
  }
  const rival = chain.find((link) => link.published && link.id !== id && link.previous?.manifest === previous?.manifest);
  if (rival !== undefined && (await faultsOf(parts, rival)).length === 0) {
    throw new ParapetError('PARAPET_CHAIN_BROKEN', {
      message: `${rival.id} was published meanwhile behind the package that ${id} follows.`,
      hint: `Reject ${id} and make it anew: it then follows ${rival.id}.`,
    });
  }
  await removeHalfApproval(workspace.package);
  await checkWhole(parts, workspace);
  if (approvals.length > 0) {
    const approval: Approval = {
      format: 'parapet-approval/1',
      package: id,
      seal: sealed.sealSha256,
      author: plan.author,
      approvals,
    };
    await countersign(workspace.package, approval, await parts.signer());
  }
  await makeReadOnly(workspace.package);
  const years = settings.lockYears[framework.id] ?? LOCK_YEARS;
  // From the package's own time, so that who publishes it again asks for the same lock.
  const until = new Date(sealed.manifest.createdAt);
  until.setUTCFullYear(until.getUTCFullYear() + Math.floor(years), until.getUTCMonth() + Math.round((years % 1) * 12));
  const published = await parts.archive.publish(id, workspace.package, until);
  const publication = { ...published, manifest: sealed.manifestSha256 };
  const { location, lockedUntil } = publication;
  await parts.record({
    org: plan.org,
    actor: plan.author,
    action: 'evidence.published',
    target: id,
    details: {
      ...detailsOf(id, sealed),
      location,
      lockedUntil: lockedUntil ?? '',
      previous: previous?.manifest ?? '',
      objects: String(publication.objects.length),
      sealVersion: publication.objects.find(({ path }) => path === SEAL)?.versionId ?? '',
    },
  });
  await workspace.write('publication', publication);
  return publication;
}

/**
 * Those that count: who was revoked meanwhile does not, unless a part of the package is in the archive already. That part cannot be taken
 * back, and its rest must be of the same approvals.
 */
async function approvalsOf(parts: AssemblyParts, { id, package: folder, read }: Workspace): Promise<Approval['approvals']> {
  const signed = join(folder, APPROVAL);
  if (existsSync(signed) && (await parts.archive.files(id)).length > 0) return readApproval(await readFile(signed, 'utf8')).approvals;
  return ((await read('approvals')) ?? []).filter(({ by }) => !isRevoked(parts, by));
}

/** Who is named no more counts as little as who was revoked. */
export function isRevoked({ sources, now }: Pick<AssemblyParts, 'sources' | 'now'>, name: string): boolean {
  const approver = sources.settings.approvers.find((each) => each.name === name);
  return approver === undefined || (approver.revokedAt !== undefined && Date.parse(approver.revokedAt) <= now().getTime());
}

async function awaiting({ root }: AssemblyParts, id: string): Promise<{ workspace: Workspace; sealed: Steps['sealed'] }> {
  const workspace = workspaceOf(root, id);
  const sealed = await workspace.read('sealed');
  if (sealed === undefined) {
    throw new ParapetError('PARAPET_APPROVAL_REFUSED', {
      message: `There is no sealed package ${id} here.`,
      hint: 'Make it with parapet report; parapet evidence shows those that are here.',
    });
  }
  return { workspace, sealed };
}

/** Nobody approves or publishes what is not what was sealed. */
async function checkWhole({ openssl }: AssemblyParts, { package: folder }: Workspace): Promise<void> {
  const { valid, errors } = await verifyPackage(folder, { openssl, isWaiting: true });
  if (!valid) throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: errors.join('; ') });
}

const orgOf = (id: string) => id.split('/')[2] as string;

const detailsOf = (id: string, { manifest, manifestSha256 }: Steps['sealed']) => ({
  author: manifest.author,
  framework: id.split('/')[1] as string,
  manifest: manifestSha256,
});

async function withLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + LOCK_WAIT_MS; ; ) {
    const lock = takeLock(path);
    if ('release' in lock) {
      try {
        return await act();
      } finally {
        lock.release();
      }
    }
    if (Date.now() > until)
      throw new ParapetError('PARAPET_CHAIN_BROKEN', { message: `Process ${lock.heldBy} has been sealing for a minute.` });
    await sleep(100);
  }
}
