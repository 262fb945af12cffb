/** `parapet schedule`, and what people ask of workflows that run: with Temporal the schedules are there, without in the settings. */
import type { PeriodKind } from '../compliance/assembly/index.ts';
import { dataPaths, type Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { attend, decide, openTemporal, startReport, statusOf, type Temporal } from '../workflows/client.ts';
import type { AssembleInput, Decision, EraseInput, IncidentStatus, ReportStatus } from '../workflows/contract.ts';
import { WORKFLOWS } from '../workflows/contract.ts';
import { incidentWorkflow } from '../workflows/incidents.ts';
import { listSchedules, type ShownSchedule, setSchedule } from '../workflows/schedules.ts';
import { dueBetween, lastDue } from '../workflows/timetable.ts';
import { openKeys } from './stores.ts';
import { SCHEDULE_AUTHOR } from './worker.ts';

/** Throws PARAPET_CONFIG_INVALID without TEMPORAL_ADDRESS, PARAPET_STORE_UNAVAILABLE when the server does not answer. */
export async function withTemporal<T>(env: Environment, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  if (env.TEMPORAL_ADDRESS === undefined) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', {
      message: 'TEMPORAL_ADDRESS is not set, so there are no schedules to change.',
      hint: 'Without Temporal, schedules are PARAPET_REPORT_SCHEDULES, and `parapet worker` runs them.',
    });
  }
  const keys = openKeys(env);
  try {
    const temporal = await openTemporal(env, keys);
    try {
      return await work(temporal);
    } finally {
      await temporal.close();
    }
  } finally {
    await keys.close();
  }
}

/** Those that are named, else those of the settings. Gives their ids. */
export async function setSchedules(env: Environment, org: string, named?: { framework: string; kind: PeriodKind }): Promise<string[]> {
  const { PARAPET_REPORT_LANGUAGES: languages, PARAPET_REPORT_FORMATS: formats, PARAPET_REPORT_SCHEDULES: configured } = env;
  const schedules = named === undefined ? configured : [named];
  if (schedules.length === 0) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', {
      message: 'Name a framework and a kind of period, or set PARAPET_REPORT_SCHEDULES.',
    });
  }
  return withTemporal(env, async (temporal) => {
    const ids: string[] = [];
    for (const { framework, kind } of schedules) {
      ids.push(await setSchedule(temporal, { framework, org, kind, author: SCHEDULE_AUTHOR, languages, formats }));
    }
    return ids;
  });
}

/** Of Temporal, or those that this machine's clock runs. */
export async function shownSchedules(env: Environment, now = new Date()): Promise<ShownSchedule[]> {
  if (env.TEMPORAL_ADDRESS !== undefined) return withTemporal(env, listSchedules);
  const { positionsIn } = await import('../workflows/cron.ts');
  const positions = positionsIn(dataPaths(env).evidence);
  const inAYear = new Date(now.getTime() + 366 * 86_400_000);
  return env.PARAPET_REPORT_SCHEDULES.map(({ framework, kind }) => {
    const last = positions[`${framework}:${kind}`] ?? null;
    const next = dueBetween(kind, lastDue(kind, now), inAYear)[0]?.toISOString() ?? null;
    return { id: `${framework}:${kind}`, paused: false, next, last };
  });
}

/** Starts the workflow of a report, or finds the one that is under way. */
export async function reportByWorkflow(env: Environment, id: string, request: AssembleInput['request']): Promise<void> {
  await withTemporal(env, (temporal) => startReport(temporal, id, { request }));
}

/** Throws PARAPET_APPROVAL_REFUSED with the reason. */
export function approveByWorkflow(
  env: Environment,
  id: string,
  decision: Decision,
  what: 'approve' | 'reject' = 'approve',
): Promise<ReportStatus> {
  return withTemporal(env, (temporal) => decide(temporal, id, what, decision));
}

export function statusByWorkflow(env: Environment, id: string): Promise<ReportStatus> {
  return withTemporal(env, (temporal) => statusOf(temporal, id));
}

/** Somebody looks at an incident, or is done with it. */
export function attendIncident(
  env: Environment,
  org: string,
  incidentId: string,
  what: 'triage' | 'close',
  by: Decision,
): Promise<IncidentStatus> {
  return withTemporal(env, (temporal) => attend(temporal, incidentWorkflow(org, incidentId), what, by));
}

/** Begun again until every store has answered. The workflow's id does not name the subject: ids are not sealed. */
export function eraseByWorkflow(env: Environment, input: EraseInput): Promise<{ outcome: string; pseudonym: string }> {
  return withTemporal(env, ({ client, taskQueue }) =>
    client.workflow.execute(WORKFLOWS.erase, { workflowId: `erase/${input.org}/${newId()}`, taskQueue, args: [input] }),
  );
}

export const CHORES = ['verify', 'keys', 'retrain'] as const;

/** Newest interactions that the model that holds and the new one both judge. */
const SAMPLE = 1_000;

/** Waits for its result. */
export function runChore(env: Environment, chore: (typeof CHORES)[number], org: string): Promise<unknown> {
  const [type, input] = {
    verify: [WORKFLOWS.verify, { org }] as const,
    keys: [WORKFLOWS.keys, { org }] as const,
    retrain: [WORKFLOWS.retrain, { sample: SAMPLE }] as const,
  }[chore];
  return withTemporal(env, ({ client, taskQueue }) =>
    client.workflow.execute(type, { workflowId: `${chore}/${org}`, taskQueue, args: [input] }),
  );
}
