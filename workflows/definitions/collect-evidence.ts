/**
 * What a schedule starts: the report of the period that was over when the schedule was due, whenever it really runs. What came late for
 * the package before gets an addendum first, so that the chain tells it in the order it was known. Ends when the report is sealed:
 * who approves it may take days, and the next period does not wait for them.
 */
import { defineSearchAttributeKey, SearchAttributeType, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  type ChildWorkflowHandle,
  condition,
  defineSignal,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { lastPeriod } from '../../compliance/assembly/period.ts';
import type { ReportRequest } from '../../compliance/assembly/plan.ts';
import { type CollectedPeriod, type CollectInput, type PlannedReport, SEALED } from '../contract.ts';
import { assembleReport } from './assemble-report.ts';
import { anywhere, codeOf, PACE, stepsAt } from './proxies.ts';

const scheduledAt = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);
const sealed = defineSignal<[string]>(SEALED);

export async function collectEvidence({ kind, pace, ...asked }: CollectInput): Promise<CollectedPeriod> {
  const isSealed = new Set<string>();
  setHandler(sealed, (id) => {
    isSealed.add(id);
  });
  const { typedSearchAttributes, startTime } = workflowInfo();
  const period = lastPeriod(kind, typedSearchAttributes.get(scheduledAt) ?? startTime);
  const place = await anywhere.findPlace();
  const steps = stepsAt(place, { ...PACE, ...pace });

  /** Ends when it is sealed; false when another run has it, or had it. */
  async function make({ id }: PlannedReport, request: ReportRequest): Promise<boolean> {
    let child: ChildWorkflowHandle<typeof assembleReport>;
    try {
      child = await startChild(assembleReport, {
        workflowId: id,
        args: [{ request, place, ...(pace === undefined ? {} : { pace }) }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
    await Promise.race([condition(() => isSealed.has(id)), child.result()]);
    return true;
  }

  const request: ReportRequest = { ...asked, period };
  let planned: PlannedReport;
  try {
    planned = await steps.planReport(request);
  } catch (error) {
    if (isCancellation(error) || codeOf(error) !== 'PARAPET_PACKAGE_EXISTS') throw error;
    return { id: `report/${asked.framework}/${asked.org}/${period}`, addendum: null, already: true };
  }
  let addendum: string | null = null;
  if (planned.latePeriod !== null) {
    const added: ReportRequest = { ...asked, period: planned.latePeriod, addendum: true };
    const late = await steps.planReport(added);
    if (await make(late, added)) addendum = late.id;
  }
  const made = await make(planned, request);
  return { id: planned.id, addendum, already: !made };
}
