/** Starts all of Parapet in a folder with free ports and the sandbox vendor, in a process group that can be killed whole. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { clickHousePassword } from '../cli/stores.ts';
import { dataPaths, type Environment, readEnvironment, withoutSettings } from '../core/environment.ts';
import { createApiKeysFile } from '../gateway/api-keys.ts';
import { answers, freePorts } from './processes.ts';

export interface ParapetOptions {
  folder: string;
  workers?: number;
  /** More settings. */
  settings?: Record<string, string>;
}

export interface RunningParapet {
  /** What its processes, and commands beside it, have in their environment. */
  environment: NodeJS.ProcessEnv;
  env: Environment;
  url: string;
  key: string;
  clickhouse: { url: string; user: string; password: string; database: string };
  /** Process ids by part; none while the supervisor itself is down. */
  pids(): Promise<Record<string, number>>;
  /** Of the supervisor. */
  pid(): number;
  /** Resolves when gateway and ClickHouse answer. */
  ready(withinMs?: number): Promise<void>;
  /** SIGKILL to supervisor and parts at the same moment; then all of it starts again. */
  killAll(): Promise<void>;
  /** As Ctrl-C does: gateways drain, then the stream takes in what they shipped. */
  stop(): Promise<void>;
}

export async function startParapet({ folder, workers = 1, settings = {} }: ParapetOptions): Promise<RunningParapet> {
  const [gatewayPort, clickhousePort, metricsPort, sandboxPort] = await ports();
  const environment: NodeJS.ProcessEnv = {
    ...withoutSettings(process.env),
    PARAPET_DATA: folder,
    PARAPET_PORT: String(gatewayPort),
    PARAPET_CLICKHOUSE_PORT: String(clickhousePort),
    PARAPET_METRICS_PORT: String(metricsPort),
    PARAPET_SANDBOX: 'true',
    PARAPET_LOG_LEVEL: process.env['PARAPET_LOG_LEVEL'] ?? 'silent',
    PARAPET_LAKE_LINGER_MS: '500',
    ...settings,
  };
  const env = readEnvironment(environment);
  const { password } = clickHousePassword(env);
  const key = createApiKeysFile(dataPaths(env).apiKeys, env.PARAPET_ORG)?.key;
  if (key === undefined) throw new Error(`${folder} has been used before: its API key is known to nobody`);
  const url = `http://127.0.0.1:${gatewayPort}`;
  const server = env.CLICKHOUSE_URL;
  const front = `http://127.0.0.1:${clickhousePort}`;
  const [file, args] = [new URL('parapet-process.ts', import.meta.url), [String(sandboxPort), String(workers)]];
  // Detached: a group of its own, so that a signal to it reaches everything in it and nothing else.
  const run = () => fork(file, args, { env: environment, execArgv: [], detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

  let child = run();

  return {
    environment,
    env,
    url,
    key,
    clickhouse:
      server === undefined
        ? { url: front, user: 'parapet', password, database: 'parapet' }
        : {
            url: server,
            user: env.CLICKHOUSE_USER ?? 'default',
            password: env.CLICKHOUSE_PASSWORD ?? '',
            database: env.CLICKHOUSE_DATABASE ?? 'parapet',
          },

    async pids() {
      if (!child.connected) return {};
      const answer = new Promise<Record<string, number>>((resolve) => {
        child.once('message', (message) => resolve((message as { pids: Record<string, number> }).pids));
      });
      // It may end between the question and the answer; then there is none.
      child.send({}, () => undefined);
      return Promise.race([answer, sleep(2_000, {}, { ref: false })]);
    },

    pid: () => child.pid as number,

    async ready(withinMs = 60_000) {
      await answers(`${url}/readyz`, withinMs);
      await answers(`${server ?? front}/ping`, withinMs);
    },

    async killAll() {
      const ended = exited(child);
      process.kill(-(child.pid as number), 'SIGKILL');
      await ended;
      child = run();
    },

    async stop() {
      const ended = exited(child);
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The ports above the metrics' are those of the other stream processes. */
async function ports(): Promise<[number, number, number, number]> {
  for (;;) {
    const drawn = (await freePorts(4)) as [number, number, number, number];
    if (!drawn.some((port) => port > drawn[2] && port < drawn[2] + 10)) return drawn;
  }
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}
