import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFinder } from './find.ts';
import { createMasker } from './masker.ts';
import { readable } from './readable.ts';

const { mask } = createMasker();

describe('sensitive data in unusual writing', () => {
  it.each([
    ['full-width digits', '番号４１１１ １１１１ １１１１ １１１１です', '番号[CREDIT_CARD]です'],
    ['invisible characters inside', 'card 4111\u200b1111\u200b1111\u200b1111.', 'card [CREDIT_CARD].'],
    ['invisible characters around', '\u2060a\u200bnn@example.org\u200b!', '\u2060[EMAIL]\u200b!'],
    ['mathematical digits', 'card 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏 😀', 'card [CREDIT_CARD] 😀'],
    ['Arabic digits', 'بطاقة ٤١١١١١١١١١١١١١١١', 'بطاقة [CREDIT_CARD]'],
    ['spaces that do not break, typographic dashes', 'ssn 460‑89‑9847, 4111\u00a01111\u00a01111\u00a01111', 'ssn [SSN], [CREDIT_CARD]'],
    ['characters of two units before it', '😀😀 ann@example.org', '😀😀 [EMAIL]'],
  ])('is hidden exactly where it stands: %s', (_name, text, masked) => {
    expect(mask(text).text).toBe(masked);
  });

  it('has spans that read as what was found, in any text', () => {
    const find = createFinder(() => true, 0);
    const piece = fc.constantFrom(
      '4111',
      '１１１１',
      '\u200b',
      ' ',
      '😀',
      '𝟏𝟏𝟏𝟏',
      'ann@x.org',
      '\ud835',
      '\udfce',
      '\u00a0',
      'ssn ',
      '460-89-9847',
      'ﬁ',
      'é',
      '٤١١١',
      'Anna ',
      'Smith',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
        (text) => {
          const plain = find(readable(text).text).map(({ start, end }) => readable(text).text.slice(start, end));
          const found = find(text);
          expect(found.map(({ start, end }) => readable(text.slice(start, end)).text)).toEqual(plain);
          for (const { start, end } of found) expect(end).toBeGreaterThan(start);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
