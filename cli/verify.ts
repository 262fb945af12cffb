/** `parapet verify`: whether packages are what was sealed, by whom, and whether they follow one another. */
import { existsSync } from 'node:fs';
import { type Archive, verifyArchived } from '../compliance/assembly/index.ts';
import { chainErrors, type Verification, type VerifyOptions, verifyPackage } from '../compliance/package/verify.ts';

export interface Verified {
  valid: boolean;
  errors: string[];
  files: number;
  packages: (Verification & { name: string })[];
}

/** `names` are folders, or ids of packages in the archive. Nothing is believed that a trusted root does not answer for, if one is known. */
export async function verifyAll(names: readonly string[], options: VerifyOptions, archive: Archive): Promise<Verified> {
  const packages: Verified['packages'] = [];
  for (const name of names) packages.push({ name, ...(await verifyOne(name, options, archive)) });
  const errors = packages.flatMap((each) => each.errors.map((error) => (packages.length > 1 ? `${each.name}: ${error}` : error)));
  if (packages.length > 1) errors.push(...chains(packages));
  return { valid: errors.length === 0, errors, files: packages.reduce((sum, { files }) => sum + files, 0), packages };
}

async function verifyOne(name: string, options: VerifyOptions, archive: Archive): Promise<Verification> {
  if (existsSync(name) || !(await archive.list(name)).includes(name)) return verifyPackage(name, options);
  return verifyArchived(archive, name, options);
}

/** Packages of one organisation and framework must follow one another, from the first that was named on. */
function chains(packages: Verified['packages']): string[] {
  const groups = new Map<string, { manifest: NonNullable<Verification['manifest']>; manifestSha256: string }[]>();
  for (const { manifest, manifestSha256 } of packages) {
    if (manifest === undefined) continue;
    const name = `${manifest.org}/${manifest.framework.id}`;
    const group = groups.get(name) ?? [];
    // A package may be named twice, here and in the archive.
    if (group.every((other) => other.manifestSha256 !== manifestSha256)) groups.set(name, [...group, { manifest, manifestSha256 }]);
  }
  return [...groups.values()].flatMap((group) =>
    chainErrors(group.sort((a, b) => a.manifest.createdAt.localeCompare(b.manifest.createdAt))),
  );
}

export function renderVerified({ valid, errors, packages }: Verified): string[] {
  const lines = packages.map(({ name, valid: whole, trusted, files, manifest, stampedAt, approvedBy }) => {
    if (!whole || manifest === undefined) return `${name}: NOT what was sealed`;
    const by = approvedBy.length > 0 ? `, approved by ${approvedBy.join(', ')}` : '';
    const trust = trusted ? 'signed by a trusted key' : 'signed, but nobody says by whom: name a root with --trust';
    return `${name}: whole, ${files} files, ${manifest.interactions.count} interactions, ${trust}, stamped ${stampedAt}${by}`;
  });
  return [...lines, ...errors.map((error) => `  ${error}`), valid ? 'valid' : 'NOT valid'];
}
