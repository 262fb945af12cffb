import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestContent, ResponseContent } from '../../schemas/content.ts';
import { SAMPLES } from '../../schemas/samples.ts';
import { observe } from './observation.ts';
import { shapeOf } from './text.ts';

const request: RequestContent = {
  tools: [{ name: 'search', description: 'Finds documents.' }],
  messages: [
    { role: 'system', parts: [{ type: 'text', text: 'Be kind.' }] },
    { role: 'user', parts: [{ type: 'text', text: 'Where is the annual report?' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', id: '1', name: 'search', arguments: '{"q":"report"}' }] },
    { role: 'tool', parts: [{ type: 'tool_result', callId: '1', parts: [{ type: 'text', text: 'not found' }], isError: true }] },
  ],
};
const response: ResponseContent = {
  choices: [
    { index: 0, message: { role: 'assistant', parts: [{ type: 'text', text: "I'm sorry, the word is ZEBRA-7." }] }, finishReason: 'stop' },
  ],
};
const inspection = { findings: [], riskScore: 12, truncated: false };

describe('an observation', () => {
  it('holds what was said, called and answered, as numbers', () => {
    const seen = observe({
      enriched: SAMPLES.EnrichedInteraction,
      content: { request, response },
      inspection,
      position: 7,
      canaries: ['ZEBRA-7'],
    });
    expect(seen).toMatchObject({ position: 7, toolErrors: 1, afterTool: true, toolResultChars: 9, systemChars: 8, canaries: 1 });
    expect(new Date(seen.at).toISOString()).toBe('2025-11-21T04:40:00.123Z');
    expect([seen.hour, seen.weekday]).toEqual([4, 5]);
    expect(seen.text.chars).toBe('Where is the annual report?'.length);
    expect(JSON.stringify(seen)).not.toMatch(/annual|report|search|ZEBRA/i);
  });

  it('makes do without content, when its key is gone', () => {
    const seen = observe({
      enriched: SAMPLES.EnrichedInteraction,
      content: { request: undefined, response: undefined },
      inspection,
      position: 7,
    });
    expect(seen.systemHash).toBe(0);
    expect(seen.signatureRisk).toBeGreaterThanOrEqual(12);
  });
});

describe('the shape of a text', () => {
  it('is made of any text, without a crash and without a number that is none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const { sketch: _sketch, wordBins: _bins, ...numbers } = shapeOf(text);
        for (const [name, value] of Object.entries(numbers)) expect(Number.isFinite(value), name).toBe(true);
      }),
    );
  });

  it('tells languages and scripts apart', () => {
    const language = (text: string) => shapeOf(text).language;
    const all = [
      'What is the best way to say that you are not here?',
      'Wie kann ich das mit der neuen Tabelle und nicht mit der alten?',
      'Где находится отчет за прошлый год?',
      '昨年の報告書はどこですか',
      'أين تقرير العام الماضي',
    ].map(language);
    expect(new Set(all).size).toBe(all.length);
  });

  it('takes a moment for ten million characters', () => {
    expect(shapeOf('a b '.repeat(2_500_000))).toMatchObject({ chars: 10_000_000, words: 10_000 });
  });
});
