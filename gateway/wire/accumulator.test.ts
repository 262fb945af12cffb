/** The accumulator gives back what a stream said, in order, however finely it was cut. */
import { describe, expect, it } from 'vitest';
import { createAccumulator } from './accumulator.ts';
import type { StreamEvent } from './types.ts';

function collect(events: StreamEvent[]) {
  const accumulator = createAccumulator();
  for (const event of events) accumulator.push(event);
  return accumulator;
}

describe('the answer accumulator', () => {
  it('puts interleaved pieces back in their parts and choices', () => {
    const { content } = collect([
      { type: 'start', id: 'a', model: 'm', createdSeconds: 5 },
      { type: 'text', choice: 1, part: 0, text: 'other' },
      { type: 'tool_call_start', choice: 0, part: 1, id: 'c1', name: 'f' },
      { type: 'tool_call_start', choice: 0, part: 2, id: 'c2', name: 'g' },
      { type: 'tool_call_arguments', choice: 0, part: 1, text: '{"a"' },
      { type: 'tool_call_arguments', choice: 0, part: 2, text: '{}' },
      { type: 'reasoning', choice: 0, part: 0, text: 'hm' },
      { type: 'reasoning', choice: 0, part: 0, text: '', signature: 'sig' },
      { type: 'tool_call_arguments', choice: 0, part: 1, text: ':1}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ]).answer();
    expect(content.choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'hm', signature: 'sig' },
            { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a":1}' },
            { type: 'tool_call', id: 'c2', name: 'g', arguments: '{}' },
          ],
        },
        finishReason: 'tool_calls',
      },
      { index: 1, message: { role: 'assistant', parts: [{ type: 'text', text: 'other' }] }, finishReason: null },
    ]);
  });

  it('lets later usage replace only the numbers that it names', () => {
    const { usage } = collect([
      { type: 'usage', usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 1 } },
      { type: 'usage', usage: { outputTokens: 30 } },
    ]).answer();
    expect(usage).toEqual({ inputTokens: 10, cachedInputTokens: 4, outputTokens: 30 });
  });

  it('has content from the first real token on, and is finished by the end mark alone', () => {
    const accumulator = collect([
      { type: 'start', id: 'a', model: 'm' },
      { type: 'reasoning', choice: 0, part: 0, text: '', signature: 's' },
    ]);
    expect(accumulator.hasContent).toBe(false);
    accumulator.push({ type: 'text', choice: 0, part: 1, text: 'x' });
    accumulator.push({ type: 'finish', choice: 0, reason: 'stop', stopSequence: 'END' });
    expect([accumulator.hasContent, accumulator.finished]).toEqual([true, false]);
    accumulator.push({ type: 'end' });
    expect(accumulator.finished).toBe(true);
    expect(accumulator.answer().stopSequence).toBe('END');
  });

  it('collects 200,000 pieces quickly', () => {
    const started = performance.now();
    const accumulator = createAccumulator();
    for (let i = 0; i < 200_000; i++) accumulator.push({ type: 'text', choice: 0, part: 0, text: 'word ' });
    expect(accumulator.answer().content.choices[0]?.message.parts[0]).toMatchObject({ text: 'word '.repeat(200_000) });
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
