import { describe, expect, it } from 'vitest';
import { createAnswers } from './answers.ts';

const said = (value: number) => Float32Array.of(value);

describe('remembered answers', () => {
  it('are found by the whole text', () => {
    const answers = createAnswers(10);
    answers.add('a', said(1));
    expect(answers.find('a')).toEqual(said(1));
    expect(answers.find('A')).toBeUndefined();
    expect(answers.find('')).toBeUndefined();
    answers.add('\ud800', said(2));
    expect(answers.find('\ud801')).toBeUndefined();
    expect(answers.find('\ud800')).toEqual(said(2));
  });

  it('are never more than there is room for, and those go that were longest not asked about', () => {
    const answers = createAnswers(10);
    for (let i = 0; i < 1_000; i++) {
      answers.add(`text ${i}`, said(i));
      expect(answers.find('text 0')).toEqual(said(0));
    }
    const kept = Array.from({ length: 1_000 }, (_, i) => answers.find(`text ${i}`)).filter((answer) => answer !== undefined);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(answers.find('text 999')).toEqual(said(999));
    expect(answers.find('text 500')).toBeUndefined();
  });

  it('are none where there is no room', () => {
    const answers = createAnswers(0);
    answers.add('a', said(1));
    expect(answers.find('a')).toBeUndefined();
  });
});
