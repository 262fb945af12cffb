/** The steps of a report as activities. Each is one of `compliance/assembly`, which may be run again; nothing is decided here. */
import {
  type AssemblyParts,
  approvalsNeeded,
  approveReport,
  assess,
  collect,
  expireReport,
  isRevoked,
  makeTree,
  openFramework,
  type Plan,
  periodIn,
  plan,
  publishReport,
  type ReportRequest,
  rejectedBefore,
  rejectReport,
  render,
  sealReport,
  type Workspace,
  workspaceOf,
} from '../../compliance/assembly/index.ts';
import type { ReportFormat } from '../../compliance/reports/index.ts';
import type { Language } from '../../compliance/types.ts';
import { ParapetError } from '../../core/errors.ts';
import type { ApprovalRules, Decision, Notice, PlannedReport, PublishedReport } from '../contract.ts';
import type { Desks } from './desks.ts';
import type { Step } from './step.ts';

export type ReportActivities = ReturnType<typeof createReportActivities>;

export function createReportActivities(desks: Desks, step: Step) {
  /** On the report with this id, which was planned on this machine. */
  function on<T>(what: string, id: string, act: (parts: AssemblyParts, report: { workspace: Workspace; plan: Plan }) => Promise<T>) {
    return step(`${what} ${id}`, () =>
      desks.use(orgOf(id), async (parts) => {
        const workspace = workspaceOf(parts.root, id);
        const planned = await workspace.read('plan');
        if (planned === undefined) {
          throw new ParapetError('PARAPET_PACKAGE_INVALID', {
            message: `This machine has no report ${id}.`,
            hint: 'It was rejected, or its folder was removed: terminate the workflow and ask for the report again.',
          });
        }
        return act(parts, { workspace, plan: planned });
      }),
    );
  }

  return {
    /** The id is not known before it is planned. */
    planReport: (request: ReportRequest): Promise<PlannedReport> =>
      step(`plan ${JSON.stringify(request)}`, () =>
        desks.use(request.org, async (parts) => {
          const { plan: made } = await plan(parts, request);
          const { id, org, period, collectors, languages, formats, late } = made;
          const framework = openFramework(parts, made.framework).id;
          return { id, framework, org, period, collectors, languages, formats, latePeriod: late === null ? null : periodIn(late.of) };
        }),
      ),

    collectEvidence: (id: string, collector: string): Promise<void> =>
      on(`collect ${collector}`, id, (parts, report) => collect(parts, report, collector)),

    makeTree: (id: string): Promise<void> => on('tree', id, makeTree),

    assessEvidence: (id: string): Promise<void> => on('assess', id, assess),

    renderReport: (id: string, format: ReportFormat, language: Language): Promise<void> =>
      on(`render ${format} ${language}`, id, (_, report) => render(report, format, language)),

    sealReport: (id: string): Promise<ApprovalRules> =>
      on('seal', id, async (parts, report) => {
        const sealed = await sealReport(parts, report);
        const { approvers, approvals } = parts.sources.settings;
        const given = ((await report.workspace.read('approvals')) ?? []).map(({ by }) => by).filter((by) => !isRevoked(parts, by));
        const { author, createdAt } = sealed.manifest;
        const needed = approvalsNeeded(parts, sealed);
        return { author, createdAt, approvers, needed, withinMs: approvals.withinDays * 86_400_000, given };
      }),

    /** Who has approved so far. */
    approveReport: (id: string, decision: Decision): Promise<string[]> =>
      on(`approve ${decision.by}`, id, async (parts) => (await approveReport(parts, id, decision)).map(({ by }) => by)),

    /** Reports behind it, which are to be sealed again. */
    rejectReport: (id: string, decision: Decision): Promise<string[]> =>
      step(`reject ${id}`, () =>
        desks.use(orgOf(id), async (parts) => (await rejectedBefore(parts, id)) ?? rejectReport(parts, id, decision)),
      ),

    /** As a rejection, but by nobody: the time for approvals is over. */
    expireReport: (id: string): Promise<string[]> =>
      step(`expire ${id}`, () => desks.use(orgOf(id), async (parts) => (await rejectedBefore(parts, id)) ?? expireReport(parts, id))),

    publishReport: (id: string): Promise<PublishedReport> =>
      on('publish', id, async (parts, { workspace }) => {
        const { location, lockedUntil, manifest } = await publishReport(parts, id);
        const approvedBy = ((await workspace.read('approvals')) ?? []).map(({ by }) => by);
        return { id, location, lockedUntil, manifest, approvedBy };
      }),

    /** An audit event, which sinks carry to whoever is to hear of it. */
    notify: (id: string, notice: Notice, details: Record<string, string>): Promise<void> =>
      step(`notify ${notice} ${id}`, () =>
        desks.use(orgOf(id), ({ record }) => record({ org: orgOf(id), actor: 'worker', action: `report.${notice}`, target: id, details })),
      ),
  };
}

const orgOf = (id: string) => id.split('/')[2] as string;
