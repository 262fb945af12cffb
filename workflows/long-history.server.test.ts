import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataPaths } from '../core/environment.ts';
import type { VerifiedArchive } from './contract.ts';
import { auditOf, FRAMEWORK } from './testing.ts';
import { type OwnHouse, openOwnHouse } from './testing-server.ts';

const { TEMPORAL_BIN } = process.env;
/** Each is an activity, and an activity three events of a history. */
const PACKAGES = 60;

describe.skipIf(TEMPORAL_BIN === undefined)('an archive whose verification makes a long history', () => {
  let own: OwnHouse;

  beforeAll(async () => {
    own = await openOwnHouse(TEMPORAL_BIN as string, ['limit.historyCount.suggestContinueAsNew=50']);
  });
  afterAll(() => own?.close());

  it('goes on in new runs, and looks at each package once', async () => {
    const { house, temporal } = own;
    const ids = Array.from({ length: PACKAGES }, (_, n) => `report/${FRAMEWORK}/acme/${2000 + n}`);
    for (const id of ids) {
      const folder = join(dataPaths(house.env).evidence, 'archive', id);
      mkdirSync(folder, { recursive: true });
      // No package at all: what is wrong with each is a result too, and a larger one.
      for (const name of ['manifest.json', 'SEAL.sig']) writeFileSync(join(folder, name), '{}');
    }
    const options = { workflowId: `verify/${randomUUID()}`, taskQueue: temporal.taskQueue, args: [{ org: 'acme' }] as const };
    const begun = await temporal.client.workflow.start<(input: { org: string }) => Promise<VerifiedArchive>>('verifyArchive', options);
    const { checked, broken } = await begun.result();
    expect(checked).toBe(PACKAGES);
    // And the chain, of which nothing can be read.
    expect(broken.map(({ id }) => id)).toEqual([...ids, `report/${FRAMEWORK}/acme`]);
    const last = await temporal.client.workflow.getHandle(options.workflowId).describe();
    expect(last.runId).not.toBe(begun.firstExecutionRunId);
    expect((await auditOf(house.env)).filter(({ action }) => action === 'evidence.broken')).toHaveLength(1);
  });
});
