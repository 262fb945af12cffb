import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anchored } from './candidates.ts';
import { isWide, neededWords } from './literals.ts';
import { compile } from './matching.ts';
import { fold } from './normalise.ts';
import { createPrefilter } from './prefilter.ts';
import { signatures } from './signatures/index.ts';

const scanned = signatures.filter(({ on }) => on !== 'compact').map(compile);

/** True when one of `words` stands in folded text, at the beginning of a word where it must. */
function anyIn(words: readonly string[], folded: string): boolean {
  return words.some((word) =>
    word.startsWith(' ')
      ? new RegExp(`(?<![a-z0-9])${word.slice(1).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`).test(folded)
      : folded.includes(word),
  );
}

/** Strings that may match the pattern; undefined for the few patterns the generator cannot read. */
function matching(pattern: string): fc.Arbitrary<string> | undefined {
  // What is not listed would be listed by the generator: all of Unicode, for each class. Two letters of it will do.
  const listed = pattern
    .replace(/\[\^(?:\\.|[^\]\\])*\]/g, '[qz]')
    .replace(/\{0,\d{2,}\}/g, '{0,3}')
    .replaceAll('\\b', '');
  try {
    const strings = fc.stringMatching(new RegExp(listed));
    fc.sample(strings, 1);
    return strings;
  } catch {
    return undefined;
  }
}

describe('the words a pattern needs', () => {
  it.each([
    ['(?:show|print) (?:me )?secrets', [['show secrets', 'print secrets', 'show me secrets', 'print me secrets']]],
    ['(?:show|print) [a-z]{3} secrets', [['secrets'], ['show', 'print']]],
    ['\\b(?:ignore|forget)s? [^.]{0,9}rules?\\b', [[' ignore', ' forget'], ['rule']]],
    ['[a-z]{3}', []],
    ['(?:secret)?x', []],
    ['(?!secret)(?<=password)[0-9]', []],
    ['(?:secret|[0-9])', []],
    ['(?:secret){0,2}[0-9]', []],
    ['(?:secret){1,2}[0-9]', [['secret']]],
    ['secrets{0,3}', [['secret']]],
    ['sécurité', []],
    ['sec\\x72et\\u0065d', [['sec']]],
  ])('of %s are %j', (pattern, words) => {
    const found = neededWords(pattern);
    for (const set of words) expect(found).toContainEqual(set);
    expect(found).toHaveLength(words.length);
  });

  it.each([
    ['密码|пароль', true],
    ['(?:[а-я]{3}|密)x?', true],
    ['密码|password', false],
    ['(?:密码)?password', false],
    ['(?:密码){0,2}x', false],
    ['[^а-я]', false],
    ['(?!密码)x', false],
    ['пароль [a-z]{2}', true],
  ])('%s is of another script: %s', (pattern, wide) => {
    expect(isWide(pattern)).toBe(wide);
    expect(isWide(pattern, 'i')).toBe(false);
  });

  it('stand in every string that a built-in pattern matches', { timeout: 60_000 }, () => {
    let tried = 0;
    let matches = 0;
    for (const { signature, needed, wide } of scanned) {
      if (needed.length === 0 && !wide) continue;
      const strings = matching(signature.pattern);
      if (strings === undefined) continue;
      tried++;
      fc.assert(
        fc.property(strings, (text) => {
          const match = new RegExp(signature.pattern, signature.flags).exec(text)?.[0];
          if (match === undefined) return;
          matches++;
          if (wide) expect(fold(match), signature.id).toMatch(/[^\u0000-\u00ff]/);
          for (const words of needed) expect(anyIn(words, fold(match)), `${signature.id} ${text}`).toBe(true);
        }),
        { numRuns: 100 },
      );
    }
    expect(tried).toBeGreaterThan(100);
    expect(matches).toBeGreaterThan(2000);
  });

  it('cost no window in which a pattern matches', () => {
    const entries: Anchored[] = scanned.map(({ signature: { anchors, on }, reach, needed, wide }) => ({
      anchors,
      needed,
      wide,
      reach,
      inPlain: on === 'plain',
    }));
    const sparing = createPrefilter(entries);
    const plain = createPrefilter(entries.map(({ anchors, reach, inPlain }) => ({ anchors, reach, inPlain })));
    const prompts = readFileSync(new URL('../demo/prompts.jsonl', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { text: string }).text);
    let matches = 0;
    const texts = [...prompts, ...signatures.flatMap(({ positive }) => positive), prompts.join('\n\n')];
    for (const text of texts) {
      const all = plain.scan(text);
      const fewer = sparing.scan(text);
      for (const index of all.touched.slice(0, all.touchedCount)) {
        const { regex, signature } = scanned[index] as (typeof scanned)[number];
        const where = signature.on === 'plain' ? text : all.folded();
        const windows = all.windows(index);
        for (let w = 0; w < windows.length; w += 2) {
          regex.lastIndex = 0;
          if (!regex.test(where.slice(windows[w], windows[w + 1]))) continue;
          matches++;
          expect([...fewer.touched.slice(0, fewer.touchedCount)], signature.id).toContain(index);
          expect(pairs(fewer.windows(index)), signature.id).toContain(`${windows[w]}-${windows[w + 1]}`);
        }
      }
    }
    expect(matches).toBeGreaterThan(500);
  });
});

function pairs(windows: readonly number[]): string[] {
  const out: string[] = [];
  for (let w = 0; w < windows.length; w += 2) out.push(`${windows[w]}-${windows[w + 1]}`);
  return out;
}
