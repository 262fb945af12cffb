/**
 * What the parsers of requests refuse, with the field at fault, and what they let through; and that no JSON value at
 * all makes them fail in any other way.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import { requestSegments } from '../../schemas/content.ts';
import { createWireFormats } from './index.ts';
import type { CanonicalRequest } from './types.ts';

const formats = createWireFormats({ nowMs: () => 0 });
const chat = formats['openai.chat'];
const messages = formats['anthropic.messages'];
const unified = formats['parapet.completions'];
const hi = [{ role: 'user', content: 'hi' }];

function paramOf(parse: () => unknown): string | undefined {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof ParapetError && thrown.code === 'PARAPET_INVALID_REQUEST') return thrown.param;
    throw thrown;
  }
  throw new Error('It was accepted.');
}

describe('a chat completions request is refused', () => {
  it.each<[string, Record<string, unknown>]>([
    ['model', { model: '' }],
    ['model', { model: 7 }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'hi' }],
    ['messages[0]', { messages: ['hi'] }],
    ['messages[1].role', { messages: [...hi, { role: 'boss', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 5 }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: [] }] }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: ['x'] }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ text: 'x' }] }] }],
    ['messages[0].content[0].text', { messages: [{ role: 'user', content: [{ type: 'text', text: null }] }] }],
    ['messages[0].content[0].image_url', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'http://x' }] }] }],
    ['messages[0].content', { messages: [{ role: 'assistant', content: null }] }],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].tool_calls[0].id', { messages: [{ role: 'assistant', tool_calls: [{ type: 'function', function: { name: 'f' } }] }] }],
    [
      'messages[0].tool_calls[0].function.name',
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: {} }] }] },
    ],
    ['messages[0].name', { messages: [{ role: 'function', content: 'x' }] }],
    ['messages[0].name', { messages: [{ role: 'user', content: 'x', name: 5 }] }],
    ['max_tokens', { max_tokens: -1 }],
    ['max_tokens', { max_tokens: 1.5 }],
    ['max_completion_tokens', { max_completion_tokens: 0 }],
    ['temperature', { temperature: Number.NaN }],
    ['temperature', { temperature: '1' }],
    ['temperature', { temperature: 2.1 }],
    ['top_p', { top_p: -0.1 }],
    ['n', { n: 0 }],
    ['seed', { seed: 1.5 }],
    ['stop', { stop: 5 }],
    ['stop[1]', { stop: ['a', 5] }],
    ['stream', { stream: 'yes' }],
    ['stream_options', { stream: true, stream_options: true }],
    ['tools', { tools: {} }],
    ['tools[0].type', { tools: [{}] }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
    ['tools[0].function.parameters', { tools: [{ type: 'function', function: { name: 'f', parameters: 'x' } }] }],
    ['tool_choice', { tool_choice: 'maybe' }],
    ['tool_choice.function.name', { tool_choice: { type: 'function', function: {} } }],
    ['response_format.type', { response_format: { type: 'xml' } }],
    ['response_format.json_schema.name', { response_format: { type: 'json_schema', json_schema: {} } }],
    ['user', { user: {} }],
  ])('naming %s for %j', (param, change) => {
    expect(paramOf(() => chat.parseRequest({ model: 'm', messages: hi, ...change }))).toBe(param);
    expect(paramOf(() => unified.parseRequest({ model: 'm', messages: hi, ...change }))).toBe(param);
  });

  it.each([undefined, null, 5, 'x', []])('when the body is %j', (body) => {
    for (const format of [chat, messages, unified]) expect(paramOf(() => format.parseRequest(body))).toBe('body');
  });

  it('without showing what was in the field', () => {
    const secret = '4111111111111111';
    expect(() => chat.parseRequest({ model: 'm', messages: [{ role: secret, content: 'x' }] })).toThrow(/^(?!.*4111)/);
    expect(() => chat.parseRequest({ model: 'm', messages: hi, user: [secret] })).toThrow(/^(?!.*4111)/);
  });
});

describe('a Messages request is refused', () => {
  it.each<[string, Record<string, unknown>]>([
    ['max_tokens', { max_tokens: undefined }],
    ['max_tokens', { max_tokens: 0 }],
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: null }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{}] }] }],
    ['messages[0].content[0].tool_use_id', { messages: [{ role: 'user', content: [{ type: 'tool_result', content: 'x' }] }] }],
    ['messages[0].content[0].id', { messages: [{ role: 'assistant', content: [{ type: 'tool_use', name: 'f', input: {} }] }] }],
    [
      'messages[0].content[0].input',
      { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: 'x' }] }] },
    ],
    ['messages[0].content[0].source', { messages: [{ role: 'user', content: [{ type: 'image' }] }] }],
    [
      'messages[0].content[0].source.media_type',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', data: '' } }] }] },
    ],
    ['system', { system: 5 }],
    ['system[0].text', { system: [{ type: 'text' }] }],
    ['temperature', { temperature: 1.1 }],
    ['top_k', { top_k: 0.5 }],
    ['stop_sequences', { stop_sequences: 'x' }],
    ['tools[0].name', { tools: [{ input_schema: {} }] }],
    ['tools[0].input_schema', { tools: [{ name: 'f' }] }],
    ['tool_choice.type', { tool_choice: { type: 'required' } }],
    ['tool_choice.name', { tool_choice: { type: 'tool' } }],
    ['thinking.budget_tokens', { thinking: { type: 'enabled' } }],
    ['metadata.user_id', { metadata: { user_id: 5 } }],
    ['output_config.format', { output_config: { format: { type: 'xml' } } }],
  ])('naming %s for %j', (param, change) => {
    expect(paramOf(() => messages.parseRequest({ model: 'm', max_tokens: 9, messages: hi, ...change }))).toBe(param);
  });
});

describe('nothing goes unseen', () => {
  it('in a chat request with parts, tools and results of every kind', () => {
    const request = chat.parseRequest({
      model: 'm',
      messages: [
        { role: 'developer', content: 'T1' },
        {
          role: 'user',
          name: 'bob',
          content: [
            { type: 'text', text: 'T2' },
            { type: 'hologram', beam: 'T3' },
            { type: 'input_audio', input_audio: { data: 'T4' } },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'refusal', refusal: 'T5' }],
          reasoning_content: 'T6',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: 'T7' } },
            { id: 'b', type: 'custom', custom: { name: 'g', input: 'T8' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'T9' }] },
        { role: 'assistant', function_call: { name: 'old', arguments: 'U1' } },
        { role: 'function', name: 'old', content: 'U2' },
        { role: 'user', content: [{ type: 'file', file: { file_id: 'U3' } }] },
      ],
      tools: [
        { type: 'function', function: { name: 'f', description: 'U4' } },
        { type: 'custom', custom: { name: 'g', description: 'U5' } },
      ],
      functions: [{ name: 'old', description: 'U6' }],
    });
    const seen = requestSegments(request.content)
      .map(({ text }) => text)
      .join('\n');
    for (const mark of ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'U1', 'U2', 'U3', 'U4', 'U5', 'U6'])
      expect(seen).toContain(mark);
    expect(request.content.messages[5]).toMatchObject({ role: 'tool', parts: [{ callId: 'function_call_4' }] });
  });

  it('in a Messages request with blocks of every kind', () => {
    const request = messages.parseRequest({
      model: 'm',
      max_tokens: 9,
      system: [{ type: 'text', text: 'T1' }],
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'a',
              content: [
                { type: 'text', text: 'T2' },
                { type: 'search_result', content: [{ type: 'text', text: 'T3' }] },
              ],
            },
            { type: 'document', title: 'T4', context: 'T5', source: { type: 'text', media_type: 'text/plain', data: 'T6' } },
            { type: 'document', source: { type: 'content', content: 'T7' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'T8', signature: 's' },
            { type: 'server_tool_use', id: 'x', name: 'web_search', input: { q: 'T9' } },
          ],
        },
        { role: 'system', content: 'U1' },
      ],
      tools: [{ type: 'web_search_20250305', name: 'web_search', allowed_domains: ['U2'] }],
    });
    const seen = requestSegments(request.content)
      .map(({ text }) => text)
      .join('\n');
    for (const mark of ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'U1', 'U2']) expect(seen).toContain(mark);
    expect(request.content.messages.map(({ role }) => role)).toEqual(['system', 'tool', 'user', 'assistant', 'system']);
  });
});

/** The same with one more field in each object that holds no settings; their texts are told one by one. */
function sprinkled(value: unknown, marks: string[]): unknown {
  if (Array.isArray(value)) return value.map((each) => sprinkled(each, marks));
  if (typeof value !== 'object' || value === null) return value;
  const mark = `mark ${marks.length} end`;
  marks.push(mark);
  return { ...Object.fromEntries(Object.entries(value).map(([key, each]) => [key, sprinkled(each, marks)])), 'Content ': mark };
}

describe('no field is a way around the guard', () => {
  const seenIn = (request: CanonicalRequest) =>
    requestSegments(request.content)
      .map(({ text }) => text)
      .join('\n');
  const file = (data: string) => ({ type: 'file', file: { file_data: data, filename: 'a.bin' } });
  const block = (media_type: string, data: string) => ({ type: 'document', source: { type: 'base64', media_type, data } });

  it('in a chat request, whatever else an object holds', () => {
    const marks: string[] = [];
    const body = sprinkled(
      {
        model: 'm',
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'a' }] },
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }, file('YQ=='), { type: 'new', of: { a: 1 } }],
          },
          {
            role: 'assistant',
            content: null,
            refusal: 'no',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'a', content: 'b' },
          { role: 'assistant', function_call: { name: 'old', arguments: '' }, audio: { id: 'x' } },
          { role: 'function', name: 'old', content: 'c' },
          { role: 'assistant', content: 'd', tool_calls: [{ id: 'b', type: 'custom', custom: { name: 'g', input: 'e' } }] },
        ],
        tools: [
          {
            type: 'function',
            function: { name: 'f', description: 'd', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
          },
          { type: 'custom', custom: { name: 'g' } },
        ],
        functions: [{ name: 'old' }],
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'n', schema: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        documents: [{ text: 'one' }],
        prediction: { type: 'content', content: 'two' },
      },
      marks,
    );
    const seen = seenIn(chat.parseRequest(body));
    expect(marks.length).toBeGreaterThan(35);
    expect(marks.filter((mark) => !seen.includes(mark))).toEqual([]);
  });

  it('in a Messages request, whatever else an object holds', () => {
    const marks: string[] = [];
    const body = sprinkled(
      {
        model: 'm',
        max_tokens: 9,
        system: [{ type: 'text', text: 'a' }],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'b' },
              { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
              block('text/plain', 'YQ=='),
              { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'c' }, citations: { enabled: true } },
              { type: 'document', source: { type: 'url', url: 'https://a.example/b.pdf' } },
              { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'd' }] } },
              {
                type: 'tool_result',
                tool_use_id: 'a',
                content: [
                  { type: 'text', text: 'e' },
                  { type: 'search_result', title: 'f' },
                ],
              },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'g', signature: 's' },
              { type: 'tool_use', id: 'a', name: 'f', input: { a: { b: 1 } } },
            ],
          },
        ],
        tools: [
          { name: 'f', input_schema: { type: 'object', properties: { a: { type: 'string' } } } },
          { type: 'web_search_20250305', name: 'web_search', user_location: { city: 'h' } },
        ],
        output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
        mcp_servers: [{ type: 'url', url: 'https://a.example/mcp', name: 'i', tool_configuration: { allowed_tools: ['j'] } }],
      },
      marks,
    );
    const seen = seenIn(messages.parseRequest(body));
    expect(marks.length).toBeGreaterThan(30);
    expect(marks.filter((mark) => !seen.includes(mark))).toEqual([]);
  });

  it('in a chat message whose fields stand where no parser looks for them', () => {
    const request = chat.parseRequest({
      model: 'm',
      messages: [
        { role: 'user', content: 'a', name: 'T1', reasoning_content: 'T2', tool_calls: [{ function: { name: 'T3' } }] },
        { role: 'assistant', content: 'b', reasoning_content: 'c', reasoning: 'T4', audio: 'T5' },
        { role: 'assistant', content: 'b', reasoning_content: ['T6'] },
      ],
      chat_template: 'T7',
      [`${'T8 '.repeat(14)}`]: true,
    });
    const seen = seenIn(request);
    for (const mark of ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8'])
      expect(`${seen}${JSON.stringify(request.content.rest)}`).toContain(mark);
    expect(request.content.rest).toContainEqual({ path: 'messages[0].name', text: 'T1', role: 'user' });
    expect(request.content.rest).toContainEqual({ path: 'chat_template', text: 'T7' });
  });

  it('and what no model reads is not read either', () => {
    const settings = { user: 'u', metadata: { a: 'b' }, stop: ['c'], prompt_cache_key: 'd', response_format: { type: 'json_object' } };
    expect(chat.parseRequest({ model: 'm', messages: hi, ...settings }).content).not.toHaveProperty('rest');
    const token = { mcp_servers: [{ authorization_token: 'secret' }], metadata: { user_id: 'u' }, cache_control: { type: 'ephemeral' } };
    expect(messages.parseRequest({ model: 'm', max_tokens: 9, messages: hi, ...token }).content).not.toHaveProperty('rest');
  });

  const base64 = (text: string, encoding: BufferEncoding = 'utf8') => Buffer.from(text, encoding).toString('base64');
  it.each([
    ['of a type of its own', `data:application/json;base64,${base64('{"a":"MARK"}')}`],
    ['of no type', base64('a MARK')],
    ['that says it is a PDF', `data:application/pdf;base64,${base64('a MARK')}`],
    ['in UTF-16', `data:application/octet-stream;base64,${base64('\ufeffa MARK', 'utf16le')}`],
    ['in UTF-16, the other way round', base64(Buffer.from('\ufeffa MARK', 'utf16le').swap16().toString('latin1'), 'latin1')],
    ['in a URL', 'data:text/plain,a%20MA%52K'],
    ['as it is', 'a MARK, in no base64 at all'],
  ])('in a file %s', (_what, data) => {
    expect(seenIn(chat.parseRequest({ model: 'm', messages: [{ role: 'user', content: [file(data)] }] }))).toContain('MARK');
  });

  it('and the bytes of a PDF, a picture or a program are no text', () => {
    for (const data of [base64('%PDF-1.7 MARK'), base64('\u0000\u0001MARK'), base64('\xff\xd8MARK', 'latin1')]) {
      const seen = seenIn(
        messages.parseRequest({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: [block('application/pdf', data)] }] }),
      );
      expect(seen).not.toContain('MARK');
    }
  });
});

describe('who asks', () => {
  it('is read from each format', () => {
    expect(chat.parseRequest({ model: 'm', messages: hi, user: 'old', safety_identifier: 'new' }).user).toBe('new');
    expect(messages.parseRequest({ model: 'm', max_tokens: 1, messages: hi, metadata: { user_id: 'u' } }).user).toBe('u');
    expect(unified.parseRequest({ model: 'm', messages: hi, user: 'u', agent_id: 'a', session_id: 's' })).toMatchObject({
      user: 'u',
      agentId: 'a',
      sessionId: 's',
    });
  });
});

describe('any JSON value', () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom('user', 'assistant', 'tool', 'text', 'image_url', 'tool_use', 'function'));
  const message = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        role: field,
        content: fc.oneof(field, fc.array(fc.record({ type: field, text: field, source: field }))),
        tool_calls: field,
        tool_call_id: field,
      },
      { requiredKeys: [] },
    ),
  );
  const body = fc.record(
    {
      model: field,
      messages: fc.array(message),
      max_tokens: field,
      tools: fc.oneof(field, fc.array(field)),
      tool_choice: field,
      stop: field,
      system: field,
      stream: field,
      thinking: field,
    },
    { requiredKeys: [] },
  );

  it('is either parsed or refused with the field at fault', () => {
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
        for (const format of [chat, messages, unified]) {
          try {
            const request = format.parseRequest(value);
            requestSegments(request.content);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'PARAPET_INVALID_REQUEST', param: expect.any(String) });
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});
