import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../types.ts';
import { en } from './words/en.ts';
import { say, WORDS, writerFor } from './words.ts';

const reason = {
  text: {
    en: '{count} of {name} at {at}, {missing}',
    de: '{count} von {name} am {at}, {missing}',
    fr: '{count} de {name} le {at}, {missing}',
    es: '{count} de {name} el {at}, {missing}',
  },
  values: { count: 1_234_567.5, name: 'x{count}$&', at: '2026-10-25T01:30:00Z', no: null },
};

describe('words of reports', () => {
  it('writes numbers as the reader does, and times in UTC', () => {
    expect(say(reason, 'en')).toBe('1,234,567.5 of x{count}$& at 25 Oct 2026, 01:30:00, {missing}');
    expect(say(reason, 'de')).toBe('1.234.567,5 von x{count}$& am 25.10.2026, 01:30:00, {missing}');
    expect(say(reason, 'fr').replace(/\s/g, ' ')).toBe('1 234 567,5 de x{count}$& le 25 oct. 2026, 01:30:00, {missing}');
    expect(say(reason, 'es')).toBe('1.234.567,5 de x{count}$& el 25 oct 2026, 1:30:00, {missing}');
  });

  it('keeps small amounts that would round to nought', () => {
    expect(writerFor('en').number(0.000_012_345)).toBe('0.0000123');
  });

  it.each(LANGUAGES)('has the same places to fill in %s', (language) => {
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(places(WORDS[language][key]), key).toEqual(places(en[key]));
      expect(WORDS[language][key].trim(), key).not.toBe('');
    }
  });

  it.each(['de', 'fr', 'es'] as const)('says whole sentences in %s, and not in English', (language) => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      if (en[key].split(' ').length > 3) expect(WORDS[language][key], key).not.toBe(en[key]);
    }
  });

  it('shows a sealed text as sealed', () => {
    const column = { name: 'by', kind: 'personal', title: { en: 'By', de: 'Von', fr: 'Par', es: 'Por' } } as const;
    expect(writerFor('de').cell('sealed:v1:abc', column)).toBe('versiegelt');
  });
});
