/**
 * Client and vendor of the same format: the client gets the vendor's own bytes, less the one usage chunk that only the
 * gateway asked for. Read with raw fetch, byte for byte, and with the official SDKs.
 */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from './sandbox/server.ts';
import { createPipe, type Pipe } from './testing/pipe.ts';

let sandbox: Sandbox;
let openai: Pipe;
let anthropic: Pipe;
beforeAll(async () => {
  sandbox = await createSandbox();
  openai = await createPipe({ upstream: sandbox.url, vendor: 'openai', passThrough: true, model: 'sandbox-large' });
  anthropic = await createPipe({ upstream: sandbox.url, vendor: 'anthropic', passThrough: true });
});
afterAll(async () => {
  await Promise.all([openai.close(), anthropic.close()]);
  await sandbox.close();
});

const messages = [{ role: 'user', content: 'Tell me about harbours' }];

async function post(url: string, body: object, directives = ''): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-sandbox': directives };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
}

describe('a stream that passes through', () => {
  it.each(['', 'crlf=1', 'split=1', 'half_utf8=1,crlf=1'])('is the vendor’s, byte for byte, when framed with %j', async (directives) => {
    const chat = { messages, stream: true, stream_options: { include_usage: true } };
    expect(await post(`${openai.url}/v1/chat/completions`, { ...chat, model: 'a' }, directives)).toBe(
      await post(`${sandbox.url}/chat/completions`, { ...chat, model: 'sandbox-large' }, directives),
    );
    const message = { model: 'a', max_tokens: 500, messages, stream: true };
    expect(await post(`${anthropic.url}/v1/messages`, message, directives)).toBe(
      await post(`${sandbox.url}/messages`, message, directives),
    );
  });

  it('shows no usage chunk to a client that did not ask for one, and is counted all the same', async () => {
    const sdk = new OpenAI({ baseURL: `${openai.url}/v1`, apiKey: 'k', maxRetries: 0 });
    const chunks = [];
    for await (const chunk of await sdk.chat.completions.create({ model: 'a', stream: true, messages: [{ role: 'user', content: 'hi' }] }))
      chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage)).toBe(true);
    expect(openai.last().answer?.usage).toMatchObject({ inputTokens: 9 });
    expect(openai.last().sent).toMatchObject({ model: 'sandbox-large', stream_options: { include_usage: true } });
  });

  it('keeps several choices apart', async () => {
    await post(`${openai.url}/v1/chat/completions`, { model: 'a', messages, stream: true, n: 3 });
    const { choices } = openai.last().answer?.content ?? { choices: [] };
    expect(choices.map(({ index, finishReason }) => [index, finishReason])).toEqual([
      [0, 'stop'],
      [1, 'stop'],
      [2, 'stop'],
    ]);
    expect(choices[2]?.message.parts).toEqual(choices[0]?.message.parts);
  });

  it('that is cut ends in an error, not in silence', async () => {
    const text = await post(`${openai.url}/v1/chat/completions`, { model: 'a', messages, stream: true }, 'cut_clean_after=2');
    expect(text).toContain('PARAPET_VENDOR_CUT');
    expect(text).not.toContain('[DONE]');
  });
});
