/**
 * A report from the log to a sealed package, step by step. Each step may run again and then does nothing; so a command runs them in a
 * row, a workflow one by one, and both go on where they were killed.
 */

import { assess, render } from './assess.ts';
import { collect, makeTree } from './collect.ts';
import type { AssemblyParts } from './parts.ts';
import { plan as makePlan, type Plan, type ReportRequest } from './plan.ts';
import { sealReport } from './publish.ts';
import type { Steps, Workspace } from './workspace.ts';

export { type Archive, bucketArchive, folderArchive, type Publication } from './archive.ts';
export { assess, readAssessment, render } from './assess.ts';
export { type ChainLink, chainOf } from './chain.ts';
export { collect, makeTree, placeOf, readEvidence } from './collect.ts';
export { type OpenPackage, openPackage, verifyArchived } from './packages.ts';
export type { AssemblyParts } from './parts.ts';
export { lastPeriod, type PeriodKind, windowOf } from './period.ts';
export { openFramework, type Plan, periodIn, plan, type ReportRequest } from './plan.ts';
export {
  approvalsNeeded,
  approveReport,
  expireReport,
  isRevoked,
  publishReport,
  rejectedBefore,
  rejectReport,
  sealReport,
} from './publish.ts';
export { listWorkspaces, type Workspace, workspaceOf } from './workspace.ts';

export interface Assembled {
  workspace: Workspace;
  plan: Plan;
  sealed: Steps['sealed'];
}

/** Every step, in this process. `onStep` is told what begins. */
export async function assemble(
  parts: AssemblyParts,
  request: ReportRequest,
  onStep: (says: string) => void = () => undefined,
): Promise<Assembled> {
  const { workspace, plan } = await makePlan(parts, request);
  const report = { workspace, plan };
  for (const collector of plan.collectors) {
    onStep(`collect ${collector}`);
    await collect(parts, report, collector);
  }
  onStep('count interactions');
  await makeTree(parts, report);
  onStep('judge');
  await assess(parts, report);
  for (const language of plan.languages) {
    for (const format of plan.formats) {
      onStep(`write ${format} (${language})`);
      await render(report, format, language);
    }
  }
  onStep('seal');
  return { ...report, sealed: await sealReport(parts, report) };
}
