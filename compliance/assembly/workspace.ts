/**
 * The folder of one report while it comes about. Each step leaves what it made there, whole or not at all, so whoever is killed goes on
 * from the last step that was finished:
 *
 *   plan.json  package/…  tree.json  sealed.json  approvals.json  publication.json or rejection.json
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../core/durable.ts';
import { jsonText } from '../package/files.ts';
import type { Approval, Manifest } from '../package/manifest.ts';
import type { Publication } from './archive.ts';
import type { Plan } from './plan.ts';

/** What steps leave, by the name of their file. */
export interface Steps {
  plan: Plan;
  tree: Manifest['interactions'];
  sealed: {
    manifest: Pick<Manifest, 'id' | 'createdAt' | 'previous' | 'author' | 'approvalsNeeded'>;
    manifestSha256: string;
    sealSha256: string;
  };
  approvals: Approval['approvals'];
  publication: Publication & { manifest: string };
  /** With the packages behind it, whose seals it takes: who is killed in that still knows them. */
  rejection: { by: string; comment: string; at: string; followers: string[] };
}

export interface Workspace {
  readonly id: string;
  readonly folder: string;
  /** The package itself, once it is sealed. */
  readonly package: string;
  has(step: keyof Steps): boolean;
  read<Step extends keyof Steps>(step: Step): Promise<Steps[Step] | undefined>;
  write<Step extends keyof Steps>(step: Step, value: Steps[Step]): Promise<void>;
}

/** `root` is the folder of all evidence of this machine; `id` as a manifest has it. */
export function workspaceOf(root: string, id: string): Workspace {
  const folder = join(root, 'work', id);
  const file = (step: keyof Steps) => join(folder, `${step}.json`);
  return {
    id,
    folder,
    package: join(folder, 'package'),
    has: (step) => existsSync(file(step)),
    read: async (step) => (existsSync(file(step)) ? JSON.parse(await readFile(file(step), 'utf8')) : undefined),
    write: async (step, value) => {
      await mkdir(folder, { recursive: true });
      await writeWhole(file(step), jsonText(value));
    },
  };
}

/** Every report of this machine whose id begins so. */
export async function listWorkspaces(root: string, prefix = 'report/'): Promise<Workspace[]> {
  if (!existsSync(join(root, 'work'))) return [];
  const entries = await readdir(join(root, 'work'), { recursive: true });
  return entries
    .filter((path) => path.endsWith('/plan.json'))
    .map((path) => path.slice(0, -'/plan.json'.length))
    .filter((id) => id.startsWith(prefix))
    .sort()
    .map((id) => workspaceOf(root, id));
}
