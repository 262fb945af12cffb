import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treat } from './actions.ts';
import { createFinder } from './find.ts';
import { createMasker } from './masker.ts';
import { createStreamMasker } from './stream.ts';
import { createVault, type StreamStep } from './vault.ts';

const find = createFinder();
const TEXT = 'Write to ann@example.org or bob@example.org, then ann@example.org again; card 4111 1111 1111 1111.';

/** The text in pieces that end where `cuts` say. */
function inPieces(step: StreamStep, text: string, cuts: readonly number[]): string {
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  let out = '';
  let at = 0;
  for (const end of [...ends, text.length]) {
    out += step.push(text.slice(at, end));
    at = end;
  }
  return out + step.end();
}
const cuts = fc.array(fc.nat(10_000), { maxLength: 20 });

describe('what is done about sensitive data', () => {
  it('hides it by its kind', () => {
    expect(treat(TEXT, find(TEXT), () => ({ kind: 'mask' }))).toEqual({
      kind: 'passed',
      text: 'Write to [EMAIL] or [EMAIL], then [EMAIL] again; card [CREDIT_CARD].',
      counts: { EMAIL: 3, CREDIT_CARD: 1 },
    });
  });

  it('hashes equal values alike, with a key of the caller', () => {
    const hashed = (key: string): string => {
      const treated = treat(TEXT, find(TEXT), () => ({ kind: 'hash', key }));
      return treated.kind === 'passed' ? treated.text : '';
    };
    const [first, second, third] = hashed('k1').match(/\[EMAIL:[0-9a-f]{16}\]/g) ?? [];
    expect(first).toBe(third);
    expect(first).not.toBe(second);
    expect(hashed('k2')).not.toContain(first);
  });

  it('refuses a text for one type and names it, whatever else is found', () => {
    expect(treat(TEXT, find(TEXT), (type) => ({ kind: type === 'CREDIT_CARD' ? 'block' : 'mask' }))).toEqual({
      kind: 'blocked',
      types: ['CREDIT_CARD'],
    });
  });

  it('lets a type through that is allowed', () => {
    const treated = treat(TEXT, find(TEXT), (type) => ({ kind: type === 'EMAIL_ADDRESS' ? 'allow' : 'mask' }));
    expect(treated).toMatchObject({ counts: { CREDIT_CARD: 1 }, text: expect.stringContaining('ann@example.org') });
  });
});

describe('tokens', () => {
  const vault = createVault([TEXT]);
  const sent = treat(TEXT, find(TEXT), () => ({ kind: 'tokenise', vault }));

  it('stand for values, the same one for the same value', () => {
    expect(sent).toMatchObject({ text: 'Write to <EMAIL_1> or <EMAIL_2>, then <EMAIL_1> again; card <CREDIT_CARD_1>.' });
    expect(sent.kind === 'passed' && vault.restore(sent.text)).toBe(TEXT);
  });

  it.each([
    '<EMAIL_1>',
    '<email_1>',
    '**<EMAIL_1>**',
    '`<EMAIL_1>`',
    '<EMAIL\\_1>',
    '\\<EMAIL\\_1\\>',
    '&lt;EMAIL_1&gt;',
    '< EMAIL_1 >',
    '[<Email_01>](x)',
  ])('are known as %s', (form) => {
    expect(vault.restore(form)).toContain('ann@example.org');
    expect(inPieces(vault.restorer(), form, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toBe(vault.restore(form));
  });

  it('are written the way the caller needs, for instance into JSON', () => {
    const quoting = createVault([]);
    quoting.tokenOf('PERSON', 'Ann "A" Lee');
    expect(JSON.parse(quoting.restore('{"to":"<PERSON_1>"}', (value) => JSON.stringify(value).slice(1, -1)))).toEqual({
      to: 'Ann "A" Lee',
    });
  });

  it('that the user wrote himself are left alone, and never issued', () => {
    const text = 'Explain <EMAIL_1> and <email\\_2> to ann@example.org';
    const careful = createVault([text]);
    const treated = treat(text, find(text), () => ({ kind: 'tokenise', vault: careful }));
    expect(treated).toMatchObject({ text: 'Explain <EMAIL_1> and <email\\_2> to <EMAIL_3>' });
    expect(treated.kind === 'passed' && careful.restore(treated.text)).toBe(text);
  });

  it('that nobody issued restore nothing', () => {
    expect(vault.restore('<EMAIL_9> <PERSON_1> <b_1>')).toBe('<EMAIL_9> <PERSON_1> <b_1>');
  });

  it('come back from any text in any pieces', () => {
    const text = fc
      .array(
        fc.constantFrom(
          '<EMAIL_1>',
          '<email\\_2>',
          '&lt;CREDIT_CARD_1&gt;',
          '<',
          '&',
          '&l',
          '\\',
          '<EM',
          'AIL_',
          '1',
          '>',
          ' ',
          '<div>',
          'x < y',
          '<A_1',
          '\ud83d\ude00',
        ),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, cuts, (answer, at) => {
        expect(inPieces(vault.restorer(), answer, at)).toBe(vault.restore(answer));
      }),
      { numRuns: 3000 },
    );
  });

  it('hold back nothing that cannot become one', () => {
    expect(vault.restorer().push('a < b and then <EMAIL_1> is')).toBe('a < b and then ann@example.org is');
  });
});

describe('a stream whose sensitive data is hidden', () => {
  const { mask } = createMasker();
  const pieces = [
    ...['ann.lee@mail.example.org', '4111 1111 1111 1111', 'GB82 WEST 1234 5698 7654 32', 'de89 3704 0044 0532 0130 00', '+49 30 901820', 'password: hunter22x', 'Dr. Anna Schmidt'],
    ...['John', ' Smith ', '12 Baker Street, London', 'born on ', '3 May 1984', '\n', ' ', '. ', 'my name is ', 'aws my secret key is ', 'Ltd', '<', '😀', '\ud83d', '2024-01-02'],
    ...[' and this is some plain text that goes on for quite a while without saying anything about anybody ', ' for a little while longer ', 'the ', 'of '],
  ]; // biome-ignore format: a list reads better wide
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));

  it('reads as if it had come whole, whatever its pieces', () => {
    fc.assert(
      fc.property(text, cuts, (answer, at) => {
        expect(inPieces(createStreamMasker({ find }), answer, at)).toBe(mask(answer).text);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    'he lives at 12 van der van der van Street, thanks',
    `my aws account has the secret for the key = ${'q7Zp4Xw9Kd2Rb8Tn5Vh3Ys6Mf1Jg0LcUaEeOiHxWvQ'.slice(0, 40)}`,
  ])('waits for what small letters may still lead to: %s', (answer) => {
    expect(mask(answer).text).not.toBe(answer);
    expect(
      inPieces(
        createStreamMasker({ find }),
        answer,
        Array.from(answer, (_, i) => i),
      ),
    ).toBe(mask(answer).text);
  });

  it('reads the same in any pieces even where nothing is ever quiet', () => {
    const loud = Array.from({ length: 1500 }, (_, i) => `K${i} 4111 1111 1111 1111 a${i}@x.org `).join('');
    const whole = inPieces(createStreamMasker({ find }), loud, []);
    for (const step of [7, 100, 4096, 5000]) {
      const at = Array.from({ length: Math.floor(loud.length / step) }, (_, i) => i * step);
      expect(inPieces(createStreamMasker({ find }), loud, at) === whole).toBe(true);
    }
    expect(whole).not.toContain('4111');
    expect(whole).not.toContain('@');
  });

  it('lets plain words go before the stream ends', () => {
    const plain = 'the answer is that you should water the plants twice a week and keep them away from the window in winter';
    expect(createStreamMasker({ find }).push(plain)).not.toBe('');
  });
});
