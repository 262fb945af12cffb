import { describe, expect, it } from 'vitest';
import { MAX_CHOICES, patternCost } from './redos.ts';

const problems = (pattern: string, flags = '') => patternCost(pattern, flags).problems;

describe('a pattern that is proved cheap', () => {
  it.each([
    ['a quantifier without an end', 'a+b'],
    ['a repetition of what repeats', '(?:a{1,3}b?){1,20}c'],
    ['alternatives of which one begins the other', '(?:a|ab|b){1,40}c'],
    ['alternatives that are the same by letter case', '(?:k|K){1,40}c'],
    ['a class beside one of its members', String.raw`(?:\w|a){1,30}c`],
    ['an alternative that may be nothing', '(?:ab|){1,30}c'],
    ['the same letter by class and by sign, not Latin', '(?:\u0430|[\u0430\u0431]){1,30}c'],
    ['a back-reference', String.raw`(a)\1`],
  ])('has not %s', (_, pattern) => {
    expect(problems(pattern, 'i')).not.toEqual([]);
  });

  it.each([
    ['words that differ somewhere', '(?:cat|car|dog) {0,3}x'],
    ['repeated words that differ somewhere', '(?:cat |car |dog ){1,9}x'],
    ['repeated words with an ending', '(?:commands? |the(?:se)? ){0,4}x'],
    ['words of another script', '(?:\u0430\u0431|\u0430\u0432){1,9}\u0433'],
    ['a bounded gap', 'ignore [^.]{0,40} rules'],
  ])('may have %s', (_, pattern) => {
    expect(problems(pattern)).toEqual([]);
  });

  it('counts alternatives that can match the same text', () => {
    expect(patternCost('(?:a|ab)(?:c|cd)').choices).toBe(4);
    expect(patternCost('(?:ab|ac)(?:cd|ce)').choices).toBe(1);
    expect(problems('(?:a|ab)'.repeat(20))[0]).toMatch(new RegExp(`above ${MAX_CHOICES}`));
  });
});
