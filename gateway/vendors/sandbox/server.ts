/**
 * A vendor that runs on this machine: an HTTP process that answers in both formats, the same request always the same,
 * and misbehaves when told to (`directives.ts`). It serves tests, demos, and benchmarks as their upstream, so the
 * plain JSON path does as little as it can.
 *
 * Run: `node gateway/vendors/sandbox/server.ts --port 4010 [--host 127.0.0.1] [--delay-ms 0] [--chunk-delay-ms 0]`
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { anthropicAnswer, anthropicAsk, anthropicError, anthropicErrorFrame, anthropicFrames } from './anthropic.ts';
import { type Directives, readDirectives } from './directives.ts';
import { openAiAnswer, openAiAsk, openAiError, openAiErrorFrame, openAiFrames } from './openai.ts';
import { type Ask, type Plan, plan } from './script.ts';
import { writeFrames } from './write.ts';

export interface SandboxOptions {
  /** 0 (default) takes any free port. */
  port?: number;
  host?: string;
  /** Default wait before the first byte; a request's own directive wins. */
  delayMs?: number;
  /** Default wait before every stream frame. */
  chunkDelayMs?: number;
}

export interface Sandbox {
  /** The base URL with `/v1`, as a vendor's base URL is written. */
  url: string;
  /** Questions that came so far. */
  asked(): number;
  /** Closes every connection, hanging ones too. */
  close(): Promise<void>;
}

interface Format {
  ask(body: Record<string, unknown>): Ask;
  answer(plan: Plan): string;
  frames(plan: Plan, ask: Ask): string[];
  error(status: number, message: string): string;
  errorFrame(): string;
}

const OPENAI: Format = {
  ask: openAiAsk,
  answer: openAiAnswer,
  frames: (made, ask) => openAiFrames(made, ask.streamUsage),
  error: openAiError,
  errorFrame: openAiErrorFrame,
};
const ANTHROPIC: Format = {
  ask: anthropicAsk,
  answer: anthropicAnswer,
  frames: anthropicFrames,
  error: anthropicError,
  errorFrame: anthropicErrorFrame,
};
const MODELS = ['sandbox-small', 'sandbox-large'];

export async function createSandbox({
  port = 0,
  host = '127.0.0.1',
  delayMs = 0,
  chunkDelayMs = 0,
}: SandboxOptions = {}): Promise<Sandbox> {
  const defaults = { delay_ms: delayMs, chunk_delay_ms: chunkDelayMs };
  let asked = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    asked += 1;
    route(request, response, defaults);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, 1024, resolve);
  });
  const address = server.address() as AddressInfo;
  return { url: `http://${host}:${address.port}/v1`, asked: () => asked, close: () => closeServer(server) };
}

function route(request: IncomingMessage, response: ServerResponse, defaults: Partial<Directives>): void {
  const path = request.url ?? '';
  if (request.method === 'POST' && path.startsWith('/v1/chat/completions')) receive(request, response, OPENAI, defaults);
  else if (request.method === 'POST' && path.startsWith('/v1/messages')) receive(request, response, ANTHROPIC, defaults);
  else if (request.method === 'GET' && path.startsWith('/v1/models')) {
    const data = MODELS.map((id) => ({
      id,
      object: 'model',
      type: 'model',
      display_name: id,
      created: 1_700_000_000,
      owned_by: 'sandbox',
    }));
    sendJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  } else sendJson(response, 404, openAiError(404, 'The sandbox has no such route.'));
}

function receive(request: IncomingMessage, response: ServerResponse, format: Format, defaults: Partial<Directives>): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = chunks.length === 1 && chunks[0] !== undefined ? chunks[0].toString() : Buffer.concat(chunks).toString();
    try {
      const ask = format.ask(JSON.parse(text) as Record<string, unknown>);
      const header = request.headers['x-sandbox'];
      const read = readDirectives(Array.isArray(header) ? header.join(',') : header, ask.text);
      const directives = { ...defaults, ...read.directives };
      const answer = (): void => respond(response, format, { ...ask, text: read.text }, directives);
      if (directives.delay_ms) setTimeout(answer, directives.delay_ms);
      else answer();
    } catch (thrown) {
      sendJson(response, 400, format.error(400, thrown instanceof Error ? thrown.message : String(thrown)));
    }
  });
}

function respond(response: ServerResponse, format: Format, ask: Ask, directives: Partial<Directives>): void {
  if (directives.hang) return;
  if (directives.status) {
    const headers = directives.retry_after === undefined ? undefined : { 'retry-after': String(directives.retry_after) };
    sendJson(response, directives.status, format.error(directives.status, 'The sandbox fails as it was told.'), headers);
    return;
  }
  if (directives.empty) {
    sendJson(response, 200, '');
    return;
  }
  const made = plan(ask, directives);
  if (ask.stream) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-request-id': `req_${made.seed}`,
    });
    writeFrames(response, format.frames(made, ask), directives, format.errorFrame);
    return;
  }
  if (directives.cut_after !== undefined || directives.cut_clean_after !== undefined) {
    cutBody(response, format.answer(made));
    return;
  }
  sendJson(response, 200, directives.garbage ? '<html>This is not JSON' : format.answer(made));
}

/** Half of the body, then no more: a promise of length that is not kept. */
function cutBody(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}

function sendJson(response: ServerResponse, status: number, body: string, headers?: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
  server.closeAllConnections();
  await closed;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      'delay-ms': { type: 'string', default: '0' },
      'chunk-delay-ms': { type: 'string', default: '0' },
    },
  });
  const sandbox = await createSandbox({
    port: Number(values.port),
    host: values.host,
    delayMs: Number(values['delay-ms']),
    chunkDelayMs: Number(values['chunk-delay-ms']),
  });
  process.stdout.write(`The sandbox vendor answers at ${sandbox.url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
}
