/** How workflows reach activities: those of a report on the machine that has it, all others on any. */
import { ActivityFailure, type ActivityInterfaceFor, ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { IncidentActivities } from '../activities/incidents.ts';
import type { ReportActivities } from '../activities/report.ts';
import type { UpkeepActivities } from '../activities/upkeep.ts';
import type { Pace, Place } from '../contract.ts';

export const PACE: Pace = { heartbeatMs: 60_000, retryMs: 1_000, predecessorMs: 5_000 };

const LONGEST_MS = 60_000;

const retry = (initialInterval: number) => ({ initialInterval, backoffCoefficient: 2, maximumInterval: LONGEST_MS });

/** Waits for its machine as long as it takes: what was collected, sealed and approved is there and nowhere else. */
export function stepsAt({ queue }: Pick<Place, 'queue'>, { heartbeatMs, retryMs }: Pace): ActivityInterfaceFor<ReportActivities> {
  return proxyActivities<ReportActivities>({
    taskQueue: queue,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: heartbeatMs,
    retry: retry(retryMs),
  });
}

/** Publishing: whether its predecessor is published is asked by the workflow, which can hear meanwhile that it was rejected. */
export function publisherAt({ queue }: Pick<Place, 'queue'>, { heartbeatMs, retryMs }: Pace) {
  return proxyActivities<Pick<ReportActivities, 'publishReport'>>({
    taskQueue: queue,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: heartbeatMs,
    retry: { ...retry(retryMs), nonRetryableErrorTypes: ['PARAPET_CHAIN_BROKEN'] },
  });
}

/** Any machine's worker. */
export const anywhere = proxyActivities<{ findPlace(): Promise<Place> }>({ startToCloseTimeout: '10 seconds', retry: retry(1_000) });

export const upkeep = proxyActivities<UpkeepActivities>({
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: PACE.heartbeatMs,
  retry: retry(1_000),
});

export const responders = proxyActivities<IncidentActivities>({ startToCloseTimeout: '1 minute', retry: retry(1_000) });

/** The code that an activity failed with; empty when it was something else. */
export function codeOf(error: unknown): string {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? (error.cause.type ?? '') : '';
}

export const messageOf = (error: unknown): string =>
  error instanceof ActivityFailure && error.cause ? error.cause.message : error instanceof Error ? error.message : String(error);
