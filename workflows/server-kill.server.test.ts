import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPackage } from '../compliance/package/verify.ts';
import { dataPaths } from '../core/environment.ts';
import { openssl } from '../keys/openssl.ts';
import { decide, startReport, statusOf } from './client.ts';
import { auditOf, FRAMEWORK, REQUEST } from './testing.ts';
import { type OwnHouse, openOwnHouse } from './testing-server.ts';

const { TEMPORAL_BIN } = process.env;
const ID = `report/${FRAMEWORK}/acme/2026-09`;
let own: OwnHouse;

async function killServer(): Promise<void> {
  await own.server.end('SIGKILL');
  await own.server.start();
}

describe.skipIf(TEMPORAL_BIN === undefined)('a server that is killed', () => {
  beforeAll(async () => {
    own = await openOwnHouse(TEMPORAL_BIN as string);
    own.house.approvers([{ name: 'bob', roles: ['ciso'] }]);
  });
  afterAll(() => own?.close());

  it('while a report is collected, awaits its approval and is published, loses and doubles nothing', async () => {
    const { house, temporal } = own;
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
