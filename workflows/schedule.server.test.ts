import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchive } from '../cli/evidence.ts';
import { openKeys } from '../cli/stores.ts';
import type { Runs } from '../cli/worker.ts';
import { chainOf, lastPeriod } from '../compliance/assembly/index.ts';
import { dataPaths } from '../core/environment.ts';
import type { KeyStore } from '../keys/port.ts';
import { openTemporal, type Temporal } from './client.ts';
import type { CollectedPeriod, CollectInput } from './contract.ts';
import { backfillSchedule, listSchedules, pauseSchedule, removeSchedule, resumeSchedule, setSchedule } from './schedules.ts';
import { addInteractions, FRAMEWORK, type House, keepHistory, noServer, openHouse, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

// Reports' ids are the organisation's: each run of this file is one of its own.
const org = `org-${randomUUID().slice(0, 8)}`;
const INPUT: CollectInput = {
  framework: FRAMEWORK,
  org,
  kind: 'month',
  author: 'parapet/schedule',
  languages: ['en'],
  formats: ['csv'],
  pace: { heartbeatMs: 20_000, retryMs: 200, predecessorMs: 200 },
};
let house: House;
let keys: KeyStore;
let temporal: Temporal;
let worker: Runs;
let id: string;

beforeAll(async () => {
  house = await openHouse(`test-${randomUUID()}`);
  keys = openKeys(house.env);
  temporal = await openTemporal(house.env, keys);
  worker = await startHouseWorker(house, await bundleWorkflows());
  id = await setSchedule(temporal, INPUT);
});
afterAll(async () => {
  if (id !== undefined) await removeSchedule(temporal, id);
  await worker?.stop();
  await temporal?.close();
  await keys?.close();
  house?.remove();
});

const links = () =>
  chainOf(
    { root: dataPaths(house.env).evidence, archive: openArchive(house.env), sources: { settings: { disregard: [] } } },
    org,
    FRAMEWORK,
  );
const periods = async () => (await links()).filter(({ published }) => published).map((link) => link.id.split('/')[3]);

const collected = (input: CollectInput, run = `collect/${randomUUID()}`) =>
  temporal.client.workflow.execute<(input: CollectInput) => Promise<CollectedPeriod>>('collectEvidence', {
    workflowId: run,
    taskQueue: temporal.taskQueue,
    args: [input],
  });

describe.skipIf(noServer)('a schedule of reports', () => {
  it('is set once, however often it is set', async () => {
    expect(await setSchedule(temporal, INPUT)).toBe(id);
    const mine = async () => (await listSchedules(temporal)).filter((shown) => shown.id === id);
    await expect.poll(mine).toMatchObject([{ paused: false, next: expect.stringMatching(/-01T02:00:00.000Z$/) }]);
    await pauseSchedule(temporal, id, 'a test');
    await expect.poll(mine).toMatchObject([{ paused: true }]);
    await resumeSchedule(temporal, id);
    await expect.poll(mine).toMatchObject([{ paused: false }]);
    await expect(pauseSchedule(temporal, 'evidence/none', '')).rejects.toMatchObject({ code: 'PARAPET_INVALID_REQUEST' });
  });

  it('makes by backfill the periods that had ended at its times, in their order and each once', async () => {
    const [from, to] = [new Date('2026-08-01T02:00:00Z'), new Date('2026-10-01T02:00:01Z')];
    await backfillSchedule(temporal, id, from, to);
    await expect.poll(periods, { timeout: 60_000 }).toEqual(['2026-07', '2026-08', '2026-09']);
    const before = await links();
    await backfillSchedule(temporal, id, from, to);
    const runs = async () => {
      const found: (string | undefined)[] = [];
      const query = `WorkflowType = 'collectEvidence' AND TemporalScheduledById = '${id}'`;
      for await (const { status } of temporal.client.workflow.list({ query })) found.push(status.name);
      return found;
    };
    await expect.poll(runs, { timeout: 60_000 }).toEqual(Array.from({ length: 6 }, () => 'COMPLETED'));
    expect(await links()).toEqual(before);
  });

  it('says of a period that is published already that it is there', async () => {
    const result = await collected({ ...INPUT, kind: 'quarter' });
    expect(result).toMatchObject({ already: false, addendum: null });
    const again = await collected({ ...INPUT, kind: 'quarter' });
    expect(again).toEqual({ ...result, already: true });
  });

  it('adds first what came late for the period before', async () => {
    await addInteractions(house.env, 100, 5, org);
    const run = `collect/${randomUUID()}`;
    const result = await collected(INPUT, run);
    await keepHistory(temporal, run, 'collect-with-addendum');
    const [base, newest] = [`report/${FRAMEWORK}/${org}`, lastPeriod('month', new Date())];
    expect(result).toMatchObject({ id: `${base}/${newest}`, already: false });
    // The newest package is of the quarter that September is in.
    expect(result.addendum).toMatch(/\.addendum-1$/);
    await expect.poll(async () => (await links()).map((link) => link.id).slice(-2)).toEqual([result.addendum, result.id]);
  });

  it('fails for a framework that nobody knows, and says which there are', async () => {
    const run = temporal.client.workflow.execute('collectEvidence', {
      workflowId: `collect/${randomUUID()}`,
      taskQueue: temporal.taskQueue,
      args: [{ ...INPUT, framework: 'NOWHERE' }],
    });
    await expect(run).rejects.toSatisfy((error) => error instanceof WorkflowFailedError);
  });
});
