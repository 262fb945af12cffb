import { describe, expect, it } from 'vitest';
import { compile, withMergePoints } from './matching.ts';
import { fold } from './normalise.ts';
import { signatures } from './signatures/index.ts';

describe('merge points', () => {
  it.each([
    ['(?:a|b)c', '(?:a|b)(?=)c'],
    ['(?:a|b)?c', '(?:a|b)?(?=)c'],
    ['(?:a|b){0,3}?c', '(?:a|b){0,3}?(?=)c'],
    ['(?:a|b){2}[x]', '(?:a|b){2}(?=)[x]'],
    ['(?:(?:a|b)|c)', '(?:(?:a|b)|c)'],
    ['(?:a|b)+(?:c|d)\\b', '(?:a|b)+(?=)(?:c|d)(?=)\\b'],
    ['\\(a\\)b', '\\(a\\)b'],
    ['[()]b[^)\\]]c', '[()]b[^)\\]]c'],
    ['\\\\(?:a|b)c', '\\\\(?:a|b)(?=)c'],
  ])('of %s: %s', (pattern, made) => {
    expect(withMergePoints(pattern)).toBe(made);
  });

  it('change no match of a built-in pattern', { timeout: 60_000 }, () => {
    const texts = signatures.flatMap(({ positive, negative }) => [...positive, ...negative]).flatMap((text) => [text, fold(text)]);
    let matches = 0;
    for (const { signature, regex } of signatures.map(compile)) {
      const written = new RegExp(signature.pattern, regex.flags.replace('y', 'g'));
      const run = new RegExp(regex.source, written.flags);
      for (const text of texts) {
        const found = [...text.matchAll(run)].map(({ index, 0: match }) => [index, match]);
        const expected = [...text.matchAll(written)].map(({ index, 0: match }) => [index, match]);
        if (found.length + expected.length > 0) expect(found).toEqual(expected);
        matches += expected.length;
      }
    }
    expect(matches).toBeGreaterThan(2_000);
  });
});
