/** The sandbox keeps its word: reproducible when well, and exactly as broken as it is told to be. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from './server.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

function post(body: object, directives?: string, path = '/chat/completions'): Promise<Response> {
  const headers: Record<string, string> = directives === undefined ? {} : { 'x-sandbox': directives };
  return fetch(sandbox.url + path, { method: 'POST', headers, body: JSON.stringify({ model: 'm', max_tokens: 1000, ...body }) });
}

const say = (content: string) => ({ messages: [{ role: 'user', content }] });
const textOf = async (response: Response) =>
  ((await response.json()) as { choices: [{ message: { content: string } }] }).choices[0].message.content;

describe('the sandbox vendor', () => {
  it.each(['/chat/completions', '/messages'])('answers the same request the same way at %s', async (path) => {
    for (const stream of [false, true]) {
      const [first, second, other] = await Promise.all(
        ['one', 'one', 'two'].map(async (text) => (await post({ ...say(text), stream }, undefined, path)).text()),
      );
      expect(first).toBe(second);
      expect(first).not.toBe(other);
    }
  });

  it('takes directives from the text, and does not repeat them', async () => {
    expect(await textOf(await post(say('hello [[sandbox: echo=1]]')))).toBe('hello');
  });

  it('refuses a directive that it does not know', async () => {
    const response = await post(say('x'), 'ecko=1');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('ecko=1');
  });

  it('answers as long as told, in as many chunks as told', async () => {
    expect(await textOf(await post(say('x'), 'text_chars=1000'))).toHaveLength(1000);
    const text = await (await post({ ...say('x'), stream: true }, 'text_chars=1000,chunks=10')).text();
    expect(text.match(/"delta":\{"content":"/g)?.length).toBe(10);
  });

  it('is slow when told', async () => {
    const started = performance.now();
    await (await post(say('x'), 'delay_ms=60')).text();
    expect(performance.now() - started).toBeGreaterThan(55);
  });

  it('fails with the status and delay told', async () => {
    const response = await post(say('x'), 'status=429,retry_after=2', '/messages');
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });

  it('hangs when told, and can be closed all the same', async () => {
    const own = await createSandbox();
    const hanging = fetch(`${own.url}/chat/completions`, {
      method: 'POST',
      headers: { 'x-sandbox': 'hang=1' },
      body: JSON.stringify(say('x')),
    });
    const outcome = expect(hanging).rejects.toThrow();
    await expect(Promise.race([hanging, new Promise((resolve) => setTimeout(resolve, 80, 'silence'))])).resolves.toBe('silence');
    await own.close();
    await outcome;
  });

  it('destroys the socket when told to cut', async () => {
    await expect((await post({ ...say('x'), stream: true }, 'cut_after=2')).text()).rejects.toThrow();
    await expect((await post(say('x'), 'cut_after=1')).text()).rejects.toThrow();
  });

  it('leaves usage out when told', async () => {
    expect(await (await post(say('x'), 'no_usage=1')).json()).not.toHaveProperty('usage');
  });

  it('lists its models and knows no other route', async () => {
    expect(await (await fetch(`${sandbox.url}/models`)).json()).toMatchObject({ data: [{ id: 'sandbox-small' }, { id: 'sandbox-large' }] });
    expect((await fetch(`${sandbox.url}/elsewhere`)).status).toBe(404);
  });
});
