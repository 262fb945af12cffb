/**
 * Answers and errors as clients receive them: the official SDKs must raise the gateway's errors with code, hint and
 * interaction; the unified form carries its security report; older clients get the older form.
 */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import { createVendors } from '../vendors/index.ts';
import { createSandbox, type Sandbox } from '../vendors/sandbox/server.ts';
import { createPipe, type Pipe } from '../vendors/testing/pipe.ts';
import { createWireFormats } from './index.ts';
import type { CanonicalAnswer, RenderContext, WireFormatId } from './types.ts';

const formats = createWireFormats({ nowMs: () => 5_000 });
let sandbox: Sandbox;
let pipe: Pipe;
let translated: Pipe;
beforeAll(async () => {
  sandbox = await createSandbox();
  pipe = await createPipe({ upstream: sandbox.url, vendor: 'openai' });
  translated = await createPipe({ upstream: sandbox.url, vendor: 'anthropic' });
});
afterAll(async () => {
  await Promise.all([pipe.close(), translated.close()]);
  await sandbox.close();
});

async function unified(body: object, directives = '', at = pipe): Promise<{ status: number; text: string }> {
  const response = await fetch(`${at.url}/v1/ai/completions`, {
    method: 'POST',
    headers: { 'x-sandbox': directives },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const security = { threats_detected: 1, policy_violations: 0, risk_score: 0.25 };
const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }], user: 'u', agent_id: 'a', session_id: 's' };

describe('the unified form', () => {
  it('answers with what the gateway found, under the id of the interaction', async () => {
    for (const vendor of [pipe, translated]) {
      const { text } = await unified(ask, 'echo=1', vendor);
      expect(JSON.parse(text)).toEqual({
        id: 'int_1',
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'hi', refusal: null }, logprobs: null, finish_reason: 'stop' }],
        usage: expect.objectContaining({ prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 }),
        security,
      });
      expect(vendor.last().request).toMatchObject({ agentId: 'a', sessionId: 's', user: 'u' });
      expect(JSON.stringify(vendor.last().sent)).not.toMatch(/agent_id|session_id/);
    }
  });

  it('streams chunks, the last of them with usage and findings', async () => {
    for (const vendor of [pipe, translated]) {
      const { text } = await unified({ ...ask, stream: true }, 'echo=1', vendor);
      const frames = text.trim().split('\n\n');
      expect(frames.at(-1)).toBe('data: [DONE]');
      const last = JSON.parse((frames.at(-2) ?? '').slice(6)) as unknown;
      expect(last).toMatchObject({ id: 'int_1', choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 }, security });
    }
  });

  it('names code, field, hint and interaction in its errors', async () => {
    const { status, text } = await unified({ ...ask, max_tokens: -1 });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'PARAPET_INVALID_REQUEST', param: 'max_tokens', interaction_id: 'int_1' } });
  });
});

describe('an error of the gateway', () => {
  it('is raised by the OpenAI SDK with its code, field and hint', async () => {
    const sdk = new OpenAI({ baseURL: `${pipe.url}/v1`, apiKey: 'k', maxRetries: 0 });
    const call = sdk.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'x' }], temperature: 9 });
    await expect(call).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(call).rejects.toMatchObject({ code: 'PARAPET_INVALID_REQUEST', param: 'temperature', type: 'invalid_request_error' });
    await expect(call).rejects.toThrow(/See the message for the field.*interaction int_1/);
  });

  it('is raised by the Anthropic SDK with its code, kind and hint', async () => {
    const sdk = new Anthropic({ baseURL: pipe.url, apiKey: 'k', maxRetries: 0 });
    const call = sdk.messages.create({ model: 'm', max_tokens: -1, messages: [{ role: 'user', content: 'x' }] });
    await expect(call).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    await expect(call).rejects.toMatchObject({ errorCode: 'PARAPET_INVALID_REQUEST', type: 'invalid_request_error' });
    await expect(call).rejects.toThrow(/See the message for the field.*interaction int_1/);
  });

  it.each([
    ['PARAPET_KEY_INVALID', 'authentication_error', 'authentication_error'],
    ['PARAPET_BLOCKED', 'permission_error', 'permission_error'],
    ['PARAPET_MODEL_UNKNOWN', 'not_found_error', 'not_found_error'],
    ['PARAPET_BODY_TOO_LARGE', 'invalid_request_error', 'request_too_large'],
    ['PARAPET_VENDOR_RATE_LIMITED', 'rate_limit_error', 'rate_limit_error'],
    ['PARAPET_SPOOL_FULL', 'server_error', 'overloaded_error'],
    ['PARAPET_VENDOR_TIMEOUT', 'server_error', 'timeout_error'],
    ['PARAPET_INTERNAL', 'server_error', 'api_error'],
  ] as const)('%s is a %s to OpenAI’s clients and a %s to Anthropic’s', (code, openai, anthropic) => {
    const error = new ParapetError(code);
    expect(formats['openai.chat'].renderError(error, 'i')).toMatchObject({ error: { type: openai, code } });
    expect(formats['anthropic.messages'].renderError(error, 'i')).toMatchObject({
      type: 'error',
      error: { type: anthropic, code },
      request_id: 'i',
    });
  });
});

function context(wire: WireFormatId, body: Record<string, unknown>): RenderContext {
  const full = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }], ...body };
  return { interactionId: 'int_1', request: formats[wire].parseRequest(full), security: () => security };
}

function answerWith(parts: CanonicalAnswer['content']['choices'][number]['message']['parts']): CanonicalAnswer {
  return { id: '', model: 'm', content: { choices: [{ index: 0, message: { role: 'assistant', parts }, finishReason: 'tool_calls' }] } };
}

describe('a client of legacy functions', () => {
  const legacy = context('openai.chat', { functions: [{ name: 'f' }] });

  it('is answered with a function call', () => {
    const answer = answerWith([{ type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":1}' }]);
    const rendered = formats['openai.chat'].renderResponse(answer, legacy);
    expect(rendered).toMatchObject({
      id: 'int_1',
      created: 5,
      choices: [{ finish_reason: 'function_call', message: { function_call: { name: 'f', arguments: '{"x":1}' } } }],
    });
    expect(JSON.stringify(rendered)).not.toContain('tool_calls');
  });

  it('is streamed one', () => {
    const renderer = formats['openai.chat'].createStreamRenderer(legacy);
    const text = [
      renderer.render({ type: 'tool_call_start', choice: 0, part: 0, id: 'a', name: 'f' }),
      renderer.render({ type: 'tool_call_arguments', choice: 0, part: 0, text: '{}' }),
      renderer.render({ type: 'finish', choice: 0, reason: 'tool_calls' }),
    ].join('');
    expect(text).toContain('"function_call":{"name":"f","arguments":""}');
    expect(text).toContain('"finish_reason":"function_call"');
  });
});

describe('an answer that its client’s format has no place for', () => {
  it('keeps malformed tool arguments as text for an Anthropic client', () => {
    const answer = answerWith([{ type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":' }]);
    const rendered = formats['anthropic.messages'].renderResponse(answer, context('anthropic.messages', {}));
    expect(rendered['content']).toEqual([{ type: 'tool_use', id: 'a', name: 'f', input: { malformed_arguments: '{"x":' } }]);
  });

  it('shows blocks of Anthropic’s own to its clients, whole and streamed, and leaves them out for others', () => {
    const json = '{"type":"redacted_thinking","data":"xyz"}';
    const answer = answerWith([
      { type: 'other', kind: 'redacted_thinking', json },
      { type: 'text', text: 'T' },
    ]);
    const toAnthropic = context('anthropic.messages', {});
    expect(formats['anthropic.messages'].renderResponse(answer, toAnthropic)['content']).toEqual([
      JSON.parse(json),
      { type: 'text', text: 'T' },
    ]);
    const streamed = formats['anthropic.messages']
      .createStreamRenderer(toAnthropic)
      .render({ type: 'other', choice: 0, part: 0, kind: 'redacted_thinking', json });
    expect(streamed).toContain(`"content_block":${json}`);
    expect(JSON.stringify(formats['openai.chat'].renderResponse(answer, context('openai.chat', {})))).not.toContain('xyz');
  });

  it('joins several texts for an OpenAI client, whose content is one string', () => {
    const body = {
      id: 'msg',
      model: 'm',
      stop_reason: 'end_turn',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    };
    const answer = createVendors().anthropic.parseResponse(body);
    expect(formats['openai.chat'].renderResponse(answer, context('openai.chat', {}))).toMatchObject({
      choices: [{ message: { content: 'ab' } }],
    });
  });
});
