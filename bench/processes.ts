/** Starts the processes of a bench and takes them down again. */
import { type ChildProcess, fork } from 'node:child_process';

export interface Started {
  child: ChildProcess;
  url: string;
  key: string;
  stop(): Promise<void>;
}

/** Forks a file of this folder and waits for the message with its URL. */
export async function start(file: string, args: string[] = [], environment: Record<string, string> = {}): Promise<Started> {
  const child = fork(new URL(file, import.meta.url), args, {
    env: { ...process.env, ...environment },
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
