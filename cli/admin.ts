/** The stream process's own port: metrics, health, and what must run where the store is held. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toParapetError } from '../core/errors.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Eraser } from '../sinks/erasure.ts';
import { answerCall, type EraseCall } from './erasers.ts';
import type { ReplayOptions, ReplayProgress, ReplayResult } from './replay.ts';

export interface AdminParts {
  host: string;
  port: number;
  /** Asked as a bearer token of everything that changes something. */
  token: string;
  metrics: Metrics;
  /** What this process keeps up to date. */
  views: readonly string[];
  replay(options: ReplayOptions, onProgress: (progress: ReplayProgress) => void): Promise<ReplayResult>;
  /** Of the store that only this process can change; undefined when it holds none. */
  eraser: Eraser | undefined;
}

export interface AdminServer {
  url: string;
  close(): Promise<void>;
}

export async function startAdmin({ host, port, token, metrics, views, replay, eraser }: AdminParts): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      const { status, code, message } = toParapetError(error);
      if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ error: { code, message } })}\n`);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://admin');
    if (request.method === 'GET' && pathname === '/metrics') {
      response.writeHead(200, { 'content-type': metrics.registry.contentType });
      response.end(await metrics.registry.metrics());
    } else if (request.method === 'GET' && pathname === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: 'ok', views }));
    } else if (request.method === 'POST' && pathname === '/admin/replay') {
      if (!authorized(request, token)) {
        response.writeHead(401).end();
        return;
      }
      const options = JSON.parse(await bodyOf(request)) as ReplayOptions;
      // One JSON object a line: progress, then the result or the error.
      const line = (value: object) => response.write(`${JSON.stringify(value)}\n`);
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      try {
        line({ result: await replay(options, (progress) => line({ progress })) });
      } catch (error) {
        const { code, message, hint } = toParapetError(error);
        line({ error: { code, message, hint } });
      }
      response.end();
    } else if (request.method === 'POST' && pathname === '/admin/erase' && eraser !== undefined) {
      if (!authorized(request, token)) {
        response.writeHead(401).end();
        return;
      }
      const said = await answerCall(eraser, JSON.parse(await bodyOf(request)) as EraseCall);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(said));
    } else {
      response.writeHead(404).end();
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    url: `http://${host}:${typeof address === 'object' && address ? address.port : port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}

function authorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
