/** A vendor's refusal becomes a coded error with a fitting status, whatever the body looks like. */
import { describe, expect, it } from 'vitest';
import { createVendors } from './index.ts';

const now = Date.parse('Tue, 01 Jul 2025 00:00:00 GMT');
const { openai, anthropic } = createVendors({ nowMs: () => now });

describe('a rate limit', () => {
  it.each<[string | undefined, number | undefined]>([
    ['2', 2],
    ['0.5', 0.5],
    [' 7 ', 7],
    ['Tue, 01 Jul 2025 00:00:30 GMT', 30],
    ['Mon, 30 Jun 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('with retry-after %j asks to wait %s seconds', (value, seconds) => {
    const error = openai.parseError(429, { 'retry-after': value }, '');
    expect(error).toMatchObject({ code: 'PARAPET_VENDOR_RATE_LIMITED', status: 429 });
    expect(error.retryAfterSeconds).toBe(seconds);
  });

  it('prefers milliseconds where the vendor gives them', () => {
    expect(openai.parseError(429, { 'retry-after-ms': '1500', 'retry-after': ['2'] }, '').retryAfterSeconds).toBe(1.5);
  });
});

describe('a refusal', () => {
  it.each([
    [400, 400],
    [404, 404],
    [413, 413],
    [422, 422],
    [408, 504],
    [500, 502],
    [502, 502],
    [503, 503],
    [529, 503],
    [402, 502],
  ])('with status %i reaches the caller as %i', (status, outward) => {
    expect(anthropic.parseError(status, {}, '')).toMatchObject({ code: 'PARAPET_VENDOR_ERROR', status: outward });
  });

  it('shows the vendor’s message and field', () => {
    const error = openai.parseError(400, {}, '{"error":{"message":"Too long","param":"messages"}}');
    expect(error).toMatchObject({ message: expect.stringContaining('Too long'), param: 'messages' });
    expect(anthropic.parseError(400, {}, '{"type":"error","error":{"type":"x","message":"No."}}').message).toContain('No.');
    expect(openai.parseError(400, {}, '{"error":"plain"}').message).toContain('plain');
    expect(openai.parseError(400, {}, '{"detail":"of a framework"}').message).toContain('of a framework');
  });

  it.each(['', '   ', '<html><body>Bad gateway</body></html>', 'null', '[]', '5', '{"error":null}', '{"error":{"message":5}}'])(
    'is understood when its body is %j',
    (body) => {
      const { message } = openai.parseError(502, {}, body);
      expect(message).toMatch(/answered 502/);
      expect(message).not.toContain('html');
    },
  );

  it('of the key is the gateway’s fault and repeats no part of the key', () => {
    const error = openai.parseError(401, {}, '{"error":{"message":"Incorrect API key provided: sk-abc"}}');
    expect(error).toMatchObject({ status: 502, code: 'PARAPET_VENDOR_ERROR' });
    expect(error.message).not.toContain('sk-abc');
  });

  it('is clipped when it is long', () => {
    expect(openai.parseError(400, {}, JSON.stringify({ error: { message: 'x'.repeat(5000) } })).message.length).toBeLessThan(400);
  });
});

describe('an answer with status 200', () => {
  it.each([null, 5, {}, { choices: 5 }, { choices: [5] }, { choices: [{}] }, { choices: [{ message: { content: 5 } }] }])(
    'is garbage when it is %j',
    (body) => {
      expect(() => openai.parseResponse(body)).toThrow(expect.objectContaining({ code: 'PARAPET_VENDOR_GARBAGE' }));
      expect(() => anthropic.parseResponse(body)).toThrow(expect.objectContaining({ code: 'PARAPET_VENDOR_GARBAGE' }));
    },
  );

  it('is kept when a compatible vendor forgets a call’s id or sends arguments as an object', () => {
    const message = { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] };
    expect(openai.parseResponse({ choices: [{ message }] }).content.choices[0]?.message.parts).toEqual([
      { type: 'tool_call', id: 'call_0_0', name: 'f', arguments: '{"x":1}' },
    ]);
  });

  it('may still be an error', () => {
    expect(() => openai.parseResponse({ error: { message: 'Busy' } })).toThrow(expect.objectContaining({ code: 'PARAPET_VENDOR_ERROR' }));
  });
});
