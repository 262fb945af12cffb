/** The point of a record, as text. That a server reads it so is tested on one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import { createFixtures } from '../fixtures.ts';
import { OPERATOR_QUERIES, OTHER } from './index.ts';
import { FIELDS, TAGS, tagText, toLine, toPoint } from './points.ts';

const value = createFixtures().assessed(4);
const withInteraction = (change: Partial<UnsealedAssessedInteraction['interaction']>): UnsealedAssessedInteraction => ({
  ...value,
  interaction: { ...value.interaction, ...change },
});
function lineOf(record: UnsealedAssessedInteraction, admitted: (tag: string, text: string) => string = (_, text) => text): string {
  const point = toPoint(record);
  if ('reason' in point) throw new Error(point.reason);
  return toLine(point, admitted);
}

describe('a point', () => {
  it('has its tags in the order of their names, typed fields, and the time in nanoseconds', () => {
    const record = withInteraction({
      agentId: 'agent 1',
      gatewayId: 'gw',
      modelUsed: 'gpt=5,mini',
      org: 'o',
      region: 'eu',
      status: 'answered',
      userId: 'ada',
      vendor: 'openai',
      interactionId: 'id "1"',
      startedAt: 1_772_323_200_000_123,
      gatewaySequence: 12_045,
      latencyMs: 1.5,
      inspectMs: 0.25,
      timeToFirstTokenMs: 3,
      errorCode: null,
    });
    record.enrichment = {
      ...record.enrichment,
      costUsd: 1e-7,
      usage: { ...record.enrichment.usage, inputTokens: 7, outputTokens: 8, cachedInputTokens: 2, reasoningTokens: 0 },
    };
    record.assessment = { ...record.assessment, riskScore: 9, threatsDetected: 0, topThreatType: null };
    expect(lineOf(record)).toBe(
      'ai_interactions,agent_id=agent\\ 1,gateway_id=gw,model=gpt\\=5\\,mini,org=o,region=eu,status=answered,user_id=ada,vendor=openai ' +
        'events=1i,prompt_tokens=7i,completion_tokens=8i,cached_tokens=2i,reasoning_tokens=0i,cost_usd=1e-7,latency_ms=1.5,ttft_ms=3,inspect_ms=0.25,' +
        'risk_score=9i,threats_detected=0i,gateway_sequence=12045i,interaction_id="id \\"1\\"" 1772323200000123045',
    );
  });

  it('leaves out what the record does not say', () => {
    const line = lineOf(
      withInteraction({ userId: null, region: null, vendor: '', modelUsed: null, modelAsked: 'm"x', timeToFirstTokenMs: null }),
    );
    expect(line).not.toMatch(/user_id|region|vendor|ttft_ms|,model=/);
    expect(line).toContain('model_asked="m\\"x"');
  });

  it('keeps in a field what the guard takes from a tag', () => {
    const line = lineOf(withInteraction({ userId: 'ada', agentId: 'a\\b' }), (tag, text) => (tag === 'user_id' ? OTHER : text));
    expect(line).toContain(',user_id=__other__,');
    expect(line).toContain('user_id_raw="ada"');
    expect(line).toContain('agent_id_raw="a\\\\b"');
  });

  it('is refused, by the name of the column alone, when a number is none', () => {
    expect(toPoint(withInteraction({ latencyMs: Number.POSITIVE_INFINITY }))).toEqual({
      reason: 'latency_ms is not a number that InfluxDB can hold',
    });
    expect(toPoint(withInteraction({ startedAt: 1.5 }))).toEqual({ reason: 'started_at or gateway_sequence is not a whole number' });
  });

  it('never shares its time with another of the same gateway and microsecond', () => {
    const times = Array.from({ length: 1_000 }, (_, n) =>
      lineOf(withInteraction({ gatewaySequence: 77_777 + n }))
        .split(' ')
        .at(-1),
    );
    expect(new Set(times).size).toBe(1_000);
  });
});

describe('the text of a tag', () => {
  it('is one that line protocol can hold, the same each time, and another for another text', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 250 });
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(tagText(a)).toBe(tagText(a));
        expect(tagText(a).length).toBeLessThanOrEqual(213);
        expect(tagText(a)).toMatch(/^[^\\\x00-\x1f\x7f-\x9f\u2028\u2029]*$/);
        if (a.toWellFormed() !== b.toWellFormed()) expect(tagText(a)).not.toBe(tagText(b));
      }),
      { numRuns: 50 },
    );
  });

  it('is never the guard’s own', () => {
    expect(tagText(OTHER)).toMatch(/^__other__~[0-9a-f]{12}$/);
  });
});

describe('the README of the InfluxDB sink', async () => {
  const text = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
  it.each(OPERATOR_QUERIES)('shows: $title', ({ title, question, flux }) => {
    expect(text).toContain(`**${title}.** ${question}\n\n\`\`\`flux\n${flux}\n\`\`\``);
  });

  it('names every tag and field', () => {
    for (const name of [...Object.keys(TAGS), ...Object.keys(FIELDS), 'events', 'model_asked', 'user_id_raw'])
      expect(text).toContain(`\`${name}\``);
  });
});
