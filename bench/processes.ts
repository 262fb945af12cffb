/** Starts the processes of a bench and takes them down again. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Started {
  child: ChildProcess;
  url: string;
  key: string;
  stop(): Promise<void>;
}

/** Forks a file of this folder and waits for the message with its URL. */
export async function start(
  file: string,
  args: string[] = [],
  environment: Record<string, string> = {},
  execArgv: string[] = [],
): Promise<Started> {
  const child = fork(new URL(file, import.meta.url), args, {
    env: { ...process.env, ...environment },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { url, key = '' } = await new Promise<{ url: string; key?: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { url: string }));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready`)));
  });
  return {
    child,
    url,
    key,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 8_000).unref();
      }),
  };
}

/** Resolves when the address answers 200. */
export async function answers(address: string, withinMs = 60_000): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (Date.now() > until) throw new Error(`${address} does not answer 200 after ${withinMs} ms`);
    await sleep(50);
  }
}

/** Below those from which the kernel takes the ports of outgoing connections (32768 on Linux, 49152 elsewhere). */
const [LOWEST_PORT, HIGHEST_PORT] = [20_000, 32_000];

/** Different ports that nobody has now, and that no outgoing connection can be given before they are used. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The most that this process ever held. Linux only, as it reads /proc. */
export const peakMb = () => statusMb('VmHWM');

/** What it holds now, without pages of files. Linux only. */
export const anonymousMb = () => statusMb('RssAnon');

function statusMb(of: string): number {
  return Number(new RegExp(`^${of}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;
}
