/**
 * Reports by the clock without Temporal, in one process: what was due is made, one after the other and oldest first; what was missed
 * while nobody ran is caught up. What a report has finished stays, so one that was cut off goes on from there. How far each schedule
 * is stands in a file beside the reports.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lastPeriod, type PeriodKind } from '../compliance/assembly/index.ts';
import { writeWhole } from '../core/durable.ts';
import { toParapetError } from '../core/errors.ts';
import { takeLock } from '../core/lock.ts';
import type { Logger } from '../core/logger.ts';
import { dueBetween } from './timetable.ts';

export interface CronSchedule {
  framework: string;
  kind: PeriodKind;
}

export interface CronParts {
  /** Where the file of positions is. */
  folder: string;
  schedules: readonly CronSchedule[];
  /** Makes the report of a period, or goes on with it. */
  run(schedule: CronSchedule, period: string): Promise<void>;
  logger: Logger;
  now(): Date;
}

export interface Cron {
  /** Looks once; false when another look, of this process or another, is under way. */
  look(): Promise<boolean>;
  /** Looks now and every minute. */
  start(): void;
  /** What is under way ends first. */
  close(): Promise<void>;
}

const POSITIONS = 'schedules.json';
const EVERY_MS = 60_000;
/** Periods that were missed further back are asked for by hand. */
const MOST_MISSED = 400;

export function createCron({ folder, schedules, run, logger, now }: CronParts): Cron {
  const path = join(folder, POSITIONS);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;

  async function all(): Promise<void> {
    for (const schedule of schedules) {
      try {
        await one(schedule);
      } catch (error) {
        const { code, message } = toParapetError(error);
        logger.error({ code, ...schedule }, `a report was not made, and is tried again: ${message}`);
      }
    }
  }

  async function one(schedule: CronSchedule): Promise<void> {
    const name = `${schedule.framework}:${schedule.kind}`;
    const since = read(path)[name];
    // A schedule that is new begins with what is due next.
    if (since === undefined) return note(name, now());
    for (const due of dueBetween(schedule.kind, new Date(since), now(), MOST_MISSED)) {
      if (closed) return;
      const period = lastPeriod(schedule.kind, due);
      try {
        await run(schedule, period);
        logger.info({ ...schedule, period }, 'a report was made by its schedule');
      } catch (error) {
        // Somebody made it by hand.
        if (toParapetError(error).code !== 'PARAPET_PACKAGE_EXISTS') throw error;
      }
      await note(name, due);
    }
  }

  async function note(name: string, at: Date): Promise<void> {
    await writeWhole(path, `${JSON.stringify({ ...read(path), [name]: at.toISOString() }, null, 2)}\n`);
  }

  async function look(): Promise<boolean> {
    if (looking !== undefined) return false;
    await mkdir(folder, { recursive: true });
    const lock = takeLock(join(folder, 'schedules.lock'));
    if ('heldBy' in lock) return false;
    looking = all().finally(() => {
      lock.release();
      looking = undefined;
    });
    await looking;
    return true;
  }

  function tick(): void {
    look()
      .catch((error: unknown) => {
        const { code, message } = toParapetError(error);
        logger.error({ code }, `schedules cannot be looked at: ${message}`);
      })
      .finally(() => {
        if (!closed) timer = setTimeout(tick, EVERY_MS);
      });
  }

  return {
    look,
    start: tick,
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

/** The newest time for which each schedule made its report, by `framework:kind`. */
export const positionsIn = (folder: string) => read(join(folder, POSITIONS));

function read(path: string): Record<string, string> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {};
}
