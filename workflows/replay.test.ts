import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalKeyStore } from '../keys/local.ts';
import type { KeyStore } from '../keys/port.ts';
import { dataConverter } from './client.ts';
import { WORKFLOWS } from './contract.ts';
import { MASTER_KEY } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

const HISTORIES = fileURLToPath(new URL('../tests/histories', import.meta.url));
const files = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
const folder = mkdtempSync(join(tmpdir(), 'parapet-replay-'));
let keys: KeyStore;
let code: string;

beforeAll(async () => {
  // Each replay is a worker that comes and goes, and would say so.
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });
  keys = openLocalKeyStore({ folder, masterKey: MASTER_KEY });
  code = await bundleWorkflows();
});
afterAll(async () => {
  await keys.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Recorded {
  events: { eventType: string; workflowExecutionStartedEventAttributes?: { workflowType: { name: string } } }[];
}
const read = (name: string) => JSON.parse(readFileSync(join(HISTORIES, name), 'utf8')) as Recorded;
const replay = (history: Recorded) =>
  Worker.runReplayHistory(
    { workflowBundle: { code }, dataConverter: dataConverter(keys) },
    proto.temporal.api.history.v1.History.fromObject(history),
  );

describe('a run that began with an earlier version', () => {
  it.each(files)('goes on with this one: %s', async (name) => {
    await replay(read(name));
  });

  it('is recorded for every workflow', () => {
    const types = files.map((name) => read(name).events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name);
    expect(new Set(types)).toEqual(new Set(Object.values(WORKFLOWS)));
  });

  it('is told apart when the code does something else', async () => {
    const history = read('report-published.json');
    for (const event of history.events) {
      const started = event.workflowExecutionStartedEventAttributes;
      if (started !== undefined) started.workflowType.name = WORKFLOWS.keys;
    }
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
