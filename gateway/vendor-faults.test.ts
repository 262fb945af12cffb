/** A vendor that misbehaves, whole and streamed: the client learns it as an error, never as a short answer that looks whole. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Interaction } from '../schemas/types.ts';
import { ask, errorOf, type Harness, ROUTES, startHarness, WIRES, type Wire } from './testing/harness.ts';

let harness: Harness;
let seen = 0;
beforeAll(async () => {
  harness = await startHarness({ env: { PARAPET_VENDOR_TIMEOUT_MS: '300', PARAPET_VENDOR_IDLE_TIMEOUT_MS: '300' } });
});
afterAll(() => harness.stop());

async function event(from = harness): Promise<Interaction> {
  seen += 1;
  const events = await from.events(seen);
  expect(events).toHaveLength(seen);
  return events[seen - 1] as Interaction;
}

/** The model whose vendor speaks the client's own format, and the one whose vendor does not. */
const MODELS: Record<Wire, string[]> = {
  'openai.chat': ['sandbox-small', 'sandbox-claude'],
  'anthropic.messages': ['sandbox-claude', 'sandbox-small'],
  'parapet.completions': ['sandbox-small', 'sandbox-claude'],
};
const PAIRS = WIRES.flatMap((wire) => MODELS[wire].map((model) => [wire, model] as const));
const told = (directives: string, more: Record<string, unknown> = {}) => ask(`[[sandbox: ${directives}]] Tell me more`, more);

describe.each(PAIRS)('%s with %s', (wire, model) => {
  const route = ROUTES[wire];

  it.each([
    ['status=500', 502, 'PARAPET_VENDOR_ERROR', undefined],
    ['status=429,retry_after=7', 429, 'PARAPET_VENDOR_RATE_LIMITED', '7'],
    ['status=529', 503, 'PARAPET_VENDOR_ERROR', undefined],
    ['status=401', 502, 'PARAPET_VENDOR_ERROR', undefined],
    ['empty=1', 502, 'PARAPET_VENDOR_GARBAGE', undefined],
    ['hang=1', 504, 'PARAPET_VENDOR_TIMEOUT', undefined],
  ])('%s is an error with status %i, whole and streamed', async (directives, status, code, retryAfter) => {
    for (const stream of [false, true]) {
      const response = await harness.post(route, told(directives, { model, stream }));
      const body = await response.text();
      expect(response.status).toBe(status);
      expect(errorOf(body).code).toBe(code);
      expect(response.headers.get('retry-after')).toBe(retryAfter ?? null);
      expect(await event()).toMatchObject({ status: 'failed', httpStatus: status, errorCode: code, attempts: 1, streaming: stream });
    }
  });

  it('garbage and a cut body are errors', async () => {
    for (const [directives, code] of [
      ['garbage=1', 'PARAPET_VENDOR_GARBAGE'],
      ['cut_after=1', 'PARAPET_VENDOR_CUT'],
    ] as const) {
      const response = await harness.post(route, told(directives, { model }));
      expect(response.status).toBe(502);
      expect(errorOf(await response.text()).code).toBe(code);
      const made = await event();
      expect(made).toMatchObject({ status: 'failed', httpStatus: 502, errorCode: code });
      expect(harness.unsealed(made).error?.length).toBeGreaterThan(5);
    }
  });

  it.each([
    ['cut_after=3', 'PARAPET_VENDOR_CUT'],
    ['cut_clean_after=3', 'PARAPET_VENDOR_CUT'],
    ['error_after=3', 'PARAPET_VENDOR_ERROR'],
    ['garbage=1', 'PARAPET_VENDOR_GARBAGE'],
  ])('a stream with %s ends in an error, never cleanly', async (directives, code) => {
    const response = await harness.post(route, told(directives, { model, stream: true }));
    const text = await response.text();
    expect(text).toContain(code);
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('message_stop');
    const made = await event();
    expect(made).toMatchObject({ status: 'failed', errorCode: code, streaming: true, attempts: 1 });
    expect(made.httpStatus).toBe(response.status);
  });

  it.each(['half_utf8=1,chunks=40', 'crlf=1', 'split=1,chunks=20', 'crlf=1,split=1'])('a stream with %s is whole', async (directives) => {
    const said = 'Straße, café 🚢 静かな海 and plain words. '.repeat(8).trim();
    const response = await harness.post(route, ask(`[[sandbox: echo=1,${directives}]] ${said}`, { model, stream: true }));
    expect(await response.text()).toMatch(/\[DONE\]|message_stop/);
    const made = await event();
    expect(made).toMatchObject({ status: 'answered', finishReason: 'stop' });
    expect(harness.unsealed(made).response?.choices[0]?.message.parts).toEqual([{ type: 'text', text: said }]);
  });
});

describe('the official SDKs raise an error', () => {
  it.each(['cut_after=4', 'cut_clean_after=4', 'error_after=4', 'garbage=1'])('for a stream with %s', async (directives) => {
    const content = `[[sandbox: ${directives}]] Tell me more`;
    for (const model of ['sandbox-small', 'sandbox-claude']) {
      const messages = [{ role: 'user' as const, content }];
      await expect(harness.openai.chat.completions.stream({ model, messages }).finalChatCompletion()).rejects.toThrow();
      expect(await event()).toMatchObject({ status: 'failed' });
      await expect(harness.anthropic.messages.stream({ model, max_tokens: 99, messages }).finalMessage()).rejects.toThrow();
      expect(await event()).toMatchObject({ status: 'failed' });
    }
  });
});

describe('a vendor whose own server is strange', () => {
  /** A server that answers each POST with these bytes. */
  async function vendor(answer: (attempt: number) => { type: string; bytes: string }, port = 0): Promise<Server> {
    let attempt = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const { type, bytes } = answer(attempt++);
        response.writeHead(200, { 'content-type': type });
        response.end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return server;
  }
  const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const CHUNK =
    'data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n';

  it('may leave out the blank line after its end mark', async () => {
    const server = await vendor(() => ({ type: 'text/event-stream', bytes: `${CHUNK}data: [DONE]` }));
    const own = await startHarness({ vendorUrl: urlOf(server) });
    try {
      const text = await (await own.post(ROUTES['openai.chat'], ask('Hi', { stream: true }))).text();
      expect(text).toBe(`${CHUNK}data: [DONE]\n\n`);
      expect((await own.events(1))[0]).toMatchObject({ status: 'answered', finishReason: 'stop' });
    } finally {
      await own.stop();
      server.close();
    }
  });

  it('that ends within an event was cut, whatever the half says', async () => {
    const server = await vendor(() => ({ type: 'text/event-stream', bytes: `${CHUNK}data: {"id":"a","choi` }));
    const own = await startHarness({ vendorUrl: urlOf(server) });
    try {
      const text = await (await own.post(ROUTES['openai.chat'], ask('Hi', { stream: true }))).text();
      expect(text).toContain('PARAPET_VENDOR_CUT');
      expect((await own.events(1))[0]).toMatchObject({ status: 'failed', errorCode: 'PARAPET_VENDOR_CUT' });
    } finally {
      await own.stop();
      server.close();
    }
  });

  it('that cannot be reached is tried again, and answers once it is up', async () => {
    const first = await vendor(() => ({ type: 'text/plain', bytes: '' }));
    const { port } = first.address() as AddressInfo;
    const own = await startHarness({ vendorUrl: urlOf(first) });
    await new Promise((resolve) => first.close(resolve));
    let second: Server | undefined;
    try {
      for (const stream of [false, true]) {
        const response = await own.post(ROUTES['openai.chat'], ask('Hi', { stream }));
        expect(response.status).toBe(502);
        expect(errorOf(await response.text()).code).toBe('PARAPET_VENDOR_UNREACHABLE');
      }
      expect(await own.events(2)).toMatchObject([
        { status: 'failed', errorCode: 'PARAPET_VENDOR_UNREACHABLE', attempts: 3 },
        { status: 'failed', errorCode: 'PARAPET_VENDOR_UNREACHABLE', attempts: 3, streaming: true },
      ]);
      const pending = own.post(ROUTES['openai.chat'], ask('Hi', { stream: true }));
      await new Promise((resolve) => setTimeout(resolve, 20));
      second = await vendor(() => ({ type: 'text/event-stream', bytes: `${CHUNK}data: [DONE]\n\n` }), port);
      expect(await (await pending).text()).toContain('[DONE]');
      const [, , up] = await own.events(3);
      expect(up).toMatchObject({ status: 'answered' });
      expect(up?.attempts).toBeGreaterThan(1);
    } finally {
      await own.stop();
      second?.close();
    }
  });
});
