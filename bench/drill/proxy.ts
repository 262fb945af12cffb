/** A TCP proxy between Parapet and a store that can be told to behave as bad networks do. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Link {
  url: string;
  /** Breaks every connection in the middle of whatever it carries, and refuses new ones for so long. */
  cut(ms: number): Promise<void>;
  /** Lets every piece of data wait in both directions for `delayMs`, for `ms` in all. */
  slow(delayMs: number, ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1; `target` is the URL of the store, whose path is kept. */
export async function startProxy(target: string): Promise<Link> {
  const to = new URL(target);
  const sockets = new Set<Socket>();
  let refusing = false;
  let delayMs = 0;

  const server = createServer((client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const store = connect(Number(to.port), to.hostname);
    for (const [from, into] of [
      [client, store],
      [store, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => void pass(from, into, chunk));
      from.on('end', () => void pass(from, into, undefined));
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
    }
  });

  /** One piece at a time in each direction, so that a slow link keeps the order. */
  async function pass(from: Socket, into: Socket, chunk: Buffer | undefined): Promise<void> {
    from.pause();
    if (delayMs > 0) await sleep(delayMs);
    if (into.destroyed) return;
    if (chunk === undefined) into.end();
    else if (!into.write(chunk)) await new Promise((resolve) => into.once('drain', resolve).once('close', resolve));
    from.resume();
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };

  return {
    url: `http://127.0.0.1:${port}${to.pathname === '/' ? '' : to.pathname}`,
    async cut(ms) {
      refusing = true;
      for (const socket of sockets) socket.resetAndDestroy();
      await sleep(ms);
      refusing = false;
    },
    async slow(each, ms) {
      delayMs = each;
      await sleep(ms);
      delayMs = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
