/**
 * `parapet up`: one process to start, a few small ones that do the work. They meet only in the log and the stores, so a
 * child that dies is simply started again, and the others never notice more than a pause.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../core/environment.ts';
import type { Logger } from '../core/logger.ts';
import { configuredStores, type StoreName, sinksOf } from './views.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const SANDBOX = fileURLToPath(new URL('../gateway/vendors/sandbox/server.ts', import.meta.url));
const RESTART_MS = [100, 500, 1_000, 2_000, 5_000, 10_000];
/** A child that has run this long has recovered: its next fall is a first one. */
const STEADY_MS = 30_000;

/** What people call them, where it is not the store's own name. */
const PART_NAMES: Partial<Record<StoreName | 'processors', string>> = { s3: 'lake' };

interface Part {
  name: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
}

export interface Supervisor {
  /** Process ids by part, of those that run now. */
  pids(): Record<string, number>;
  /** Ends all parts in order: gateways first, so that nothing new arrives; then the stream, which takes in what they shipped. */
  stop(): Promise<void>;
}

export function supervise(
  env: Environment,
  logger: Logger,
  { workers, sandboxPort }: { workers: number; sandboxPort: number },
): Supervisor {
  const children = new Map<string, ChildProcess>();
  let stopping = false;

  function run(part: Part, fall = 0): void {
    const started = Date.now();
    const child = spawn(process.execPath, part.args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...part.environment },
    });
    children.set(part.name, child);
    child.once('exit', (code, signal) => {
      children.delete(part.name);
      if (stopping) return;
      const again = Date.now() - started > STEADY_MS ? 0 : fall;
      const wait = RESTART_MS[Math.min(again, RESTART_MS.length - 1)];
      logger.error({ child: part.name, code, signal, restartInMs: wait }, 'a child ended, starting it again');
      setTimeout(() => {
        if (!stopping) run(part, again + 1);
      }, wait);
    });
  }

  const gateways = Array.from({ length: workers }, (_, i): Part => {
    const id = workers === 1 ? env.PARAPET_GATEWAY_ID : `${env.PARAPET_GATEWAY_ID}-${i + 1}`;
    return {
      name: `gateway ${id}`,
      args: [MAIN, 'gateway'],
      environment: { PARAPET_GATEWAY_ID: id, ...(env.PARAPET_SANDBOX ? { PARAPET_SANDBOX_URL: `http://127.0.0.1:${sandboxPort}` } : {}) },
    };
  });
  // Each kind of work has a process of its own: one may be busy, or fall, and the others keep their pace.
  // In this order their metrics stand on ports in a row: what is always there first, so that its ports do not move.
  const always = ['clickhouse', 's3', 'processors'] as const;
  const streams = [...always, ...configuredStores(env).filter((name) => name !== 'clickhouse' && name !== 's3')].map(
    (name, nth): Part => ({
      name: PART_NAMES[name] ?? name,
      args: name === 'processors' ? [MAIN, 'process', 'enrich', 'detect', 'respond'] : [MAIN, 'sink', ...sinksOf(name)],
      environment: metricsPort(env, nth),
    }),
  );
  // It costs as much as both other processors, and no view of interactions waits for it. Its port comes last, so that none moves.
  streams.push({ name: 'behaviour', args: [MAIN, 'process', 'behave'], environment: metricsPort(env, streams.length) });
  if (env.PARAPET_SANDBOX) run({ name: 'sandbox', args: [SANDBOX, '--port', String(sandboxPort)], environment: {} });
  for (const part of [...streams, ...gateways]) run(part);

  async function end(names: string[]): Promise<void> {
    await Promise.all(
      names.map((name) => {
        const child = children.get(name);
        if (child === undefined || child.exitCode !== null) return undefined;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), env.PARAPET_SHUTDOWN_MS + 15_000);
        return ended.then(() => clearTimeout(late));
      }),
    );
  }

  return {
    pids: () => Object.fromEntries([...children].map(([name, child]) => [name, child.pid ?? 0])),
    async stop() {
      stopping = true;
      await end(gateways.map((part) => part.name));
      await end(streams.map((part) => part.name));
      await end(['sandbox']);
    },
  };
}

/** The processes' metrics stand on ports in a row; 0 means any. */
function metricsPort(env: Environment, nth: number): NodeJS.ProcessEnv {
  return { PARAPET_METRICS_PORT: String(env.PARAPET_METRICS_PORT === 0 ? 0 : env.PARAPET_METRICS_PORT + nth) };
}
