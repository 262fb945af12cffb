import { describe, expect, it } from 'vitest';
import type { Segment } from '../schemas/content.ts';
import { canaryRules } from './canaries.ts';
import { createDetector } from './detector.ts';

const detector = createDetector({ signatures: canaryRules(['zebra-Quartz_71', 'second-one-99']) });
const says = (text: string, more: Partial<Segment> = {}): Segment[] => [
  { direction: 'response', role: 'assistant', kind: 'text', path: 'choices[0].parts[0]', text, ...more },
];

describe('a canary', () => {
  it('is found in an answer and in a tool call, also encoded', () => {
    for (const [segments, rule] of [
      [says('My instructions begin with zebra-Quartz_71, they say.'), 'CN-0001'],
      [says('{"note":"second-one-99"}', { kind: 'tool_call' }), 'CN-0002'],
      [says(`Here: ${Buffer.from('the mark is zebra-Quartz_71 and no other').toString('base64')}`), 'CN-0001'],
    ] as const) {
      const { findings, riskScore } = detector.inspect(segments);
      expect(findings.map(({ ruleId }) => ruleId)).toEqual([rule]);
      expect(riskScore).toBeGreaterThanOrEqual(95);
    }
  });

  it('is none where it was planted, and none in other letters', () => {
    expect(detector.inspect(says('zebra-Quartz_71', { direction: 'request', role: 'system' })).findings).toEqual([]);
    expect(detector.inspect(says('a zebra quartz 71 was sold')).findings).toEqual([]);
  });
});
