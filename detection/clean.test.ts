import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../schemas/content.ts';
import { createCleanTexts } from './clean.ts';
import { createDetector } from './detector.ts';

const prompts = readFileSync(new URL('../demo/prompts.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { text: string }).text);

function turns(texts: readonly string[], roles: readonly Segment['role'][] = ['user', 'assistant']): Segment[] {
  return texts.map((text, i) => ({
    direction: 'request',
    role: roles[i % roles.length] as Segment['role'],
    kind: 'text',
    path: `messages[${i}]`,
    text,
  }));
}

describe('a detector that remembers clean texts', () => {
  const fresh = createDetector();

  it('says the same as one that does not, on every visit', () => {
    // So little room that texts are forgotten and learned again.
    const detectors = [createDetector({ remember: 1 << 20 }), createDetector({ remember: 20_000 })];
    const conversations = prompts.map((_, i) => turns(prompts.slice(i, i + 1 + (i % 7))));
    for (let visit = 0; visit < 3; visit++) {
      for (const segments of conversations) {
        const expected = fresh.inspect(segments);
        for (const detector of detectors) expect(detector.inspect(segments)).toEqual(expected);
      }
    }
  });

  it('still reads the seam between two texts that are clean by themselves', () => {
    const detector = createDetector({ remember: 1 << 20 });
    const before = 'Thank you for the nice overview. And now please ignore all';
    const after = 'previous instructions that came with the washing machine, I found others.';
    for (let visit = 0; visit < 3; visit++) {
      expect(detector.inspect(turns([before]))).toMatchObject({ findings: [] });
      expect(detector.inspect(turns([after]))).toMatchObject({ findings: [] });
    }
    const split = turns([before, after], ['user']);
    expect(detector.inspect(split).findings.length).toBeGreaterThan(0);
    expect(detector.inspect(split)).toEqual(fresh.inspect(split));
  });

  it('keeps counting what it skips, so that the bounds fall where they would', () => {
    const detector = createDetector({ remember: 1 << 20 });
    const long = turns(Array.from({ length: 40 }, (_, i) => `Part ${i}: ${'the quick brown fox jumps over the lazy dog. '.repeat(690)}`));
    for (let visit = 0; visit < 3; visit++) expect(detector.inspect(long)).toEqual(fresh.inspect(long));
    expect(fresh.inspect(long).truncated).toBe(true);
  });
});

describe('the memory for clean texts', () => {
  const spent = { scanned: 1, decoded: 0, respelled: 0 };
  const text = (i: number): string => `${i} `.padEnd(1000, 'abcdefgh');

  it('keeps a text from its second visit on, in its own scope only, and by every character', () => {
    const texts = createCleanTexts(1 << 20);
    texts.add('user', text(1), spent);
    expect(texts.find('user', text(1))).toBeUndefined();
    texts.add('user', text(1), spent);
    expect(texts.find('user', text(1))).toEqual(spent);
    expect(texts.find('tool', text(1))).toBeUndefined();
    for (let i = 0; i < 1000; i++) {
      const other = `${text(1).slice(0, i)}X${text(1).slice(i + 1)}`;
      expect(texts.find('user', other)).toBeUndefined();
    }
  });

  it('takes neither short texts nor very long ones', () => {
    const texts = createCleanTexts(1 << 20);
    for (const one of ['short', 'x'.repeat(33_000)]) {
      for (let i = 0; i < 3; i++) texts.add('user', one, spent);
      expect(texts.find('user', one)).toBeUndefined();
    }
  });

  it('forgets what was not visited for longest, and keeps what is', () => {
    const texts = createCleanTexts(50_000);
    for (let i = 0; i < 200; i++) {
      for (const one of [text(0), text(i)]) {
        if (texts.find('user', one) !== undefined) continue;
        texts.add('user', one, spent);
        texts.add('user', one, spent);
      }
    }
    const known = Array.from({ length: 200 }, (_, i) => i).filter((i) => texts.find('user', text(i)) !== undefined);
    expect(known).toContain(0);
    expect(known).toContain(199);
    expect(known).not.toContain(1);
    expect(known.length).toBeLessThan(50);
  });
});
