/**
 * From the topic of incidents to one workflow each: what opens starts it, and everything later about it is told to it. The position is
 * kept in the log, and a signal that starts where nothing runs makes a second one of the same id impossible; so after a crash incidents
 * come again, and none is lost or doubled.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Environment } from '../core/environment.ts';
import { toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Assignment, EventLog, Subscription } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Incident } from '../schemas/types.ts';
import type { Temporal } from './client.ts';
import { type IncidentInput, SEEN, type SeenIncident, WORKFLOWS } from './contract.ts';
import type { incidentResponse } from './definitions/index.ts';

export interface FollowParts {
  env: Environment;
  log: EventLog;
  codec: Codec;
  temporal: Temporal;
  logger: Logger;
}

const GROUP = 'workflows.incidents';
const READ = { maxRecords: 100, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 };
const AGAIN_MS = 5_000;

/** Only what comes from now on, the first time: incidents of last year call nobody. */
export function followIncidents({ env, log, codec, temporal, logger }: FollowParts): Promise<Subscription> {
  async function follow(assignment: Assignment): Promise<void> {
    let { offset } = assignment.committed;
    while (!assignment.revoked.aborted) {
      try {
        const records = await assignment.read(offset, READ);
        const last = records.at(-1);
        if (last === undefined) continue;
        await codec.prepare(
          'incidents',
          records.map(({ value }) => value),
        );
        for (const { value } of records) await respondTo(env, temporal, codec.decode('incidents', value));
        await assignment.commit(last.offset + 1);
        offset = last.offset + 1;
      } catch (error) {
        if (assignment.revoked.aborted) return;
        logger.warn(
          { code: toParapetError(error).code, partition: assignment.partition },
          'incidents wait: a workflow could not be started',
        );
        await sleep(AGAIN_MS, undefined, { signal: assignment.revoked }).catch(() => undefined);
      }
    }
  }
  return log.subscribe({ group: GROUP, topics: [TOPICS.incidents.name], from: 'latest' }, follow);
}

export async function respondTo(env: Environment, { client, taskQueue }: Temporal, incident: Incident): Promise<void> {
  const { incidentId, org, agentId, severity, status, title, firstSeenAt } = incident;
  const input: IncidentInput = {
    incidentId,
    org,
    agentId,
    severity,
    title,
    openedAt: Math.floor(firstSeenAt / 1_000),
    triageMs: env.PARAPET_TRIAGE_MINUTES * 60_000,
    containMinutes: env.PARAPET_TRIAGE_CONTAIN ? env.PARAPET_QUARANTINE_MINUTES : null,
  };
  try {
    await client.workflow.signalWithStart<typeof incidentResponse, [SeenIncident]>(WORKFLOWS.incident, {
      workflowId: incidentWorkflow(org, incidentId),
      taskQueue,
      args: [input],
      signal: SEEN,
      signalArgs: [{ severity, status }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    });
  } catch (error) {
    // It was reviewed: what comes after its end changes nothing.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

export const incidentWorkflow = (org: string, incidentId: string) => `incident/${org}/${incidentId}`;
