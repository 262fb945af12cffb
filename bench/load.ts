/**
 * A load generator that costs as little as it can: one prepared request, raw sockets, answers cut by content-length or
 * by their last chunk. On two cores a heavier one would measure itself.
 */
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  url: string;
  headers?: Record<string, string>;
  /** Eight `#` in it become the number of the request, so that no prompt is the one before. */
  body: string;
  connections: number;
  seconds: number;
  /** Requests per second over all connections; without it each connection sends as soon as it was answered. */
  rate?: number;
}

const MARK = '########';

export interface LoadResult {
  requests: number;
  errors: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export async function load({ url, headers = {}, body, connections, seconds, rate }: LoadOptions): Promise<LoadResult> {
  const target = new URL(url);
  const lines = [
    `POST ${target.pathname} HTTP/1.1`,
    `host: ${target.host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const request = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const mark = request.indexOf(MARK);
  const latencies: number[] = [];
  let errors = 0;
  const started = performance.now();
  const until = started + seconds * 1_000;
  let sent = 0;

  async function worker(index: number): Promise<void> {
    const socket = await open(target);
    const answer = reader(socket);
    // Its own bytes: the next request is written into them when the last one was answered.
    const own = Buffer.from(request);
    try {
      for (let turn = 0; performance.now() < until; turn++) {
        let due = performance.now();
        if (rate !== undefined) {
          // Open loop: the request is due at its time, whatever the answers before it did, so waiting counts as latency.
          due = started + ((turn * connections + index) * 1_000) / rate;
          const wait = due - performance.now();
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
          if (due > until) break;
        }
        sent += 1;
        // A timer may fire a little early; it is late that counts.
        const from = Math.min(due, performance.now());
        if (mark >= 0) own.write(String(turn * connections + index).padStart(MARK.length, '0'), mark, 'latin1');
        socket.write(own);
        const status = await answer();
        if (status === 200) latencies.push(performance.now() - from);
        else errors += 1;
      }
    } finally {
      socket.destroy();
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, index) => worker(index)));
  const elapsed = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests: sent, errors, perSecond: latencies.length / elapsed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: latencies.at(-1) ?? 0 };
}

function open(target: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.hostname, port: Number(target.port), noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Gives a function that resolves with the status of the next whole answer. */
function reader(socket: Socket): () => Promise<number> {
  let held: Buffer = Buffer.alloc(0);
  let waiting: ((status: number) => void) | undefined;
  const ended = () => {
    waiting?.(0);
    waiting = undefined;
  };
  socket.on('error', ended).on('close', ended);
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const headEnd = held.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = held.toString('latin1', 0, headEnd);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    const end = length === undefined ? (held.indexOf('0\r\n\r\n', headEnd) < 0 ? -1 : held.length) : headEnd + 4 + Number(length);
    if (end < 0 || held.length < end) return;
    held = held.subarray(end);
    waiting?.(Number(head.slice(9, 12)));
    waiting = undefined;
  });
  return () =>
    new Promise((resolve) => {
      if (socket.destroyed) resolve(0);
      else waiting = resolve;
    });
}
