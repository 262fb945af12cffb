/** Streams as vendors really send them, odd ones included, and what the adapters make of them. */
import { describe, expect, it } from 'vitest';
import { createAccumulator } from '../wire/accumulator.ts';
import type { StreamEvent } from '../wire/types.ts';
import { readUnterminated } from './end-mark.ts';
import { createVendors, type VendorKind } from './index.ts';
import { isUsageOnlyChunk } from './openai/index.ts';

const vendors = createVendors();

function events(vendor: VendorKind, frames: (object | string)[]): StreamEvent[] {
  const parser = vendors[vendor].createStreamParser();
  return frames.flatMap((frame) => parser.push({ event: undefined, data: typeof frame === 'string' ? frame : JSON.stringify(frame) }));
}

function answer(vendor: VendorKind, frames: (object | string)[]) {
  const collected = createAccumulator();
  for (const event of events(vendor, frames)) collected.push(event);
  return collected.answer();
}

const chunk = (delta: object, finish_reason: string | null = null, rest: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt',
  choices: [{ index: 0, delta, finish_reason }],
  ...rest,
});
const tool = (index: number | undefined, fn: object, id?: string) => chunk({ tool_calls: [{ index, id, type: 'function', function: fn }] });

describe('a chat completions stream', () => {
  it('begins with the role alone and ends with usage in a chunk without choices', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, prompt_tokens_details: { cached_tokens: 4 } };
    const frames = [
      chunk({ role: 'assistant', content: '', refusal: null }),
      chunk({ content: 'Hi' }),
      chunk({}, 'stop'),
      { ...chunk({}), choices: [], usage },
      '[DONE]',
    ];
    expect(events('openai', frames)).toEqual([
      { type: 'start', id: 'chatcmpl-1', model: 'gpt', createdSeconds: 1 },
      { type: 'text', choice: 0, part: 0, text: 'Hi' },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'usage', usage: { inputTokens: 9, outputTokens: 2, cachedInputTokens: 4 } },
      { type: 'end' },
    ]);
  });

  it('may open with the filter results of Azure, before anything has begun', () => {
    const frames = [{ id: '', model: '', choices: [], prompt_filter_results: [] }, chunk({ content: 'x' })];
    expect(events('openai', frames).map(({ type }) => type)).toEqual(['start', 'text']);
  });

  it.each<[string, (object | string)[]]>([
    [
      'in turn',
      [
        tool(0, { name: 'f', arguments: '' }, 'a'),
        tool(0, { arguments: '{"x":1}' }),
        tool(1, { name: 'g', arguments: '' }, 'b'),
        tool(1, { arguments: '{}' }),
      ],
    ],
    [
      'interleaved',
      [
        tool(0, { name: 'f' }, 'a'),
        tool(1, { name: 'g' }, 'b'),
        tool(0, { arguments: '{"x"' }),
        tool(1, { arguments: '{}' }),
        tool(0, { arguments: ':1}' }),
      ],
    ],
    [
      'two in one chunk',
      [
        chunk({
          tool_calls: [
            { index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } },
            { index: 1, id: 'b', function: { name: 'g', arguments: '{}' } },
          ],
        }),
      ],
    ],
    [
      'without any index',
      [
        tool(undefined, { name: 'f', arguments: '{"x"' }, 'a'),
        tool(undefined, { arguments: ':1}' }),
        tool(undefined, { name: 'g', arguments: '{}' }, 'b'),
      ],
    ],
    ['all with index 0', [tool(0, { name: 'f', arguments: '{"x":1}' }, 'a'), tool(0, { name: 'g', arguments: '{}' }, 'b')]],
    [
      'with id and name repeated',
      [
        tool(0, { name: 'f', arguments: '{"x"' }, 'a'),
        tool(0, { name: 'f', arguments: ':1}' }, 'a'),
        tool(1, { name: 'g', arguments: '{}' }, 'b'),
      ],
    ],
    [
      'with the name after the id',
      [tool(0, { arguments: '{"x":' }, 'a'), tool(0, { name: 'f', arguments: '1}' }), tool(1, { name: 'g', arguments: '{}' }, 'b')],
    ],
    [
      'with a new id on every piece',
      [tool(0, { name: 'f', arguments: '{"x":' }, 'a'), tool(0, { arguments: '1}' }, 'zzz'), tool(1, { name: 'g', arguments: '{}' }, 'b')],
    ],
  ])('keeps parallel tool calls apart when they come %s', (_, frames) => {
    expect(answer('openai', frames).content.choices[0]?.message.parts).toEqual([
      { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'tool_call', id: 'b', name: 'g', arguments: '{}' },
    ]);
  });

  it('may hold a legacy function call, reasoning under either name, and a refusal', () => {
    const frames = [
      chunk({ reasoning_content: 'a' }),
      chunk({ reasoning: 'b' }),
      chunk({ refusal: 'No.' }),
      chunk({ function_call: { name: 'f', arguments: '{' } }),
      chunk({ function_call: { arguments: '}' } }, 'function_call'),
    ];
    expect(answer('openai', frames).content.choices[0]).toMatchObject({
      finishReason: 'tool_calls',
      message: {
        parts: [
          { type: 'reasoning', text: 'ab' },
          { type: 'refusal', text: 'No.' },
          { type: 'tool_call', id: 'function_call_0', name: 'f', arguments: '{}' },
        ],
      },
    });
  });

  it('may hold content in parts, empty finish reasons, and a call whose name never comes', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
    const frames = [
      chunk({ content: [thinking, { type: 'text', text: 'a' }] }, ''),
      chunk({ content: 'b' }, ''),
      chunk({ content: { type: 'hologram' } }, ''),
      tool(0, { arguments: '{}' }, 'a'),
      chunk({}, 'tool_calls'),
    ];
    expect(answer('openai', frames).content.choices[0]).toMatchObject({
      finishReason: 'tool_calls',
      message: {
        parts: [
          { type: 'reasoning', text: 'hm' },
          { type: 'text', text: 'ab' },
          { type: 'other', json: '{"type":"hologram"}' },
          { type: 'tool_call', id: 'a', name: '', arguments: '{}' },
        ],
      },
    });
  });

  it('may report an error in its middle', () => {
    const [, , failed] = events('openai', [
      chunk({ content: 'x' }),
      { error: { message: 'Slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } },
    ]);
    expect(failed).toMatchObject({
      type: 'error',
      error: { code: 'PARAPET_VENDOR_RATE_LIMITED', message: expect.stringContaining('Slow down') },
    });
  });

  it.each(['{"broken": ', '"text"', '[]', '{"choices":5}', '{"choices":[5]}'])('is garbage when an event is %s', (data) => {
    expect(() => events('openai', [data])).toThrow(expect.objectContaining({ code: 'PARAPET_VENDOR_GARBAGE' }));
  });

  it('has one chunk that is usage and nothing else', () => {
    expect(isUsageOnlyChunk('{"id":"a","choices":[],"usage":{"prompt_tokens":1}}')).toBe(true);
    expect(isUsageOnlyChunk('{ "usage" : {} , "choices" : [ ] }')).toBe(true);
    expect(isUsageOnlyChunk('{"choices":[],"usage":null}')).toBe(false);
    expect(isUsageOnlyChunk('{"choices":[],"prompt_filter_results":[]}')).toBe(false);
    expect(isUsageOnlyChunk(JSON.stringify(chunk({ content: '"choices":[] "usage":{}' })))).toBe(false);
    expect(isUsageOnlyChunk(JSON.stringify(chunk({}, 'stop', { usage: { prompt_tokens: 1 } })))).toBe(false);
    expect(isUsageOnlyChunk('"usage" "choices":[]')).toBe(false);
  });
});

describe('a stream that ends without its last blank line', () => {
  const rest = (vendor: VendorKind, data: string) =>
    readUnterminated(vendors[vendor].createStreamParser(), { event: undefined, data, raw: Buffer.from(`data: ${data}`) });

  it('has ended all the same when its end mark stands there', () => {
    expect(rest('openai', '[DONE]')).toEqual([{ type: 'end' }]);
    expect(rest('anthropic', '{"type":"message_stop"}')).toEqual([{ type: 'end' }]);
    expect(readUnterminated(vendors.openai.createStreamParser(), undefined)).toEqual([]);
  });

  it('was cut when half an event stands there, or a whole one', () => {
    expect(rest('openai', '{"id":"a","choi')).toEqual([]);
    expect(rest('openai', JSON.stringify(chunk({ content: 'x' })))).toEqual([]);
    expect(rest('anthropic', '{"type":"message_st')).toEqual([]);
  });
});

const start = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'claude',
    usage: { input_tokens: 3, cache_read_input_tokens: 5, cache_creation_input_tokens: 2, output_tokens: 1 },
  },
};
const block = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, change: object) => ({ type: 'content_block_delta', index, delta: change });
const stop = (index: number) => ({ type: 'content_block_stop', index });

describe('a Messages stream', () => {
  it('counts its tokens cumulatively, cache included, over both of its usage events', () => {
    const made = answer('anthropic', [
      start,
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 40 } },
      { type: 'message_stop' },
    ]);
    expect(made.usage).toEqual({ inputTokens: 10, cachedInputTokens: 5, cacheWriteTokens: 2, outputTokens: 40 });
  });

  it('counts the prompt from its first event on, so that an abandoned stream is not free', () => {
    expect(answer('anthropic', [start]).usage).toEqual({ inputTokens: 10, cachedInputTokens: 5, cacheWriteTokens: 2, outputTokens: 1 });
  });

  it('may hold pings, events of tomorrow, thinking, a call without arguments, and blocks unknown here', () => {
    const frames = [
      start,
      { type: 'ping' },
      { type: 'tomorrow' },
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'hm' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stop(0),
      block(1, { type: 'redacted_thinking', data: 'xyz' }),
      stop(1),
      block(2, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      delta(2, { type: 'input_json_delta', partial_json: '{"q":' }),
      delta(2, { type: 'input_json_delta', partial_json: '"x"}' }),
      stop(2),
      block(3, { type: 'tool_use', id: 't', name: 'f', input: {} }),
      delta(3, { type: 'input_json_delta', partial_json: '' }),
      stop(3),
      { type: 'message_delta', delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' } },
    ];
    const made = answer('anthropic', frames);
    expect(made.stopSequence).toBe('END');
    expect(made.content.choices[0]).toEqual({
      index: 0,
      finishReason: 'stop_sequence',
      message: {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'hm', signature: 'sig' },
          { type: 'other', kind: 'redacted_thinking', json: '{"type":"redacted_thinking","data":"xyz"}' },
          { type: 'other', kind: 'server_tool_use', json: '{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":"x"}}' },
          { type: 'tool_call', id: 't', name: 'f', arguments: '{}' },
        ],
      },
    });
  });

  it('may be broken off by an overload', () => {
    const made = events('anthropic', [start, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]);
    expect(made.at(-1)).toMatchObject({ type: 'error', error: { code: 'PARAPET_VENDOR_ERROR', status: 503 } });
  });

  it.each([
    '{"broken": ',
    '5',
    '{}',
    '{"type":"message_start"}',
    '{"type":"content_block_start","index":0}',
    '{"type":"content_block_delta","index":4,"delta":{}}',
  ])('is garbage when an event is %s', (data) => {
    expect(() => events('anthropic', [data])).toThrow(expect.objectContaining({ code: 'PARAPET_VENDOR_GARBAGE' }));
  });
});
