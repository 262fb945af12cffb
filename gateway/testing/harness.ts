/**
 * A real gateway in this process: temporary data folder, sandbox vendor, real spool, real log. What a test says goes
 * over HTTP, and what it checks is read back out of the event log, as any processor would.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { dataPaths, readEnvironment } from '../../core/environment.ts';
import { createLogger } from '../../core/logger.ts';
import { openLocalKeyStore } from '../../keys/local.ts';
import { unseal } from '../../keys/seal.ts';
import { embeddedTopics, openEmbeddedLog } from '../../log/embedded/index.ts';
import { TOPICS } from '../../log/topics.ts';
import { createCodec } from '../../schemas/codec.ts';
import type { RequestContent, ResponseContent } from '../../schemas/content.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import type { Interaction } from '../../schemas/types.ts';
import { type GatewayParts, startGateway } from '../index.ts';
import { createSandbox, type Sandbox } from '../vendors/sandbox/server.ts';

const PARTITIONS = 2;

export interface Harness {
  url: string;
  key: string;
  folder: string;
  sandbox: Sandbox;
  openai: OpenAI;
  anthropic: Anthropic;
  /** A POST with the key and JSON's content type, unless `headers` say otherwise. */
  post(path: string, body: string | object, headers?: Record<string, string>): Promise<Response>;
  /** All interactions in the order of their sequence, once there are at least so many. */
  events(count: number): Promise<Interaction[]>;
  unsealed(interaction: Interaction): { request?: RequestContent; response?: ResponseContent; error?: string };
  stop(): Promise<void>;
}

export interface HarnessOptions extends GatewayParts {
  /** Settings beside the harness's own. */
  env?: Record<string, string>;
  /** The vendor's address instead of the sandbox's. */
  vendorUrl?: string;
}

export async function startHarness({ env = {}, vendorUrl, ...parts }: HarnessOptions = {}): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-gateway-'));
  const sandbox = await createSandbox();
  const settings = readEnvironment({
    PARAPET_DATA: folder,
    PARAPET_PORT: '0',
    // Most tests are about something else, and the models take a moment to load.
    PARAPET_MODEL: 'off',
    PARAPET_PARTITIONS: String(PARTITIONS),
    PARAPET_SANDBOX_URL: vendorUrl ?? sandbox.url,
    PARAPET_BODY_LIMIT_BYTES: String(1024 * 1024),
    PARAPET_SPOOL_BYTES: String(16 * 1024 * 1024),
    ...env,
  });
  const gateway = await startGateway(settings, createLogger('test', 'silent'), { environment: {}, ...parts });
  const paths = dataPaths(settings);
  const log = await openEmbeddedLog({ path: paths.log, topics: embeddedTopics(PARTITIONS) });
  const codec = await createCodec(await openFileRegistry(paths.registry));
  const keys = openLocalKeyStore({ folder: paths.keys });
  const key = gateway.newKey?.key ?? '';

  async function read(): Promise<Interaction[]> {
    const out: Interaction[] = [];
    for (const { partition, start, end } of await log.ranges(TOPICS.interactions.name)) {
      for (let offset = start; offset < end; ) {
        const records = await log.read(
          { topic: TOPICS.interactions.name, partition, offset },
          { maxRecords: 1_000, maxBytes: 64 * 1024 * 1024 },
        );
        for (const record of records) out.push(codec.decode('interactions', record.value));
        offset += records.length;
      }
    }
    return out.sort((a, b) => a.gatewaySequence - b.gatewaySequence);
  }

  let stopped = false;
  return {
    url: gateway.url,
    key,
    folder,
    sandbox,
    openai: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 }),
    post: (path, body, headers = {}) =>
      fetch(gateway.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async events(count) {
      let found: Interaction[] = [];
      await eventually(async () => {
        found = await read();
        return found.length >= count;
      });
      return found;
    },
    unsealed({ interactionId, requestContent, responseContent, errorContent }) {
      const out: ReturnType<Harness['unsealed']> = {};
      if (requestContent) out.request = JSON.parse(unseal(keys, interactionId, 'requestContent', requestContent)) as RequestContent;
      if (responseContent) out.response = JSON.parse(unseal(keys, interactionId, 'responseContent', responseContent)) as ResponseContent;
      if (errorContent) out.error = unseal(keys, interactionId, 'errorContent', errorContent);
      return out;
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await gateway.stop();
      await sandbox.close();
      await log.close();
      await keys.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the fact holds; fails after ten seconds. */
export async function eventually(fact: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await fact())) {
    if (performance.now() > end) throw new Error(`Never came true: ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Bytes on a plain socket; gives what came back until the gateway closed. `hold` keeps the client's side open. */
export function raw(url: string, pieces: (string | Buffer)[], { hold = false } = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A gateway that refuses early may reset a client that is still writing; what it said came first.
      if (text === '' && error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2);
      resolve({ status: Number(head.split(' ')[1] ?? 0), head, body });
    });
    for (const piece of pieces) socket.write(piece);
    if (!hold) socket.end();
  });
}

/** The three formats that clients speak, asked for the same thing. */
export const ROUTES = {
  'openai.chat': '/v1/chat/completions',
  'anthropic.messages': '/v1/messages',
  'parapet.completions': '/v1/ai/completions',
} as const;

export type Wire = keyof typeof ROUTES;
export const WIRES = Object.keys(ROUTES) as Wire[];

/** A request with one user text; `more` adds or replaces fields. */
export function ask(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: 'sandbox-small', max_tokens: 500, messages: [{ role: 'user', content: text }], ...more };
}

/** An error in each format comes down to this. */
export function errorOf(body: string): { message: string; code: string | undefined } {
  const parsed = JSON.parse(body) as { error: { message: string; code?: string; type?: string } };
  return { message: parsed.error.message, code: /\[(PARAPET_[A-Z_]+)/.exec(parsed.error.message)?.[1] };
}
