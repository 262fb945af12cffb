/** What a vendor is sent: the client's own bytes where possible, the smallest change where not, a refusal where a wish would be lost. */
import { describe, expect, it } from 'vitest';
import { createWireFormats } from '../wire/index.ts';
import type { WireFormatId } from '../wire/types.ts';
import { createVendors, type VendorKind } from './index.ts';

const formats = createWireFormats();
const vendors = createVendors();
const hi = [{ role: 'user', content: 'hi' }];

function build(vendor: VendorKind, wire: WireFormatId, body: Record<string, unknown>, model = String(body['model'])) {
  const rawBody = Buffer.from(JSON.stringify(body, undefined, 1));
  return { rawBody, ...vendors[vendor].buildRequest({ request: formats[wire].parseRequest(body), model, rawBody, apiKey: 'sk' }) };
}

function sent(vendor: VendorKind, wire: WireFormatId, body: Record<string, unknown>, model?: string): Record<string, unknown> {
  return JSON.parse(build(vendor, wire, body, model).body.toString()) as Record<string, unknown>;
}

describe('a request in the vendor’s own format', () => {
  it('goes out as the very bytes that came', () => {
    const chat = build('openai', 'openai.chat', { model: 'm', messages: hi, tomorrow: [1] });
    expect(chat.body).toBe(chat.rawBody);
    const asked = build('openai', 'openai.chat', { model: 'm', messages: hi, stream: true, stream_options: { include_usage: true } });
    expect(asked.body).toBe(asked.rawBody);
    const message = build('anthropic', 'anthropic.messages', { model: 'm', max_tokens: 1, messages: hi, stream: true });
    expect(message.body).toBe(message.rawBody);
  });

  it('changes in its model and in asking for usage, and in nothing else', () => {
    const body = { model: 'm', messages: hi, tomorrow: [1], stream: true, stream_options: { include_obfuscation: false } };
    expect(sent('openai', 'openai.chat', body, 'real')).toEqual({
      ...body,
      model: 'real',
      stream_options: { include_obfuscation: false, include_usage: true },
    });
    const message = { model: 'm', max_tokens: 1, messages: hi, container: 'c' };
    expect(sent('anthropic', 'anthropic.messages', message, 'real')).toEqual({ ...message, model: 'real' });
  });

  it('carries the key the way the vendor reads it', () => {
    expect(build('openai', 'openai.chat', { model: 'm', messages: hi })).toMatchObject({
      path: '/chat/completions',
      headers: { authorization: 'Bearer sk' },
    });
    const headers = { 'x-api-key': 'sk', 'anthropic-version': '2023-06-01' };
    expect(build('anthropic', 'anthropic.messages', { model: 'm', max_tokens: 1, messages: hi })).toMatchObject({
      path: '/messages',
      headers,
    });
  });
});

describe('a request in the unified form', () => {
  const body = { model: 'm', messages: hi, user: 'u', agent_id: 'a', session_id: 's', stream: true, frequency_penalty: 1 };

  it('reaches an OpenAI-compatible vendor without the fields that are Parapet’s', () => {
    const { agent_id: _a, session_id: _s, ...rest } = body;
    expect(sent('openai', 'parapet.completions', body, 'real')).toEqual({
      ...rest,
      model: 'real',
      stream_options: { include_usage: true },
    });
  });

  it('reaches Anthropic translated', () => {
    const { frequency_penalty: _f, ...rest } = body;
    expect(sent('anthropic', 'parapet.completions', rest)).toEqual({
      model: 'm',
      max_tokens: 4096,
      stream: true,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      metadata: { user_id: 'u' },
    });
  });
});

describe('a conversation translated for Anthropic', () => {
  it('has its system texts in front and one turn per side', () => {
    const messages = [
      { role: 'system', content: 'S1' },
      ...hi,
      { role: 'user', content: '' },
      { role: 'developer', content: 'S2' },
      { role: 'user', content: 'again' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '' } },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '{"x":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'B' },
      { role: 'user', content: 'go on' },
    ];
    expect(sent('anthropic', 'openai.chat', { model: 'm', messages })).toMatchObject({
      system: [{ text: 'S1' }, { text: 'S2' }],
      messages: [
        { role: 'user', content: [{ text: 'hi' }, { text: 'again' }] },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a', input: {} },
            { type: 'tool_use', id: 'b', input: { x: 1 } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'a' }, { type: 'tool_result', tool_use_id: 'b' }, { text: 'go on' }],
        },
      ],
    });
  });

  it('pairs legacy functions with their results, one call at a time', () => {
    const messages = [
      ...hi,
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'R' },
    ];
    expect(sent('anthropic', 'openai.chat', { model: 'm', messages, functions: [{ name: 'f' }] })).toMatchObject({
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      messages: [
        {},
        { content: [{ type: 'tool_use', id: 'function_call_1' }] },
        { content: [{ type: 'tool_result', tool_use_id: 'function_call_1' }] },
      ],
    });
  });

  it('leaves out what changes nothing', () => {
    const harmless = {
      metadata: { a: 'b' },
      store: true,
      seed: 1,
      n: 1,
      logprobs: false,
      presence_penalty: 0,
      logit_bias: {},
      modalities: ['text'],
      tomorrow: null,
    };
    expect(Object.keys(sent('anthropic', 'openai.chat', { model: 'm', messages: hi, ...harmless })).sort()).toEqual([
      'max_tokens',
      'messages',
      'model',
    ]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['tomorrow', { tomorrow: 1 }],
    ['presence_penalty', { presence_penalty: 0.5 }],
    ['temperature', { temperature: 1.5 }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['reasoning_effort', { reasoning_effort: 'heroic' }],
    ['tools[0].type', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['tool_choice.type', { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto' } } }],
    ['messages', { messages: [{ role: 'system', content: 'x' }] }],
    [
      'messages[0].content[1]',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'input_audio', input_audio: {} },
            ],
          },
        ],
      },
    ],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{oops' } }] }] },
    ],
  ])('is refused with %s named for %j', (param, change) => {
    const refused = expect.objectContaining({ code: 'PARAPET_UNSUPPORTED', param });
    expect(() => sent('anthropic', 'openai.chat', { model: 'm', messages: hi, ...change })).toThrow(refused);
  });
});

describe('a conversation translated for an OpenAI-compatible vendor', () => {
  const base = { model: 'm', max_tokens: 9, messages: hi };

  it('has a message per tool result, in place', () => {
    const messages = [
      {
        role: 'assistant',
        content: [
          { type: 'redacted_thinking', data: 'x' },
          { type: 'text', text: 'T' },
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'A', is_error: true },
          { type: 'tool_result', tool_use_id: 'b' },
          { type: 'text', text: 'go on' },
        ],
      },
    ];
    expect(sent('openai', 'anthropic.messages', { ...base, system: 'S', messages })['messages']).toEqual([
      { role: 'system', content: 'S' },
      { role: 'assistant', content: 'T', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'user', content: 'go on' },
    ]);
  });

  it('leaves out thinking, which only its own vendor takes back', () => {
    const messages = [
      ...hi,
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 's' }] },
      { role: 'user', content: 'and?' },
    ];
    expect(sent('openai', 'anthropic.messages', { ...base, messages })['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: '' },
      { role: 'user', content: 'and?' },
    ]);
  });

  it('asks for reasoning in the words of the format', () => {
    const effort = (change: object) => sent('openai', 'anthropic.messages', { ...base, ...change })['reasoning_effort'];
    expect(effort({ thinking: { type: 'enabled', budget_tokens: 2000 } })).toBe('low');
    expect(effort({ thinking: { type: 'enabled', budget_tokens: 30000 } })).toBe('high');
    expect(effort({ thinking: { type: 'disabled' } })).toBe('none');
    expect(effort({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })).toBe('high');
    expect(effort({})).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ['top_k', { top_k: 5 }],
    ['container', { container: 'c' }],
    ['inference_geo', { inference_geo: 'eu' }],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    [
      'messages[0].content[1]',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'document', source: { type: 'url', url: 'http://x' } },
            ],
          },
        ],
      },
    ],
    [
      'messages[0].content[0]',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image', source: { type: 'url', url: 'u' } }] }],
          },
        ],
      },
    ],
  ])('is refused with %s named for %j', (param, change) => {
    const refused = expect.objectContaining({ code: 'PARAPET_UNSUPPORTED', param });
    expect(() => sent('openai', 'anthropic.messages', { ...base, ...change })).toThrow(refused);
  });
});
