import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEvidence } from '../cli/evidence.ts';
import { openKeys } from '../cli/stores.ts';
import type { Runs } from '../cli/worker.ts';
import { approveReport } from '../compliance/assembly/index.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { dataPaths } from '../core/environment.ts';
import { openssl } from '../keys/openssl.ts';
import type { KeyStore } from '../keys/port.ts';
import { decide, openTemporal, published, startReport, statusOf, type Temporal } from './client.ts';
import { REJECTED } from './contract.ts';
import { auditOf, FRAMEWORK, type House, keepHistory, noServer, openHouse, REQUEST, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

let house: House;
let keys: KeyStore;
let temporal: Temporal;
let worker: Runs;

beforeAll(async () => {
  house = await openHouse(`test-${randomUUID()}`);
  keys = openKeys(house.env);
  temporal = await openTemporal(house.env, keys);
  worker = await startHouseWorker(house, await bundleWorkflows());
});
afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await keys?.close();
  house?.remove();
});

const PEOPLE = [
  { name: 'bob', roles: ['ciso'] },
  { name: 'cid', roles: ['dpo'] },
  { name: 'eve', roles: ['auditor'], revokedAt: '2026-01-01T00:00:00Z' },
  { name: 'ann', roles: ['officer'] },
];
const PACE = { heartbeatMs: 20_000, retryMs: 200, predecessorMs: 200 };
let month = 0;

/** Each test has a period, and so an id, of its own; the queue and the folder tell the runs of this file from all others. */
async function begin(): Promise<string> {
  month += 1;
  const period = `2025-${String(month).padStart(2, '0')}`;
  const id = `report/${FRAMEWORK}/acme/${period}`;
  // Left by an earlier run of this file.
  await temporal.client.workflow
    .getHandle(id)
    .terminate()
    .catch(() => undefined);
  await startReportAnew(id, period);
  return id;
}

async function startReportAnew(id: string, period: string): Promise<void> {
  await temporal.client.workflow.start('assembleReport', {
    workflowId: id,
    taskQueue: temporal.taskQueue,
    args: [{ request: { ...REQUEST, period }, pace: PACE }],
  });
}

const until = (id: string, phase: string) =>
  expect.poll(async () => (await statusOf(temporal, id)).phase, { timeout: 60_000, interval: 200 }).toBe(phase);

const packageOf = (id: string) => join(dataPaths(house.env).evidence, 'work', id, 'package');

describe.skipIf(noServer)('a report made by a workflow', () => {
  it('is published at once where nobody has to approve it', async () => {
    house.approvers([]);
    const id = await begin();
    expect(await published(temporal, id)).toMatchObject({ id, approvedBy: [] });
    expect(existsSync(join(dataPaths(house.env).evidence, 'archive', id, 'SEAL.sig'))).toBe(true);
    expect(await verifyPackage(packageOf(id), { openssl: openssl('openssl') })).toMatchObject({ valid: true });
    await expect(startReport(temporal, id, { request: REQUEST })).rejects.toMatchObject({ code: 'PARAPET_PACKAGE_EXISTS' });
    await keepHistory(temporal, id, 'report-published');
  });

  it('waits for two people who may approve it, and refuses all others before anything is written', async () => {
    house.approvers(PEOPLE, { needed: 2 });
    const id = await begin();
    await until(id, 'awaiting approval');
    const refuse = (by: string, says: string) =>
      expect(decide(temporal, id, 'approve', { by, comment: '' })).rejects.toMatchObject({
        code: 'PARAPET_APPROVAL_REFUSED',
        message: expect.stringContaining(says),
      });
    await refuse('ann', 'somebody else');
    await refuse('eve', 'since 2026-01-01');
    await refuse('mallory', 'not among the approvers');
    await decide(temporal, id, 'approve', { by: 'bob', comment: 'read it' });
    await refuse('bob', 'already');
    expect(await statusOf(temporal, id)).toMatchObject({ given: ['bob'], needed: 2, phase: 'awaiting approval' });
    await decide(temporal, id, 'approve', { by: 'cid', comment: '' });
    expect(await published(temporal, id)).toMatchObject({ approvedBy: ['bob', 'cid'] });
    await keepHistory(temporal, id, 'report-approved');
  });

  it('asks the settings again, so that who was revoked since it was sealed is refused', async () => {
    house.approvers(PEOPLE);
    const id = await begin();
    await until(id, 'awaiting approval');
    house.approvers([{ name: 'bob', roles: ['ciso'], revokedAt: '2026-01-01T00:00:00Z' }, ...PEOPLE.slice(1)]);
    await expect(decide(temporal, id, 'approve', { by: 'bob', comment: '' })).rejects.toMatchObject({
      code: 'PARAPET_APPROVAL_REFUSED',
      message: expect.stringContaining('since 2026-01-01'),
    });
    await decide(temporal, id, 'approve', { by: 'cid', comment: '' });
    expect(await published(temporal, id)).toMatchObject({ approvedBy: ['cid'] });
  });

  it('is sealed again when the one before it is rejected, and asks for its approvals anew', async () => {
    house.approvers(PEOPLE);
    const first = await begin();
    await until(first, 'awaiting approval');
    const second = await begin();
    await until(second, 'awaiting approval');
    await decide(temporal, second, 'approve', { by: 'bob', comment: '' });
    await until(second, 'publishing');
    await decide(temporal, first, 'reject', { by: 'cid', comment: 'the wrong month' });
    await expect(published(temporal, first)).rejects.toSatisfy(
      (error) => error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure && error.cause.type === REJECTED,
    );
    await until(second, 'awaiting approval');
    expect(await statusOf(temporal, second)).toMatchObject({ given: [] });
    await decide(temporal, second, 'approve', { by: 'bob', comment: 'again' });
    expect(await published(temporal, second)).toMatchObject({ approvedBy: ['bob'] });
    await keepHistory(temporal, first, 'report-rejected');
    await keepHistory(temporal, second, 'report-sealed-again');
    // The id is free for the report that is made anew.
    const anew = await startReport(temporal, first, { request: { ...REQUEST, period: first.slice(-7) }, pace: PACE });
    await until(first, 'awaiting approval');
    await decide(temporal, first, 'approve', { by: 'bob', comment: '' });
    expect(await anew.result()).toMatchObject({ id: first });
  });

  it('that was approved by the command line is published, although its workflow was not told', async () => {
    house.approvers(PEOPLE, { withinDays: 9 / 86_400 });
    const id = await begin();
    await until(id, 'awaiting approval');
    const desk = await openEvidence(house.env, 'acme');
    await approveReport(desk.parts, id, { by: 'bob', comment: 'by hand' });
    await desk.close();
    expect(await published(temporal, id)).toMatchObject({ approvedBy: ['bob'] });
  });

  it('is rejected when the time for approvals is over, and says so', async () => {
    house.approvers(PEOPLE, { withinDays: 4 / 86_400 });
    const id = await begin();
    await expect(published(temporal, id)).rejects.toSatisfy(
      (error) => error instanceof WorkflowFailedError && (error.cause?.message ?? '').includes('Nobody approved it until'),
    );
    expect(existsSync(packageOf(id))).toBe(false);
    await keepHistory(temporal, id, 'report-expired');
    const told = (await auditOf(house.env)).filter(({ target, action }) => target === id && action.startsWith('report.'));
    expect(told.map(({ action }) => action)).toEqual([
      'report.awaiting',
      'report.reminder',
      'report.reminder',
      'report.escalation',
      'report.expired',
    ]);
    const { searchAttributes } = await temporal.client.workflow.getHandle(id).describe();
    expect(searchAttributes).toMatchObject({ Framework: [FRAMEWORK], Org: ['acme'], Outcome: ['rejected'] });
  });
});
