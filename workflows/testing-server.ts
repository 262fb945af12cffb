/** A Temporal server of a test's own, with its state in a file, so that it can be killed and started again, and a house that works on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { vi } from 'vitest';
import { openKeys } from '../cli/stores.ts';
import { freePort } from '../core/free-port.ts';
import { openTemporal, type Temporal } from './client.ts';
import { type House, openHouse, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

export interface OwnServer {
  start(): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** `settings` are of its dynamic configuration, e.g. `limit.historyCount.suggestContinueAsNew=50`. */
function ownServer(binary: string, { port, folder, settings = [] }: { port: number; folder: string; settings?: string[] }): OwnServer {
  let server: ChildProcess | undefined;
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  args.push('--db-filename', join(folder, 'temporal.db'), ...settings.flatMap((setting) => ['--dynamic-config-value', setting]));
  return {
    async start() {
      server = spawn(binary, args, { stdio: 'ignore' });
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
    },
    async end(signal) {
      if (server === undefined) return;
      const ended = new Promise((resolve) => server?.once('exit', resolve));
      server.kill(signal);
      await ended;
    },
  };
}

export interface OwnHouse {
  house: House;
  server: OwnServer;
  temporal: Temporal;
  close(): Promise<void>;
}

/** A house with a server and a worker of its own. `settings` as above. */
export async function openOwnHouse(binary: string, settings: string[] = []): Promise<OwnHouse> {
  const port = await freePort();
  const house = await openHouse(`test-${randomUUID()}`, { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: 'default' });
  const server = ownServer(binary, { port, folder: house.folder, settings });
  await server.start();
  const keys = openKeys(house.env);
  const temporal = await openTemporal(house.env, keys);
  const worker = await startHouseWorker(house, await bundleWorkflows());
  return {
    house,
    server,
    temporal,
    async close() {
      await worker.stop();
      await temporal.close();
      await keys.close();
      await server.end('SIGTERM');
      house.remove();
    },
  };
}
