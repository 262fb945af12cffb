/**
 * One OTLP/HTTP post and what its answer means (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response): 429, 502,
 * 503 and 504 and a lost connection may be tried again, everything else may not; a partial success is final.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import type { TelemetryOptions } from './settings.ts';

export type Answer =
  | { kind: 'accepted'; rejected: number }
  /** `afterMs`: what the collector asked for. */
  | { kind: 'retry'; reason: string; afterMs: number | undefined }
  | { kind: 'refused'; reason: string };

export interface Post {
  /** Never rejects. `reason`s hold a status or an error code, nothing that a collector wrote. */
  send(request: string, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

const RETRYABLE = new Set([429, 502, 503, 504]);
const ANSWER_BYTES = 64 * 1024;
const compress = promisify(gzip);

export function createPost({
  url,
  headers,
  timeoutMs,
  compression,
}: Pick<TelemetryOptions, 'url' | 'headers' | 'timeoutMs' | 'compression'>): Post {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections: 1, connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const sent: Record<string, string> = { ...headers, 'content-type': 'application/json' };
  if (compression === 'gzip') sent['content-encoding'] = 'gzip';

  return {
    async send(request, signal) {
      try {
        const body = compression === 'gzip' ? await compress(request) : request;
        const answer = await pool.request({
          path: pathname + search,
          method: 'POST',
          headers: sent,
          body,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        return await meaningOf(answer);
      } catch (error) {
        const { code, name } = error as NodeJS.ErrnoException;
        return { kind: 'retry', reason: String(code ?? name), afterMs: undefined };
      }
    },
    close: () => pool.destroy(),
  };
}

async function meaningOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Answer> {
  const text = await readBounded(body);
  if (statusCode >= 200 && statusCode <= 299) return { kind: 'accepted', rejected: rejectedOf(text) };
  const reason = `HTTP ${statusCode}`;
  return RETRYABLE.has(statusCode) ? { kind: 'retry', reason, afterMs: retryAfterMs(headers['retry-after']) } : { kind: 'refused', reason };
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop ends the connection; the status was good enough.
    if (bytes > ANSWER_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Some collectors answer with nothing, or in another format, and mean success. */
function rejectedOf(text: string): number {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } } | null;
    const rejected = Number(answer?.partialSuccess?.rejectedSpans ?? 0);
    return Number.isFinite(rejected) && rejected > 0 ? Math.floor(rejected) : 0;
  } catch {
    return 0;
  }
}

/** Seconds or an HTTP date. */
function retryAfterMs(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
