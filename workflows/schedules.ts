/**
 * Schedules of reports on Temporal: one for each framework and kind of period. Every period is made, one after the other: runs that
 * meet wait for each other (a skipped one would be a hole in the evidence), and what was missed while the server was down is caught up.
 */
import { ScheduleNotFoundError, ScheduleOverlapPolicy, type ScheduleSpec } from '@temporalio/client';
import type { PeriodKind } from '../compliance/assembly/index.ts';
import { ParapetError } from '../core/errors.ts';
import type { Temporal } from './client.ts';
import { type CollectInput, WORKFLOWS } from './contract.ts';
import { HOUR } from './timetable.ts';

/** A schedule is set, not added: the same again changes nothing, other languages or formats take the place of those before. */
export async function setSchedule({ client, taskQueue }: Temporal, input: CollectInput): Promise<string> {
  const scheduleId = scheduleIdOf(input);
  const spec: ScheduleSpec = { calendars: [{ ...DUE[input.kind], hour: HOUR, minute: 0, second: 0 }], timezone: 'UTC' };
  const action = {
    type: 'startWorkflow',
    workflowType: WORKFLOWS.collect,
    workflowId: `collect/${input.framework}/${input.org}/${input.kind}`,
    taskQueue,
    args: [input],
  } as const;
  const policies = { overlap: ScheduleOverlapPolicy.BUFFER_ALL, catchupWindow: CATCH_UP };
  if (await exists(client, scheduleId)) {
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ spec, action, policies, state }));
  } else {
    await client.schedule.create({ scheduleId, spec, action, policies });
  }
  return scheduleId;
}

export interface ShownSchedule {
  id: string;
  paused: boolean;
  next: string | null;
  last: string | null;
}

export async function listSchedules({ client }: Temporal): Promise<ShownSchedule[]> {
  const shown: ShownSchedule[] = [];
  for await (const { scheduleId, state, info } of client.schedule.list()) {
    if (!scheduleId.startsWith(PREFIX)) continue;
    const next = info?.nextActionTimes[0]?.toISOString() ?? null;
    const last = info?.recentActions.at(-1)?.scheduledAt.toISOString() ?? null;
    shown.push({ id: scheduleId, paused: state?.paused ?? false, next, last });
  }
  return shown.sort((a, b) => a.id.localeCompare(b.id));
}

/** Throws PARAPET_INVALID_REQUEST when there is no such schedule, as all below. */
export const pauseSchedule = (temporal: Temporal, id: string, why: string) => on(temporal, id, (handle) => handle.pause(why));

export const resumeSchedule = (temporal: Temporal, id: string) => on(temporal, id, (handle) => handle.unpause());

export const removeSchedule = (temporal: Temporal, id: string) => on(temporal, id, (handle) => handle.delete());

/** What would have been due from `from` on and before `to`. Periods that are made already are left as they are. */
export const backfillSchedule = (temporal: Temporal, id: string, from: Date, to: Date) =>
  // Temporal leaves out the begin of the range.
  on(temporal, id, (handle) =>
    handle.backfill({ start: new Date(from.getTime() - 1), end: new Date(to.getTime() - 1), overlap: ScheduleOverlapPolicy.BUFFER_ALL }),
  );

export const scheduleIdOf = ({ framework, org, kind }: Pick<CollectInput, 'framework' | 'org' | 'kind'>) =>
  `${PREFIX}${framework}/${org}/${kind}`;

const PREFIX = 'evidence/';
const CATCH_UP = '365 days';

const DUE: Record<PeriodKind, { dayOfMonth?: number; month?: ('JANUARY' | 'APRIL' | 'JULY' | 'OCTOBER')[] }> = {
  day: {},
  month: { dayOfMonth: 1 },
  quarter: { dayOfMonth: 1, month: ['JANUARY', 'APRIL', 'JULY', 'OCTOBER'] },
  year: { dayOfMonth: 1, month: ['JANUARY'] },
};

type Handle = ReturnType<Temporal['client']['schedule']['getHandle']>;

async function on<T>({ client }: Temporal, id: string, act: (handle: Handle) => Promise<T>): Promise<T> {
  try {
    return await act(client.schedule.getHandle(id));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new ParapetError('PARAPET_INVALID_REQUEST', {
      message: `There is no schedule ${id}.`,
      hint: 'parapet schedule list shows them.',
    });
  }
}

async function exists(client: Temporal['client'], id: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(id).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
