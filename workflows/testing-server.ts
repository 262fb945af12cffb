/** A Temporal server of a test's own, with its state in a file, so that it can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { vi } from 'vitest';

export interface OwnServer {
  start(): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** `settings` are of its dynamic configuration, e.g. `limit.historyCount.suggestContinueAsNew=50`. */
export function ownServer(
  binary: string,
  { port, folder, settings = [] }: { port: number; folder: string; settings?: string[] },
): OwnServer {
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
