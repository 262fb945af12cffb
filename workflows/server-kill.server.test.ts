import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openKeys } from '../cli/stores.ts';
import type { Runs } from '../cli/worker.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { dataPaths } from '../core/environment.ts';
import { freePort } from '../core/free-port.ts';
import { openssl } from '../keys/openssl.ts';
import type { KeyStore } from '../keys/port.ts';
import { decide, openTemporal, startReport, statusOf, type Temporal } from './client.ts';
import { auditOf, FRAMEWORK, type House, openHouse, REQUEST, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

const { TEMPORAL_BIN } = process.env;
const ID = `report/${FRAMEWORK}/acme/2026-09`;
let house: House;
let port: number;
let server: ChildProcess | undefined;

/** A server of the test's own, with its state in a file. */
async function serve(): Promise<void> {
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  server = spawn(TEMPORAL_BIN as string, [...args, '--db-filename', join(house.folder, 'temporal.db')], { stdio: 'ignore' });
  await vi.waitFor(
    async () => {
      const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
      } finally {
        await connection.close();
      }
    },
    { timeout: 30_000, interval: 200 },
  );
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  server?.kill(signal);
  await ended;
}

async function killServer(): Promise<void> {
  await end('SIGKILL');
  await serve();
}

describe.skipIf(TEMPORAL_BIN === undefined)('a server that is killed', () => {
  let keys: KeyStore;
  let temporal: Temporal;
  let worker: Runs;

  beforeAll(async () => {
    port = await freePort();
    house = await openHouse(`test-${randomUUID()}`, { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: 'default' });
    house.approvers([{ name: 'bob', roles: ['ciso'] }]);
    await serve();
    keys = openKeys(house.env);
    temporal = await openTemporal(house.env, keys);
    worker = await startHouseWorker(house, await bundleWorkflows());
  });
  afterAll(async () => {
    await worker?.stop();
    await temporal?.close();
    await keys?.close();
    await end('SIGTERM');
    house?.remove();
  });

  it('while a report is collected, awaits its approval and is published, loses and doubles nothing', async () => {
    const report = await startReport(temporal, ID, { request: REQUEST });
    await killServer();
    await expect
      .poll(
        () =>
          statusOf(temporal, ID)
            .then(({ phase }) => phase)
            .catch(() => 'away'),
        { timeout: 90_000, interval: 500 },
      )
      .toBe('awaiting approval');
    await killServer();
    await decide(temporal, ID, 'approve', { by: 'bob', comment: 'read it' });
    await killServer();
    expect(await report.result()).toMatchObject({ id: ID, approvedBy: ['bob'] });
    const folder = join(dataPaths(house.env).evidence, 'archive', ID);
    expect(await verifyPackage(folder, { openssl: openssl('openssl') })).toMatchObject({ valid: true, approvedBy: ['bob'] });
    expect((await auditOf(house.env)).filter(({ action }) => action === 'evidence.published')).toHaveLength(1);
  }, 240_000);
});
