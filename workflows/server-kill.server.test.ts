import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeys } from '../cli/stores.ts';
import type { Runs } from '../cli/worker.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { dataPaths } from '../core/environment.ts';
import { freePort } from '../core/free-port.ts';
import { openssl } from '../keys/openssl.ts';
import type { KeyStore } from '../keys/port.ts';
import { decide, openTemporal, startReport, statusOf, type Temporal } from './client.ts';
import { auditOf, FRAMEWORK, type House, openHouse, REQUEST, startHouseWorker } from './testing.ts';
import { type OwnServer, ownServer } from './testing-server.ts';
import { bundleWorkflows } from './worker.ts';

const { TEMPORAL_BIN } = process.env;
const ID = `report/${FRAMEWORK}/acme/2026-09`;
let house: House;
let server: OwnServer;

async function killServer(): Promise<void> {
  await server.end('SIGKILL');
  await server.start();
}

describe.skipIf(TEMPORAL_BIN === undefined)('a server that is killed', () => {
  let keys: KeyStore;
  let temporal: Temporal;
  let worker: Runs;

  beforeAll(async () => {
    const port = await freePort();
    house = await openHouse(`test-${randomUUID()}`, { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: 'default' });
    house.approvers([{ name: 'bob', roles: ['ciso'] }]);
    server = ownServer(TEMPORAL_BIN as string, { port, folder: house.folder });
    await server.start();
    keys = openKeys(house.env);
    temporal = await openTemporal(house.env, keys);
    worker = await startHouseWorker(house, await bundleWorkflows());
  });
  afterAll(async () => {
    await worker?.stop();
    await temporal?.close();
    await keys?.close();
    await server?.end('SIGTERM');
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
