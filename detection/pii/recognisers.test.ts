import { describe, expect, it } from 'vitest';
import { patternCost } from '../redos.ts';
import type { Recogniser } from './recogniser.ts';
import { recognisers } from './recognisers/index.ts';

/** What one recogniser alone finds, the plain way; the words it needs must stand in the text too. */
function finds({ pattern, valid, context, needs }: Recogniser, text: string): string[] {
  const found: string[] = [];
  if (needs.words !== undefined && !needs.words.some((word) => text.toLowerCase().includes(word))) return found;
  for (const match of text.matchAll(pattern)) {
    const value = match.groups?.['value'] ?? match[0];
    const start = match.index + match[0].length - value.length;
    if (context !== undefined && !context.test(text.slice(Math.max(0, start - 64), start))) continue;
    if (valid === undefined || valid(value)) found.push(value);
  }
  return found;
}

describe('the recognisers', () => {
  it('have ids of their own', () => {
    expect(new Set(recognisers.map(({ id }) => id)).size).toBe(recognisers.length);
  });

  it('know the numbers of at least thirty countries', () => {
    expect(new Set(recognisers.flatMap(({ country = [] }) => country)).size).toBeGreaterThanOrEqual(30);
  });
});

describe.each(recognisers.map((recogniser) => [recogniser.id, recogniser] as const))('%s', (_id, recogniser) => {
  it('is provably linear', () => {
    expect(patternCost(recogniser.pattern.source, recogniser.pattern.flags).problems).toEqual([]);
  });

  it('finds something in its positive examples', () => {
    expect(recogniser.positive.length).toBeGreaterThan(0);
    for (const text of recogniser.positive) if (recogniser.type !== 'SECRET') expect(finds(recogniser, text), text).not.toEqual([]);
  });

  it('finds nothing in its negative examples', () => {
    expect(recogniser.negative.length).toBeGreaterThan(0);
    for (const text of recogniser.negative) expect(finds(recogniser, text), text).toEqual([]);
  });
});
