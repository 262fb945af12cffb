import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasker } from './masker.ts';

const { mask, find } = createMasker();

describe('personal data', () => {
  it.each([
    ['Write to ann.lee+news@mail.example.org today', 'Write to [EMAIL] today'],
    ['card 4111 1111 1111 1111, thanks', 'card [CREDIT_CARD], thanks'],
    ['card 378282246310005.', 'card [CREDIT_CARD].'],
    ['IBAN GB82 WEST 1234 5698 7654 32 please', 'IBAN [IBAN] please'],
    ['iban de89370400440532013000', 'iban [IBAN]'],
    ['my ssn is 460-89-9847', 'my ssn is [SSN]'],
    ['social security 460 89 9847', 'social security [SSN]'],
    ['NHS number 943 476 5919', 'NHS number [NHS_NUMBER]'],
    ['from 106.31.73.20 and 2001:db8::ff00:42:8329', 'from [IP_ADDRESS] and [IP_ADDRESS]'],
    ['born on 3 May 1984 in Rome', 'born on [DATE_OF_BIRTH] in Rome'],
    ['DOB: 1984-05-03', 'DOB: [DATE_OF_BIRTH]'],
    ['passport no. C01X00T47', 'passport no. [PASSPORT]'],
    ["driver's license F162823540116", "driver's license [DRIVER_LICENSE]"],
    ['call 541-714-1388 or (415) 555-2671', 'call [PHONE] or [PHONE]'],
    ['Ruf an: +49 30 901820', 'Ruf an: [PHONE]'],
    ['phone 60 56 85 91', 'phone [PHONE]'],
    ['the password is hunter22x', 'the password is [PASSWORD]'],
    [`key ghp_${'q7Zp4Xw9Kd2Rb8Tn5Vh3Ys6Mf1Jg0LcUaEeO'}!`, 'key [SECRET]!'],
  ])('is masked in %j', (text, masked) => {
    expect(mask(text).text).toBe(masked);
  });

  it('is counted by kind', () => {
    expect(mask('a@b.io, c@d.io and 10.20.30.40').counts).toEqual({ EMAIL: 2, IP_ADDRESS: 1 });
  });
});

describe('what only looks like personal data', () => {
  it.each([
    ['a card number whose check digit is wrong', 'order 4111 1111 1111 1112'],
    ['an IBAN whose remainder is wrong', 'IBAN GB82 WEST 1234 5698 7654 33'],
    ['a version', 'upgrade to 1.2.3.4 or v2.0.1'],
    ['a time of day', 'at 10:20:30 on the dot'],
    ['a date without a birth', 'the meeting on 1984-05-03'],
    ['ten digits that are no NHS number', 'patient 9434765918'],
    ['numbers in prose', 'In 2019 we sold 1,234,567 units for $12.50 each'],
    ['an @ in code', 'use @Component and user@localhost'],
    ['a placeholder', 'api_key = "your_api_key_goes_here_now"'],
    ['a hash', 'commit 9f3b7c1e5a8d2046bf91c7e3d5a08b64'],
    ['a word after passport', 'passport control is closed'],
  ])('stays: %s', (_name, text) => {
    expect(mask(text)).toEqual({ text, counts: {} });
  });
});

describe('any text at all', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(
        fc.constantFrom(
          '4111 1111 1111 1111',
          'a@b.io',
          '\ud800',
          '\u0000',
          ' ',
          '-',
          '+49 30 1234567',
          '10.20.30.40',
          'phone ',
          '12',
          'ssn ',
        ),
        { maxLength: 30 },
      )
      .map((parts) => parts.join('')),
  );

  it('is rebuilt exactly around what was found', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const found = find(text);
        let at = 0;
        let rebuilt = '';
        for (const { start, end, label } of found) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          rebuilt += `${text.slice(at, start)}[${label}]`;
          at = end;
        }
        expect(mask(text).text).toBe(rebuilt + text.slice(at));
      }),
    );
  });

  it('costs in proportion to its length', () => {
    for (const piece of ['1', '1 ', 'a@', 'a.', '+1', '1-', '(', '12:', 'phone 1 2 ', 'Bearer ', 'GB82 ', 'eyJ']) {
      const text = piece.repeat(100_000 / piece.length);
      const started = performance.now();
      mask(text);
      expect(performance.now() - started, piece).toBeLessThan(500);
    }
  });
});
