/**
 * What is rendered in a format and read back is what it was: requests, whole answers and streams, in both formats.
 * Subtle: each format has its own normal form (one field per kind of content in OpenAI's, alternating turns in
 * Anthropic's); the generators keep to it, so that equality can be demanded without exceptions.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinishReason, Message, Part } from '../../schemas/content.ts';
import { createAccumulator } from '../wire/accumulator.ts';
import { createWireFormats } from '../wire/index.ts';
import { createSseParser } from '../wire/sse.ts';
import type { CanonicalAnswer, CanonicalRequest, Parameters, StreamEvent, WireFormatId } from '../wire/types.ts';
import { createVendors, type VendorKind } from './index.ts';

const formats = createWireFormats({ nowMs: () => 1_000_000 });
const vendors = createVendors();

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const args = fc.dictionary(words, fc.oneof(words, fc.integer(), fc.constant(null))).map((value) => JSON.stringify(value));
const text = words.map((value): Part => ({ type: 'text', text: value }));
const image = fc.oneof(
  fc.constantFrom('http://x/a.png', 'https://y/é').map((url): Part => ({ type: 'image', url })),
  fc.base64String({ minLength: 4 }).map((data): Part => ({ type: 'image', mediaType: 'image/png', data })),
);
const pdf = fc
  .record({ data: fc.base64String({ minLength: 4 }), name: words })
  .map((part): Part => ({ type: 'document', mediaType: 'application/pdf', ...part }));
const call = fc.record({ id: name, name, arguments: args }).map((part): Part => ({ type: 'tool_call', ...part }));
const user = fc.array(fc.oneof(text, image, pdf), { minLength: 1, maxLength: 4 }).map((parts): Message => ({ role: 'user', parts }));
const toolMessages = fc.array(
  fc
    .record({ callId: name, parts: fc.array(text, { minLength: 1, maxLength: 3 }) })
    .map((part): Message => ({ role: 'tool', parts: [{ type: 'tool_result', ...part }] })),
  { minLength: 1, maxLength: 3 },
);
const system = fc.array(text, { minLength: 1, maxLength: 2 }).map((parts): Message => ({ role: 'system', parts }));
const tools = fc.uniqueArray(
  fc.record({ name, description: words, parameters: fc.constant({ type: 'object', properties: { q: { type: 'string' } } }) }),
  {
    selector: (tool) => tool.name,
    maxLength: 3,
  },
);

/** `signed` is for Anthropic, where thinking goes back with its signature; to other vendors it does not go at all. */
function reasoning(signed: boolean) {
  return words.map((value): Part => (signed ? { type: 'reasoning', text: value, signature: 's' } : { type: 'reasoning', text: value }));
}

function assistant(signed: boolean) {
  return fc
    .tuple(
      signed ? fc.option(reasoning(true)) : fc.constant(null),
      fc.array(text, { maxLength: signed ? 1 : 2 }),
      fc.array(call, { maxLength: 3 }),
    )
    .map(([thought, texts, calls]): Message => ({ role: 'assistant', parts: [...(thought === null ? [] : [thought]), ...texts, ...calls] }))
    .filter(({ parts }) => parts.some(({ type }) => type !== 'reasoning'));
}

/** Alternating turns; a user turn may begin with tool results. */
function conversation(signed: boolean) {
  const userTurn = fc.oneof(
    user.map((message) => [message]),
    fc.tuple(toolMessages, fc.option(user)).map(([results, said]) => (said === null ? results : [...results, said])),
  );
  return fc
    .tuple(fc.option(system), userTurn, fc.array(fc.tuple(assistant(signed), userTurn), { maxLength: 3 }))
    .map(([first, turn, rest]) => [...(first === null ? [] : [first]), ...turn, ...rest.flatMap(([said, answer]) => [said, ...answer])]);
}

const parameters: fc.Arbitrary<Parameters> = fc.record(
  {
    temperature: fc.constantFrom(0, 0.5, 1),
    topP: fc.constantFrom(0.1, 1),
    stop: fc.array(words, { minLength: 1, maxLength: 3 }),
    toolChoice: fc.oneof(
      fc.constantFrom({ kind: 'auto' as const }, { kind: 'none' as const }, { kind: 'required' as const }),
      name.map((value) => ({ kind: 'tool' as const, name: value })),
    ),
    reasoningEffort: fc.constantFrom('low', 'medium', 'high', 'none'),
    responseFormat: fc.constant({ kind: 'json_schema' as const, name: 'answer', schema: { type: 'object' } }),
  },
  { requiredKeys: [] },
);

function send(vendor: VendorKind, from: WireFormatId, request: Pick<CanonicalRequest, 'content' | 'parameters'>): CanonicalRequest {
  const canonical: CanonicalRequest = { wire: from, model: 'a', stream: true, streamUsage: true, user: 'me', body: {}, ...request };
  const built = vendors[vendor].buildRequest({ request: canonical, model: 'b', rawBody: Buffer.from(''), apiKey: undefined });
  return formats[vendors[vendor].wire].parseRequest(JSON.parse(built.body.toString()));
}

describe.each<[VendorKind, WireFormatId]>([
  ['openai', 'anthropic.messages'],
  ['anthropic', 'openai.chat'],
])('a request translated for %s', (vendor, from) => {
  it('says the same when it is read back', () => {
    fc.assert(
      fc.property(conversation(vendor === 'anthropic'), tools, parameters, (messages, offered, asked) => {
        const read = send(vendor, from, { content: { messages, tools: offered }, parameters: { maxTokens: 50, ...asked } });
        const { rest: besides, ...content } = read.content;
        expect(content).toEqual({ messages, tools: offered });
        // Nothing but the schema stands beside them.
        expect(besides?.length ?? 0).toBe(asked.responseFormat ? 1 : 0);
        const expected: Parameters = { maxTokens: 50, ...asked };
        if (offered.length === 0) delete expected.toolChoice;
        const { responseFormat, ...rest } = read.parameters;
        const { responseFormat: asksFormat, ...expectedRest } = expected;
        expect(rest).toEqual(expectedRest);
        expect(responseFormat).toEqual(asksFormat && vendor === 'openai' ? { ...asksFormat, strict: true } : asksFormat);
        expect(read).toMatchObject({ model: 'b', stream: true, streamUsage: true, user: 'me' });
      }),
      { numRuns: 500 },
    );
  });
});

const REASONS: Record<VendorKind, FinishReason[]> = {
  openai: ['stop', 'length', 'tool_calls', 'content_filter'],
  anthropic: ['stop', 'length', 'tool_calls', 'stop_sequence', 'refusal', 'pause'],
};

function answer(vendor: VendorKind): fc.Arbitrary<CanonicalAnswer> {
  const signed = vendor === 'anthropic';
  const count = fc.nat(1000);
  return fc
    .record({
      parts: fc
        .tuple(fc.option(reasoning(signed)), fc.option(text), fc.array(call, { maxLength: 4 }))
        .map(([thought, said, calls]) => [...(thought === null ? [] : [thought]), ...(said === null ? [] : [said]), ...calls]),
      finishReason: fc.constantFrom(...REASONS[vendor]),
      counts: fc.tuple(count, count, count, count, count),
    })
    .map(({ parts, finishReason, counts: [fresh, cached, written, output, thought] }) => ({
      id: 'answer_1',
      model: 'm',
      content: { choices: [{ index: 0, message: { role: 'assistant' as const, parts }, finishReason }] },
      usage: {
        inputTokens: fresh + cached + written,
        cachedInputTokens: cached,
        cacheWriteTokens: written,
        outputTokens: output + thought,
        reasoningTokens: thought,
      },
      ...(finishReason === 'stop_sequence' ? { stopSequence: 'END' } : {}),
      ...(vendor === 'openai' ? { createdSeconds: 1000 } : {}),
    }));
}

function context(wire: WireFormatId) {
  const request: CanonicalRequest = {
    wire,
    model: 'm',
    stream: true,
    streamUsage: true,
    content: { messages: [], tools: [] },
    parameters: {},
    body: {},
  };
  return { interactionId: 'int_1', request, security: () => ({ threats_detected: 0, policy_violations: 0, risk_score: 0 }) };
}

/** The answer as a vendor might stream it: texts in pieces, and the pieces of its tool calls dealt out by `deal`. */
function eventsOf(whole: CanonicalAnswer, deal: number[]): StreamEvent[] {
  const out: StreamEvent[] = [
    {
      type: 'start',
      id: whole.id,
      model: whole.model,
      ...(whole.createdSeconds === undefined ? {} : { createdSeconds: whole.createdSeconds }),
    },
  ];
  const choice = whole.content.choices[0];
  const queues: StreamEvent[][] = [];
  choice?.message.parts.forEach((part, i) => {
    const at = { choice: 0, part: i };
    if (part.type === 'text') for (const piece of part.text) out.push({ type: 'text', ...at, text: piece });
    if (part.type === 'reasoning') {
      for (const piece of part.text) out.push({ type: 'reasoning', ...at, text: piece });
      if (part.signature !== undefined) out.push({ type: 'reasoning', ...at, text: '', signature: part.signature });
    }
    if (part.type === 'tool_call') {
      queues.push([
        { type: 'tool_call_start', ...at, id: part.id, name: part.name },
        ...[...part.arguments].map((piece): StreamEvent => ({ type: 'tool_call_arguments', ...at, text: piece })),
      ]);
    }
  });
  // Calls begin in their order; after that their pieces come as they like.
  let begun = 0;
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const pick = (deal[turn % Math.max(1, deal.length)] ?? 0) % (begun + 1);
    const queue = queues[Math.min(pick, queues.length - 1)]?.length
      ? queues[Math.min(pick, queues.length - 1)]
      : queues.find((one) => one.length > 0);
    if (queue === undefined) break;
    begun = Math.max(begun, queues.indexOf(queue) + 1);
    const event = queue.shift();
    if (event !== undefined) out.push(event);
  }
  if (choice?.finishReason)
    out.push({
      type: 'finish',
      choice: 0,
      reason: choice.finishReason,
      ...(whole.stopSequence === undefined ? {} : { stopSequence: whole.stopSequence }),
    });
  if (whole.usage !== undefined) out.push({ type: 'usage', usage: whole.usage });
  return [...out, { type: 'end' }];
}

describe.each<VendorKind>(['openai', 'anthropic'])('an answer in the format of %s', (vendor) => {
  const { wire } = vendors[vendor];

  it('says the same when it is read back', () => {
    fc.assert(
      fc.property(answer(vendor), (whole) => {
        const rendered = formats[wire].renderResponse(whole, context(wire));
        expect(vendors[vendor].parseResponse(JSON.parse(JSON.stringify(rendered)))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('says the same as a stream, also when the pieces of parallel calls interleave', () => {
    fc.assert(
      fc.property(answer(vendor), fc.array(fc.nat(4), { minLength: 1, maxLength: 9 }), (whole, deal) => {
        const renderer = formats[wire].createStreamRenderer(context(wire));
        const bytes = eventsOf(whole, deal)
          .map((event) => renderer.render(event))
          .join('');
        const parser = vendors[vendor].createStreamParser();
        const collected = createAccumulator();
        for (const frame of createSseParser().push(Buffer.from(bytes))) for (const event of parser.push(frame)) collected.push(event);
        expect(collected.answer()).toEqual(whole);
        expect(collected.finished).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
