/** Sensitive data on its way to the vendor and back: what the vendor gets, what the client gets, what the event says. */
import { request as call, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, errorOf, type Harness, ROUTES, startHarness, WIRES } from './testing/harness.ts';
import { createSandbox, type Sandbox } from './vendors/sandbox/server.ts';

const MAIL = 'ann.smith@example.org';
const CARD = '4111 1111 1111 1111';
const SECRET = 'Write to ann.smith@example.org about card 4111 1111 1111 1111, and to ann.smith@example.org again.';

/** Between gateway and sandbox: keeps every body that it passes on. */
async function recordingVendor(): Promise<{ url: string; bodies: string[]; close(): Promise<void> }> {
  const sandbox: Sandbox = await createSandbox();
  const bodies: string[] = [];
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push(body.toString());
      const path = (incoming.url ?? '').replace(/^\/v1/, '');
      const { host: _host, 'content-length': _length, ...headers } = incoming.headers;
      const onward = call(sandbox.url + path, { method: incoming.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await sandbox.close();
    },
  };
}

describe('sensitive data', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(env: Record<string, string>): Promise<Harness & { bodies: string[] }> {
    const vendor = await recordingVendor();
    cleanups.push(vendor.close);
    const harness = await startHarness({ vendorUrl: vendor.url, env });
    cleanups.push(harness.stop);
    return { ...harness, bodies: vendor.bodies };
  }

  /** All that a client could read of an answer, whole or streamed. */
  function said(body: string): string {
    const pieces: string[] = [];
    for (const line of body.startsWith('{') ? [`data: ${body}`] : body.split('\n')) {
      if (!line.startsWith('data: {')) continue;
      JSON.parse(line.slice(6), (key, value: unknown) => {
        if ((key === 'content' || key === 'text') && typeof value === 'string') pieces.push(value);
        return value;
      });
    }
    return pieces.join('');
  }

  it.each(WIRES.flatMap((wire) => [false, true].map((stream) => [wire, stream] as const)))(
    'is a token to the vendor and itself to the client: %s, streamed %s',
    async (wire, stream) => {
      const { post, bodies, events, unsealed } = await start({ PARAPET_SENSITIVE_REQUEST: 'tokenise' });
      const response = await post(ROUTES[wire], ask(`[[sandbox: echo=1,chunks=40]] ${SECRET}`, { stream }));
      expect(response.status).toBe(200);
      expect(said(await response.text()).trim()).toBe(SECRET);
      expect(bodies[0]).toContain('Write to <EMAIL_1> about card <CREDIT_CARD_1>, and to <EMAIL_1> again.');
      expect(bodies[0]).not.toMatch(/ann\.smith|4111/);
      const [event] = await events(1);
      expect(event?.policyDecisions).toMatchObject([
        { policyId: 'builtin.sensitive', effect: 'redact', reason: 'request: 2 × EMAIL, 1 × CREDIT_CARD' },
      ]);
      // The record is of what the client said and got.
      const { request, response: answer } = unsealed(event as NonNullable<typeof event>);
      expect(JSON.stringify(request)).toContain(MAIL);
      expect(JSON.stringify(answer)).toContain(CARD);
    },
  );

  it('is hidden for good when masked, and equal values stay equal when hashed', async () => {
    const { post, bodies } = await start({
      PARAPET_SENSITIVE_REQUEST: 'mask,EMAIL_ADDRESS=hash',
      PARAPET_SENSITIVE_HASH_KEY: 'a key of more than sixteen characters',
    });
    const response = await post(ROUTES['openai.chat'], ask(`[[sandbox: echo=1]] ${SECRET}`));
    expect(said(await response.text())).toMatch(/^Write to (\[EMAIL:[0-9a-f]{16}\]) about card \[CREDIT_CARD\], and to \1 again\.$/);
    expect(bodies[0]).not.toMatch(/ann\.smith|4111/);
  });

  it.each([false, true])('is refused where it must not go, and no vendor is asked (streamed %s)', async (stream) => {
    const { post, bodies, events } = await start({ PARAPET_SENSITIVE_REQUEST: 'allow,CREDIT_CARD=block' });
    const response = await post(ROUTES['anthropic.messages'], ask(SECRET, { stream }));
    expect(response.status).toBe(403);
    const error = errorOf(await response.text());
    expect(error.code).toBe('PARAPET_BLOCKED');
    expect(JSON.stringify(error)).not.toContain('4111');
    expect(bodies).toEqual([]);
    expect((await events(1))[0]).toMatchObject({
      status: 'blocked',
      verdicts: [{ ruleId: 'SD-CREDIT_CARD', threatType: 'sensitive_data', action: 'blocked' }],
    });
    expect((await post(ROUTES['anthropic.messages'], ask(`Mail ${MAIL}`))).status).toBe(200);
  });

  it('is found wherever it stands in a request', async () => {
    const { post, bodies } = await start({ PARAPET_SENSITIVE_REQUEST: 'mask' });
    const text = `Reach me at ${MAIL}.`;
    const response = await post(ROUTES['anthropic.messages'], {
      model: 'claude-sandbox',
      max_tokens: 100,
      system: [{ type: 'text', text }],
      metadata: { user_id: MAIL },
      messages: [
        { role: 'user', content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }] },
        {
          role: 'user',
          content: [{ type: 'document', source: { type: 'base64', media_type: 'text/plain', data: Buffer.from(text).toString('base64') } }],
        },
        {
          role: 'user',
          content: [
            {
              type: 'document',
              source: { type: 'base64', media_type: 'application/json', data: Buffer.from(`{"a":"${text}"}`).toString('base64') },
            },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't1', name: 'pay', input: { to: MAIL, card: 4111111111111111, data: CARD } }],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text }] }] },
      ],
    });
    expect(response.status).toBe(200);
    const sent = bodies[0] as string;
    expect(sent).not.toMatch(/ann\.smith|41111111|4111 1111/);
    expect(sent).not.toContain(Buffer.from(text).toString('base64').slice(0, 30));
    expect(sent).toContain(Buffer.from('{"a":"Reach me at [EMAIL]."}').toString('base64'));
    expect(JSON.parse(sent)).toMatchObject({ model: 'claude-sandbox', max_tokens: 100, metadata: { user_id: '[EMAIL]' } });
  });

  it.each([
    ['in base64 of another type', `data:application/json;base64,${btoa(`"${MAIL}"`)}`, `data:application/json;base64,${btoa('"[EMAIL]"')}`],
    ['in base64 of no type', btoa(`to ${MAIL}`), btoa('to [EMAIL]')],
    ['in a URL', `data:text/plain,to%20${MAIL}`, 'data:text/plain,to%20%5BEMAIL%5D'],
    ['as it is', `to ${MAIL}`, 'to [EMAIL]'],
    ['that is a picture', `data:image/png;base64,${btoa(`to ${MAIL}`)}`, `data:image/png;base64,${btoa(`to ${MAIL}`)}`],
  ])('is hidden in a file %s', async (_what, file_data, sent) => {
    const { post, bodies } = await start({ PARAPET_SENSITIVE_REQUEST: 'mask' });
    const content = [{ type: 'file', file: { file_data, filename: 'a.bin' } }];
    await (await post(ROUTES['openai.chat'], ask('', { messages: [{ role: 'user', content }] }))).text();
    expect(JSON.parse(bodies[0] as string).messages[0].content[0].file.file_data).toBe(sent);
  });

  it.each([false, true])('of the answer itself is hidden too (streamed %s)', async (stream) => {
    const { post, events } = await start({ PARAPET_SENSITIVE_RESPONSE: 'mask' });
    const response = await post(ROUTES['openai.chat'], ask(`[[sandbox: echo=1,chunks=60]] ${SECRET}`, { stream }));
    expect(said(await response.text()).trim()).toBe('Write to [EMAIL] about card [CREDIT_CARD], and to [EMAIL] again.');
    expect((await events(1))[0]?.policyDecisions).toMatchObject([{ effect: 'redact', reason: 'response: 2 × EMAIL, 1 × CREDIT_CARD' }]);
  });

  it('is in the answer’s tokens no longer either', async () => {
    const content = `Mail ${MAIL} now`;
    const logprobs = { content: content.split(/(?<=[ .@])/).map((token) => ({ token, logprob: -0.1, bytes: [...Buffer.from(token)] })) };
    const choice = { index: 0, message: { role: 'assistant', content }, logprobs, finish_reason: 'stop' };
    const vendor = createServer((incoming, response) => {
      incoming.resume();
      incoming.on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ id: 'a', object: 'chat.completion', created: 1, model: 'gpt-sandbox', choices: [choice] }));
      });
    });
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => vendor.close(resolve)));
    const vendorUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`;
    for (const [mode, isLeft] of [
      ['mask', false],
      ['allow', true],
    ] as const) {
      const harness = await startHarness({ vendorUrl, env: { PARAPET_SENSITIVE_RESPONSE: mode } });
      cleanups.push(harness.stop);
      const text = await (await harness.post(ROUTES['openai.chat'], ask('Hi', { logprobs: true }))).text();
      expect([text.includes('smith'), text.includes('-0.1')]).toEqual([isLeft, isLeft]);
    }
  });

  it('stops an answer that must not hold it, before a digit has left', async () => {
    const { post, events } = await start({ PARAPET_SENSITIVE_RESPONSE: 'allow,CREDIT_CARD=block' });
    const response = await post(ROUTES['openai.chat'], ask(`[[sandbox: echo=1,chunks=60]] ${SECRET}`, { stream: true }));
    const text = await response.text();
    expect(text).not.toContain('4111');
    expect(text).not.toContain('[DONE]');
    expect((await events(1))[0]).toMatchObject({ status: 'blocked', errorCode: 'PARAPET_BLOCKED' });
  });

  it('goes on byte for byte where nothing was found', async () => {
    const { post, bodies } = await start({ PARAPET_SENSITIVE_REQUEST: 'tokenise' });
    const body = `{ "model":"gpt-sandbox",  "messages":[{"role":"user","content":"Plain words, <EMAIL_1> included."}] }`;
    expect((await post(ROUTES['openai.chat'], body)).status).toBe(200);
    expect(bodies).toEqual([body]);
  });

  it.each([
    ['PARAPET_SENSITIVE_REQUEST', 'hide', /"hide" is not one of/],
    ['PARAPET_SENSITIVE_RESPONSE', 'mask,email', /"email" is not TYPE=action/],
    ['PARAPET_SENSITIVE_REQUEST', 'mask,EMAIL_ADDRESS=eat', /"eat" is not one of/],
    ['PARAPET_SENSITIVE_REQUEST', 'hash', /PARAPET_SENSITIVE_HASH_KEY/],
  ])('needs settings that mean something: %s=%s', async (name, value, says) => {
    await expect(startHarness({ env: { [name]: value } })).rejects.toMatchObject({
      code: 'PARAPET_CONFIG_INVALID',
      message: expect.stringMatching(says),
    });
  });
});
