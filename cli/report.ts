/**
 * `parapet report`: a sealed package of evidence, made step by step in this process. Killed and run again, it goes on from the last step
 * that was finished. Interactions that came after the package before was made get an addendum of their own first.
 */
import {
  type Assembled,
  type AssemblyParts,
  assemble,
  periodIn,
  plan,
  publishReport,
  type ReportRequest,
  readAssessment,
} from '../compliance/assembly/index.ts';
import type { Outcome } from '../compliance/types.ts';

export interface Reported {
  id: string;
  folder: string;
  manifest: string;
  interactions: number;
  unproven: number;
  requirements: Record<Outcome, number>;
  /** The addendum to the package before, when something came late for it. */
  addendum: string | null;
  /** Null while approvals are lacking. */
  publishedAt: string | null;
}

/** Throws what the steps throw; what was finished stays. */
export async function report(parts: AssemblyParts, request: ReportRequest, onStep: (says: string) => void): Promise<Reported> {
  const { plan: planned } = await plan(parts, request);
  let addendum: string | null = null;
  if (planned.late !== null && request.addendum !== true) {
    onStep(`${planned.late.interactions} interactions came late for ${planned.late.of}: an addendum first`);
    const added = await assemble(parts, { ...request, period: periodIn(planned.late.of), addendum: true }, onStep);
    addendum = added.plan.id;
    await publishIfFree(parts, added);
  }
  const made = await assemble(parts, request, onStep);
  const publication = await publishIfFree(parts, made);
  const { requirements } = await readAssessment(made.workspace);
  const outcomes: Record<Outcome, number> = { pass: 0, fail: 0, gap: 0, not_applicable: 0 };
  for (const { outcome } of requirements) outcomes[outcome] += 1;
  const tree = await made.workspace.read('tree');
  return {
    id: made.plan.id,
    folder: made.workspace.package,
    manifest: made.sealed.manifestSha256,
    interactions: tree?.count ?? 0,
    unproven: tree?.unproven ?? 0,
    requirements: outcomes,
    addendum,
    publishedAt: publication?.location ?? null,
  };
}

/** Where nobody is named who approves, there is nobody to wait for. */
async function publishIfFree(parts: AssemblyParts, { plan: { id } }: Assembled): Promise<{ location: string } | undefined> {
  return parts.sources.settings.approvers.length === 0 ? publishReport(parts, id) : undefined;
}

export function renderReported({ id, folder, interactions, unproven, requirements, publishedAt }: Reported): string[] {
  const { pass, fail, gap, not_applicable: other } = requirements;
  return [
    `${id}: ${pass} requirements pass, ${fail} fail, ${gap} have a gap, ${other} do not apply`,
    `${interactions} interactions proven${unproven > 0 ? `, but ${unproven} that were recorded without a hash` : ''}`,
    `package: ${folder}`,
    publishedAt === null ? `waits for approval: parapet approve ${id} --by NAME` : `published: ${publishedAt}`,
  ];
}
