import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParapetError } from '../core/errors.ts';
import { type CronParts, type CronSchedule, createCron, positionsIn } from './cron.ts';
import { dueBetween, lastDue } from './timetable.ts';

let folder: string;
let now: Date;
let ran: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-cron-'));
  ran = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (text: string) => new Date(`${text}Z`);
const MONTHLY: CronSchedule = { framework: 'GDPR', kind: 'month' };

const cronOf = (over: Partial<CronParts> = {}) =>
  createCron({
    folder,
    schedules: [MONTHLY],
    run: async ({ framework }, period) => {
      ran.push(`${framework} ${period}`);
    },
    logger: pino({ level: 'silent' }),
    now: () => now,
    ...over,
  });

describe('a schedule without Temporal', () => {
  it('begins with what is due next, and makes each period once', async () => {
    const cron = cronOf();
    now = at('2026-10-15T00:00:00');
    await cron.look();
    expect(ran).toEqual([]);
    now = at('2026-11-01T01:59:59');
    await cron.look();
    expect(ran).toEqual([]);
    now = at('2026-11-01T02:00:00');
    await cron.look();
    await cron.look();
    expect(ran).toEqual(['GDPR 2026-10']);
  });

  it('catches up, oldest first, what was missed while nobody ran', async () => {
    now = at('2026-01-15T00:00:00');
    await cronOf().look();
    now = at('2026-05-02T00:00:00');
    await cronOf().look();
    expect(ran).toEqual(['GDPR 2026-01', 'GDPR 2026-02', 'GDPR 2026-03', 'GDPR 2026-04']);
    expect(positionsIn(folder)).toEqual({ 'GDPR:month': '2026-05-01T02:00:00.000Z' });
  });

  it('goes on with the period at which it was stopped, and lets other schedules pass', async () => {
    const schedules: CronSchedule[] = [MONTHLY, { framework: 'SOC2', kind: 'day' }];
    let down = true;
    const run = async ({ framework }: CronSchedule, period: string) => {
      if (down && framework === 'GDPR') throw new ParapetError('PARAPET_STORE_UNAVAILABLE');
      ran.push(`${framework} ${period}`);
    };
    now = at('2026-10-31T12:00:00');
    await cronOf({ schedules, run }).look();
    now = at('2026-11-01T12:00:00');
    await cronOf({ schedules, run }).look();
    expect(ran).toEqual(['SOC2 2026-10-31']);
    down = false;
    await cronOf({ schedules, run }).look();
    expect(ran).toEqual(['SOC2 2026-10-31', 'GDPR 2026-10']);
  });

  it('leaves alone what somebody made by hand', async () => {
    now = at('2026-10-15T00:00:00');
    await cronOf().look();
    now = at('2026-11-15T00:00:00');
    await cronOf({ run: () => Promise.reject(new ParapetError('PARAPET_PACKAGE_EXISTS')) }).look();
    expect(positionsIn(folder)).toEqual({ 'GDPR:month': '2026-11-01T02:00:00.000Z' });
  });

  it('does not look again while a run is under way, in this process or another', async () => {
    now = at('2026-10-15T00:00:00');
    await cronOf().look();
    now = at('2026-11-15T00:00:00');
    const gate = Promise.withResolvers<void>();
    const cron = cronOf({ run: () => gate.promise });
    const looking = cron.look();
    await expect.poll(() => cron.look()).toBe(false);
    expect(await cronOf().look()).toBe(false);
    gate.resolve();
    expect(await looking).toBe(true);
    expect(ran).toEqual([]);
  });
});

describe('the timetable', () => {
  it.each([
    ['day', '2026-11-21T01:00:00', '2026-11-20T02:00:00'],
    ['day', '2026-11-21T02:00:00', '2026-11-21T02:00:00'],
    ['month', '2026-01-01T01:00:00', '2025-12-01T02:00:00'],
    ['month', '2026-03-31T01:00:00', '2026-03-01T02:00:00'],
    ['quarter', '2026-11-21T00:00:00', '2026-10-01T02:00:00'],
    ['quarter', '2026-01-01T00:00:00', '2025-10-01T02:00:00'],
    ['year', '2026-01-01T00:00:00', '2025-01-01T02:00:00'],
  ] as const)('%s at %s was due at %s', (kind, when, due) => {
    expect(lastDue(kind, at(when))).toEqual(at(due));
  });

  it('leaves out no day, and gives the newest when there are too many', () => {
    const days = dueBetween('day', at('2026-01-01T02:00:00'), at('2027-01-01T02:00:00'));
    expect(days).toHaveLength(365);
    expect(dueBetween('day', at('2020-01-01T00:00:00'), at('2027-01-01T02:00:00'), 10).at(-1)).toEqual(at('2027-01-01T02:00:00'));
  });
});
