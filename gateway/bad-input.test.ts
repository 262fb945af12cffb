/** What a broken or hostile client sends: refused in its own format, with a code, and recorded all the same. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Interaction } from '../schemas/types.ts';
import { ask, errorOf, eventually, type Harness, type RawAnswer, ROUTES, raw, startHarness, WIRES, type Wire } from './testing/harness.ts';

const LIMIT = 256 * 1024;
let harness: Harness;
let seen = 0;
beforeAll(async () => {
  harness = await startHarness({ env: { PARAPET_BODY_LIMIT_BYTES: String(LIMIT), PARAPET_REQUEST_TIMEOUT_MS: '300' } });
});
afterAll(() => harness.stop());

async function event(): Promise<Interaction> {
  seen += 1;
  const events = await harness.events(seen);
  expect(events).toHaveLength(seen);
  return events[seen - 1] as Interaction;
}

function expectFormat(wire: Wire, body: string, code: string, interactionId: string): void {
  const parsed = JSON.parse(body) as Record<string, unknown>;
  const text = { message: expect.stringContaining(`[${code}`) };
  if (wire === 'anthropic.messages') expect(parsed).toMatchObject({ type: 'error', error: { ...text, type: expect.any(String) } });
  else if (wire === 'openai.chat') expect(parsed).toMatchObject({ error: { ...text, type: expect.any(String), code } });
  else expect(parsed).toMatchObject({ error: { ...text, code, interaction_id: interactionId } });
  expect(body).toContain(interactionId);
}

/** The answer is an error of this wire, and one event says the same. */
async function expectRefused(wire: Wire, response: Response, status: number, code: string): Promise<Interaction> {
  const body = await response.text();
  expect(response.status, body).toBe(status);
  expect(response.headers.get('x-parapet-error')).toBe(code);
  const made = await event();
  expect(response.headers.get('x-parapet-interaction-id')).toBe(made.interactionId);
  expectFormat(wire, body, code, made.interactionId);
  expect(made).toMatchObject({ status: 'rejected', httpStatus: status, errorCode: code, wireFormat: wire, attempts: 0 });
  return made;
}

const deep = (levels: number) => `{"model":"sandbox-small","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe.each(WIRES)('%s', (wire) => {
  const route = ROUTES[wire];

  it.each([
    ['malformed JSON', '{"model": "sandbox-small", "messages": [', 400, 'PARAPET_BODY_NOT_JSON'],
    ['JSON of 100,000 levels', deep(100_000), 400, 'PARAPET_BODY_TOO_DEEP'],
    ['a field twice', JSON.stringify(ask('Hi')).replace('{', '{"model":"other",'), 400, 'PARAPET_BODY_AMBIGUOUS'],
    [
      'a field twice, deep down',
      JSON.stringify(ask('Hi')).replace('"content":', '"content":"Bye","\\u0063ontent":'),
      400,
      'PARAPET_BODY_AMBIGUOUS',
    ],
    ['an empty body', '', 400, 'PARAPET_BODY_NOT_JSON'],
    ['null', 'null', 400, 'PARAPET_INVALID_REQUEST'],
    ['an array', '[]', 400, 'PARAPET_INVALID_REQUEST'],
    ['a string', '"x"', 400, 'PARAPET_INVALID_REQUEST'],
    ['no messages', '{"model":"sandbox-small","max_tokens":5}', 400, 'PARAPET_INVALID_REQUEST'],
    ['a model that nobody serves', JSON.stringify(ask('Hi', { model: 'nobody-9' })), 404, 'PARAPET_MODEL_UNKNOWN'],
    ['max_tokens below one', JSON.stringify(ask('Hi', { max_tokens: -5 })), 400, 'PARAPET_INVALID_REQUEST'],
    ['a stream that is neither true nor false', JSON.stringify(ask('Hi', { stream: 'yes' })), 400, 'PARAPET_INVALID_REQUEST'],
    ['a prototype for a body', '{"__proto__":{"model":"sandbox-small"},"constructor":1}', 400, 'PARAPET_INVALID_REQUEST'],
  ])('refuses %s', async (_what, body, status, code) => {
    const made = await expectRefused(wire, await harness.post(route, body), status, code);
    if (code === 'PARAPET_BODY_NOT_JSON' && body !== '') expect(harness.unsealed(made).error).toBe(body);
  });

  it('refuses invalid UTF-8, and other content types than JSON', async () => {
    const headers = { authorization: `Bearer ${harness.key}`, 'content-type': 'application/json' };
    const body = Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('"}')]);
    await expectRefused(wire, await fetch(harness.url + route, { method: 'POST', headers, body }), 400, 'PARAPET_BODY_NOT_UTF8');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      await expectRefused(wire, await harness.post(route, ask('Hi'), { 'content-type': type }), 415, 'PARAPET_CONTENT_TYPE');
    const bare = await fetch(harness.url + route, {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.key}` },
      body: new Uint8Array([123, 125]),
    });
    await expectRefused(wire, bare, 415, 'PARAPET_CONTENT_TYPE');
    await (await harness.post(route, ask('Hi'), { 'content-type': 'application/json; charset=UTF-8' })).text();
    expect(await event()).toMatchObject({ status: 'answered' });
  });

  it('refuses a missing and a wrong key, and keeps nothing of what a stranger said', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(ask('my secret'));
    const missing = await fetch(harness.url + route, { method: 'POST', headers, body });
    expect(await expectRefused(wire, missing, 401, 'PARAPET_KEY_MISSING')).toMatchObject({
      org: 'unknown',
      requestContent: null,
      errorContent: null,
    });
    const wrong = await harness.post(route, body, { authorization: 'Bearer pk_wrong' });
    await expectRefused(wire, wrong, 401, 'PARAPET_KEY_INVALID');
    const empty = await fetch(harness.url + route, { method: 'POST', headers: { ...headers, 'x-api-key': '' }, body });
    await expectRefused(wire, empty, 401, 'PARAPET_KEY_MISSING');
  });

  it('refuses a body over the limit, announced or not', async () => {
    await expectRefused(wire, await harness.post(route, ask('x'.repeat(LIMIT))), 413, 'PARAPET_BODY_TOO_LARGE');
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;
    const chunked = await raw(harness.url, [head(wire, 'transfer-encoding: chunked'), ...Array.from({ length: 6 }, () => chunk)], {
      hold: true,
    });
    await expectRaw(wire, chunked, 413, 'PARAPET_BODY_TOO_LARGE');
  });

  it('refuses a body that does not come in time', async () => {
    const slow = await raw(harness.url, [head(wire, 'content-length: 100'), '{"model"'], { hold: true });
    await expectRaw(wire, slow, 408, 'PARAPET_BODY_TIMEOUT');
  });

  it('records a client that leaves within its body', async () => {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
    socket.write(`${head(wire, 'content-length: 100')}{"model"`);
    await new Promise((resolve) => setImmediate(resolve));
    await eventually(() => socket.bytesWritten > 100);
    socket.destroy();
    expect(await event()).toMatchObject({ status: 'rejected', errorCode: 'PARAPET_BODY_INCOMPLETE', httpStatus: 0 });
  });

  it('refuses other methods', async () => {
    const response = await fetch(harness.url + route);
    expect(response.status).toBe(405);
    expect(errorOf(await response.text()).code).toBe('PARAPET_METHOD_NOT_ALLOWED');
  });

  it('refuses a user with control characters or half a character, and takes both in content', async () => {
    const own = (user: string) => (wire === 'anthropic.messages' ? { metadata: { user_id: user } } : { user });
    for (const user of ['\ud800', 'a\u0000b', 'u'.repeat(257)])
      await expectRefused(wire, await harness.post(route, ask('Hi', own(user))), 400, 'PARAPET_INVALID_REQUEST');
    const text = 'null \u0000, half \ud83d, bell \u0007, and \u202e reversed';
    const response = await harness.post(
      route,
      `{"model":"sandbox-small","max_tokens":9,"messages":[{"role":"user","content":${JSON.stringify(text)}}]}`,
    );
    expect(response.status).toBe(200);
    await response.text();
    expect(harness.unsealed(await event()).request?.messages[0]?.parts).toEqual([{ type: 'text', text }]);
  });

  it('takes quotation marks, backslashes and colons in texts and names for what they are', async () => {
    const text = 'a ":" and {"a": "\\"}, \\\\": \\ : \n"';
    const response = await harness.post(route, ask(text, { metadata: { '":\\"': ':', '\\': '"' } }));
    expect(response.status).toBe(200);
    await response.text();
    expect(harness.unsealed(await event()).request).toMatchObject({ messages: [{ parts: [{ text }] }] });
  });

  it('takes a prompt of 100,000 characters', async () => {
    const text = 'All work and no play. '.repeat(4_546);
    await (await harness.post(route, ask(text))).text();
    const made = await event();
    expect(made).toMatchObject({ status: 'answered', contentTruncated: false });
    expect(harness.unsealed(made).request?.messages[0]?.parts).toEqual([{ type: 'text', text }]);
  });

  it('records the largest numbers that JSON can say', async () => {
    const more = wire === 'anthropic.messages' ? {} : { seed: -Number.MAX_SAFE_INTEGER };
    const response = await harness.post(route, ask('Hi', { max_tokens: Number.MAX_SAFE_INTEGER, ...more }));
    expect(response.status).toBe(200);
    await response.text();
    expect(await event()).toMatchObject({ status: 'answered', parameters: { maxTokens: Number.MAX_SAFE_INTEGER - 1 } });
  });

  it('keeps names short in the event and whole in the sealed content', async () => {
    const name = 'n'.repeat(5_000);
    const tools = wire === 'anthropic.messages' ? [{ name, input_schema: { type: 'object' } }] : [{ type: 'function', function: { name } }];
    await (await harness.post(route, ask('Hi', { tools }))).text();
    const made = await event();
    expect(made.toolNames[0]?.length).toBeLessThan(300);
    expect(harness.unsealed(made).request?.tools[0]?.name).toBe(name);
  });

  it('does not let a key speak for an agent by a header that came twice', async () => {
    const body = JSON.stringify(ask('Hi'));
    const twice = `x-parapet-user: ada\r\nx-parapet-user: bob\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
    const answer = await raw(harness.url, [head(wire, twice), body], { hold: true });
    expect(answer.status).toBe(200);
    expect(await event()).toMatchObject({ userId: 'ada, bob' });
  });
});

describe('what is not even a request of ours', () => {
  it('is refused in a readable form', async () => {
    const unknown = await harness.post('/v1/nothing', {});
    expect(unknown.status).toBe(404);
    expect(errorOf(await unknown.text()).code).toBe('PARAPET_ROUTE_UNKNOWN');
    const huge = await raw(harness.url, [`GET / HTTP/1.1\r\nhost: x\r\n${`x-a: ${'y'.repeat(8_000)}\r\n`.repeat(4)}\r\n`], { hold: true });
    expect(huge.status).toBe(431);
    expect(errorOf(huge.body).code).toBe('PARAPET_HEADERS_TOO_LARGE');
    const garbage = await raw(harness.url, ['\u0000\u0001 what\r\n\r\n'], { hold: true });
    expect(garbage.status).toBe(400);
    expect(errorOf(garbage.body).code).toBe('PARAPET_INVALID_REQUEST');
    const badUrl = await raw(harness.url, ['GET /v1/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'], { hold: true });
    expect([400, 404]).toContain(badUrl.status);
    expect(errorOf(badUrl.body).code).toMatch(/^PARAPET_/);
  });

  it('leaves the gateway healthy', async () => {
    expect((await fetch(`${harness.url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${harness.url}/metrics`)).text();
    expect(metrics).toContain('parapet_interactions_lost_total 0');
    expect(await harness.events(seen)).toHaveLength(seen);
  });
});

function head(wire: Wire, more: string): string {
  return `POST ${ROUTES[wire]} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\n${more}\r\n\r\n`;
}

async function expectRaw(wire: Wire, answer: RawAnswer, status: number, code: string): Promise<void> {
  expect(answer.status).toBe(status);
  const made = await event();
  expectFormat(wire, answer.body, code, made.interactionId);
  expect(made).toMatchObject({ status: 'rejected', httpStatus: status, errorCode: code });
}
