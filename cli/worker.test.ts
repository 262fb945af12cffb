import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataPaths, type Environment, readEnvironment } from '../core/environment.ts';
import { positionsIn } from '../workflows/cron.ts';
import { type House, openHouse, silent } from '../workflows/testing.ts';
import { shownSchedules } from './schedule.ts';
import { startWorkflows } from './worker.ts';

let house: House;
let env: Environment;

beforeAll(async () => {
  house = await openHouse('unused', { PARAPET_REPORT_SCHEDULES: 'HOUSE:month', PARAPET_REPORT_FORMATS: 'csv' });
  const { TEMPORAL_ADDRESS: _, ...settings } = house.settings;
  env = readEnvironment(settings);
});
afterAll(() => house.remove());

describe('parapet worker without Temporal', () => {
  it('makes what was due since it ran last, and publishes it where nobody has to approve', async () => {
    const { evidence } = dataPaths(env);
    mkdirSync(evidence, { recursive: true });
    writeFileSync(join(evidence, 'schedules.json'), JSON.stringify({ 'HOUSE:month': '2026-09-15T00:00:00.000Z' }));
    const worker = await startWorkflows(env, silent);
    const due = () => positionsIn(evidence)['HOUSE:month'] ?? '';
    await expect.poll(() => due() >= '2026-11-01', { timeout: 25_000 }).toBe(true);
    await worker.stop();
    await worker.ended;
    expect(readdirSync(join(evidence, 'archive', 'report', 'HOUSE', 'acme'))).toEqual(expect.arrayContaining(['2026-09', '2026-10']));
    expect(await shownSchedules(env, new Date('2026-11-22T00:00:00Z'))).toEqual([
      { id: 'HOUSE:month', paused: false, last: due(), next: '2026-12-01T02:00:00.000Z' },
    ]);
  });

  it('refuses to run for nothing', async () => {
    const { PARAPET_REPORT_SCHEDULES: _, TEMPORAL_ADDRESS: __, ...settings } = house.settings;
    await expect(startWorkflows(readEnvironment(settings), silent)).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
  });
});
