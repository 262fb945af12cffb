/** One HTTP request of the webhook and HEC destinations: bounded in time and in what it reads, following no redirect. */
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import type { TlsMaterial } from './connection.ts';

/** What we read of an answer; those that we ask for are a few hundred bytes. */
const ANSWER_BYTES = 1024 * 1024;

export interface HttpOptions {
  tls: TlsMaterial;
  /** Connections at once, which bounds the requests at once. */
  connections: number;
  timeoutMs: number;
  lookup?: LookupFunction;
}

export interface HttpClient {
  /** Throws what undici throws. */
  send(url: URL, request: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string | Buffer }): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpAnswer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

export function createHttpClient({ tls, connections, timeoutMs, lookup }: HttpOptions): HttpClient {
  const agent: Dispatcher = new Agent({
    connections,
    pipelining: 1,
    maxResponseSize: ANSWER_BYTES,
    connect: { ...tls, rejectUnauthorized: true, timeout: timeoutMs, ...(lookup === undefined ? {} : { lookup }) },
  });
  return {
    async send(url, { method, headers, body }) {
      const answer = await request(url, {
        dispatcher: agent,
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const retryAfter = answer.headers['retry-after'];
      const text = await answer.body.text();
      return { status: answer.statusCode, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, text };
    },
    close: () => agent.destroy(),
  };
}
