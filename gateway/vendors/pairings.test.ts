/**
 * Every client with every vendor: what the official SDK receives through the gateway's formats is what the vendor
 * said, whichever of the two formats each of them speaks.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VendorKind } from './index.ts';
import { createSandbox, type Sandbox } from './sandbox/server.ts';
import { anthropicClient, type Client, openAiClient, type Reply, type Turn } from './testing/clients.ts';
import { createPipe, type Pipe } from './testing/pipe.ts';

const CLIENTS = { openai: openAiClient, anthropic: anthropicClient };
const FINISH = {
  openai: { stop: 'stop', tools: 'tool_calls', length: 'length' },
  anthropic: { stop: 'end_turn', tools: 'tool_use', length: 'max_tokens' },
};
const KINDS: VendorKind[] = ['openai', 'anthropic'];
const ROUTES = KINDS.flatMap((client) => KINDS.flatMap((vendor) => [false, true].map((stream) => ({ client, vendor, stream }))));
const LONG = 'A prompt that is long enough to be cached. '.repeat(12);

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

describe.each(ROUTES)('a $client client with a vendor of $vendor, stream: $stream', ({ client, vendor, stream }) => {
  let pipe: Pipe;
  let sdk: Client;
  beforeAll(async () => {
    pipe = await createPipe({ upstream: sandbox.url, vendor });
    sdk = CLIENTS[client](pipe.url);
  });
  afterAll(() => pipe.close());
  const ask = (turn: Turn): Promise<Reply> => sdk.ask(turn, { stream });
  const finish = FINISH[client];

  it('gets the text, every character of it', async () => {
    const reply = await ask({ text: 'Say what you see: é 🚢 静', system: 'Be brief.', sandbox: 'echo=1,half_utf8=1,chunks=9' });
    expect(reply.text).toBe('Say what you see: é 🚢 静');
    expect(reply.finish).toBe(finish.stop);
    expect(pipe.last().answer?.content.choices[0]?.message.parts).toEqual([{ type: 'text', text: 'Say what you see: é 🚢 静' }]);
  });

  it('gets the same answer however the vendor frames it', async () => {
    const plain = await ask({ text: 'frames' });
    for (const framing of ['crlf=1', 'split=1', 'crlf=1,half_utf8=1', 'crlf=1,split=1']) {
      expect(await ask({ text: 'frames', sandbox: framing })).toEqual(plain);
    }
  });

  it('gets parallel tool calls, each with its own arguments', async () => {
    const reply = await ask({ text: 'ask weather and clock', tools: ['weather', 'clock', 'unused'] });
    expect(reply.calls.map((call) => call.name)).toEqual(['weather', 'clock']);
    expect(reply.calls.map((call) => call.arguments)).toEqual([
      { query: 'ask weather and clock', place: 'Zürich', n: 0 },
      { query: 'ask weather and clock', place: 'Zürich', n: 1 },
    ]);
    expect(new Set(reply.calls.map((call) => call.id)).size).toBe(2);
    expect(reply.finish).toBe(finish.tools);
  });

  it('carries tool results back to the vendor', async () => {
    const calls = ['weather', 'clock'].map((name, i) => ({ id: `id_${i}`, name, arguments: '{"query":"x"}' }));
    const reply = await ask({ text: 'go on', tools: ['weather', 'clock'], toolRound: { calls, results: ['rain', 'noon'] } });
    expect(reply.text).toContain('The tools said: rain | noon.');
    expect(reply.finish).toBe(finish.stop);
  });

  it('carries an image', async () => {
    expect((await ask({ text: 'look', image: 'pixel' })).text).toContain('I see 1 image.');
  });

  it('stops at a stop sequence', async () => {
    const reply = await ask({ text: 'one two STOP three', stop: ['STOP'], sandbox: 'echo=1' });
    expect(reply.text).toBe('one two ');
    expect(reply.finish).toBe(client === 'anthropic' && vendor === 'anthropic' ? 'stop_sequence' : finish.stop);
  });

  it('is told that the answer hit its limit', async () => {
    const reply = await ask({ text: 'x'.repeat(100), maxTokens: 5, sandbox: 'echo=1' });
    expect(reply.text).toBe('x'.repeat(20));
    expect(reply.finish).toBe(finish.length);
  });

  it('counts the whole prompt, the cached part of it once', async () => {
    const reply = await ask({ text: LONG });
    const input = Math.ceil(LONG.length / 4) + 8;
    expect(reply.usage).toMatchObject({ input, cached: Math.floor(input / 2) });
    expect(reply.usage?.output).toBeGreaterThan(10);
    const counted = pipe.last().answer?.usage;
    expect(counted).toMatchObject({ inputTokens: input, cachedInputTokens: Math.floor(input / 2), outputTokens: reply.usage?.output });
    if (vendor === 'anthropic') expect(counted?.cacheWriteTokens).toBe(Math.floor(input / 4));
  });

  it('gets the reasoning, and its tokens are counted', async () => {
    const reply = await ask({ text: 'think', reasons: true });
    expect(reply.reasoning).toContain('First I look at the question');
    expect(pipe.last().answer?.usage?.reasoningTokens).toBe(15);
  });

  it('never takes a broken answer for a whole one', async () => {
    await expect(ask({ text: 'x', sandbox: 'garbage=1' })).rejects.toThrow(/PARAPET_VENDOR_GARBAGE/);
    await expect(ask({ text: 'x', sandbox: 'empty=1' })).rejects.toThrow(/PARAPET_VENDOR_(GARBAGE|CUT)/);
    if (!stream) return;
    for (const cut of ['cut_clean_after=3', 'cut_after=3']) {
      await expect(ask({ text: 'x', sandbox: cut })).rejects.toThrow(/PARAPET_VENDOR_CUT.*interaction int_1/);
    }
    await expect(ask({ text: 'x', sandbox: 'error_after=3' })).rejects.toThrow(/broke off.*as it was told/);
  });

  it('is told of a rate limit and of an overload', async () => {
    await expect(ask({ text: 'x', sandbox: 'status=429,retry_after=2' })).rejects.toMatchObject({ status: 429 });
    await expect(ask({ text: 'x', sandbox: 'status=529' })).rejects.toMatchObject({ status: 503 });
    await expect(ask({ text: 'x', sandbox: 'status=500' })).rejects.toMatchObject({ status: 502 });
  });
});
