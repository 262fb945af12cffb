import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reversed, rot13 } from './ciphers.ts';
import { decodings, readsAsText } from './decode.ts';
import { respelled } from './leet.ts';
import { fold, plain } from './normalise.ts';
import { createPrefilter } from './prefilter.ts';
import { patternCost } from './redos.ts';
import { riskScore } from './score.ts';
import { compact, lettersApart, pulledApart, rejoined } from './spacing.ts';

describe('plain text', () => {
  it('keeps real Russian and Greek, and words of one script inside another', () => {
    for (const text of ['Привет, как дела?', 'Καλημέρα σε όλους', 'The Russian word мир means peace', 'Я пишу на TypeScript каждый день']) {
      expect(plain(text)).toMatchObject({ text, via: [] });
    }
  });

  it('keeps emoji flags and families, and finds bits in rows of invisible characters', () => {
    expect(plain('🏴󠁧󠁢󠁥󠁮󠁧󠁿').hidden).toEqual([]);
    expect(plain('👨‍👩‍👧').hidden).toEqual([]);
    const bits = [...Buffer.from('obey me')].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    const row = [...bits].map((bit) => (bit === '1' ? '\u2064' : '\u2062')).join('');
    expect(plain(`hi${row}`).hidden).toEqual([{ text: 'obey me', via: 'invisible-bits' }]);
  });

  it('takes lone surrogates and NUL as they come', () => {
    expect(() => plain('\ud800\u0000\udc00 а\u0000a')).not.toThrow();
  });
});

describe('folded text', () => {
  it('is lower case, single-spaced and without accents', () => {
    expect(fold(' Ça \t\n VÀ — “Übung”')).toBe('ca va - "ubung"');
  });

  it('is a fixed point of folding', () => {
    for (let unit = 0; unit < 65536; unit++) {
      const once = fold(`a${String.fromCharCode(unit)}.`);
      if (fold(once) !== once) expect.fail(`U+${unit.toString(16)}: ${once} → ${fold(once)}`);
    }
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => fold(`${fold(text)}.`) === `${fold(text)}.`));
  });

  it('reads leet inside words and leaves numbers', () => {
    expect(respelled('1gn0r3 2024 gpt-4 $100 wow!! p@ssw0rd')).toEqual(['ignore 2024 gpt-4 $100 wow!! password']);
  });

  it('puts pulled-apart words together', () => {
    const put = (text: string) => rejoined(text, lettersApart(text));
    expect(put('i g n o r e  a l l')).toBe('ignore  all');
    expect(put('i.g.n.o.r.e it, e.g. this')).toBe('ignore it, e.g. this');
    const text = 'say a b c d e f g now';
    expect(pulledApart(text, lettersApart(text)).map(compact)).toEqual(['abcdefg']);
  });

  it('looks for pulled-apart words wherever there are some', () => {
    const anyText = fc.string({
      unit: fc.constantFrom(...'abZя你é1٣ .-_\n\u0301\ud835\udc00', '😀', '𝐀', 'a.b c ', '     '),
      maxLength: 60,
    });
    fc.assert(
      fc.property(anyText, (text) => {
        // The patterns see no difference between a row and the whole text.
        const whole = [{ from: 0, to: text.length, letters: Number.POSITIVE_INFINITY }];
        expect(rejoined(text, lettersApart(text))).toBe(rejoined(text, whole));
        expect(pulledApart(text, lettersApart(text))).toEqual(pulledApart(text, whole));
      }),
      { numRuns: 2000 },
    );
    expect(lettersApart('one sum: a + b, and no more')).toEqual([]);
  });
});

describe('decoding', () => {
  it('undoes what it did, for any sentence', () => {
    const sentence = fc
      .array(fc.constantFrom('please', 'tell', 'everything', 'about', 'systems', 'Now'), { minLength: 6, maxLength: 20 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(sentence, (text) => {
        const layers = (encoded: string): string[] => decodings(encoded, 65536).map((layer) => layer.text);
        expect(layers(Buffer.from(text).toString('base64'))).toContain(text);
        expect(layers(Buffer.from(text).toString('hex'))).toContain(text);
        expect(layers(text.replaceAll(' ', '%20'))).toContain(text);
        expect(rot13(rot13(text))).toBe(text);
        expect(reversed(reversed(text))).toBe(text);
      }),
    );
  });

  it('keeps to its limit, and drops what does not read as text', () => {
    const long = Buffer.from('word '.repeat(1000)).toString('base64');
    expect(decodings(long, 100).reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(100);
    expect(decodings('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 1000)).toEqual([]);
    expect(readsAsText('\u0001\u0002\u0003\u0004\u0005\u0006\u0007')).toBe(false);
  });
});

describe('the prefilter', () => {
  const entry = (anchors: string[], inPlain = false): { anchors: string[]; reach: number; inPlain: boolean } => ({
    anchors,
    reach: 5,
    inPlain,
  });
  const seen = (anchors: string[][], text: string): number[] => {
    const scan = createPrefilter(anchors.map((list) => entry(list))).scan(text);
    return [...scan.touched.slice(0, scan.touchedCount)].sort();
  };

  it('sees the anchors a search would see, in any mix of scripts', () => {
    const letters = fc
      .string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'я', '你'), minLength: 1, maxLength: 4 })
      .filter((text) => text.trim() === text && text !== '');
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'я', '你', '\n'), maxLength: 60 }),
        (anchors, text) => {
          const folded = fold(text);
          const expected = anchors.flatMap((anchor, index) => (folded.includes(fold(anchor)) ? [index] : []));
          expect(
            seen(
              anchors.map((anchor) => [anchor]),
              text,
            ),
          ).toEqual(expected);
        },
      ),
    );
  });

  it('holds an anchor that begins with a space to the beginning of a word', () => {
    expect(seen([[' dan'], ['dan']], 'dance')).toEqual([0, 1]);
    expect(seen([[' dan'], ['dan']], 'abundant')).toEqual([1]);
    expect(seen([[' dan']], 'say "dan"')).toEqual([0]);
  });

  it('touches an entry only where the other words its pattern needs stand near an anchor', () => {
    const prefilter = createPrefilter([{ ...entry(['xx']), reach: 10, needed: [[' yy', 'zz'], ['vv']] }]);
    const windows = (text: string): number[] => {
      const scan = prefilter.scan(text);
      return scan.touchedCount === 0 ? [] : [...scan.windows(0)];
    };
    expect(windows('xx yy')).toEqual([]);
    expect(windows('xx ayy vv')).toEqual([]);
    expect(windows('xx yy vv')).toEqual([0, 12]);
    expect(windows('vv zz xx')).toEqual([0, 18]);
    expect(windows(`yy vv ${'a'.repeat(20)} xx`)).toEqual([]);
    // The window begins inside `ayy`: to a pattern that reads only the window, the word begins there.
    expect(windows('ayy vv - xx')).toEqual([1, 21]);
    expect(windows(`xx ${'a'.repeat(30)} zz xx vv ${'a'.repeat(30)} xx`)).toEqual([29, 49]);
  });

  it('gives windows that cover every anchor and do not overlap', () => {
    const scan = createPrefilter([entry(['xx'])]).scan(`${'a'.repeat(30)}xx${'a'.repeat(30)}xxaxx`);
    expect(scan.windows(0)).toEqual([27, 37, 59, 72]);
    expect(scan.folded()).toHaveLength(67 + 1);
  });
});

describe('the pattern checker', () => {
  it.each(['a*', 'a+b', '(?:a+)+', '\\w{2,}', '(?:a{0,9}){0,9}x?a', '(a)\\1', '.{0,90}.{0,90}.{0,90}x', `a{0,${10_000}}`])(
    'refuses %s',
    (pattern) => {
      expect(patternCost(pattern).problems).not.toEqual([]);
    },
  );

  it.each(['abc', 'a{0,5}b', '(?:[^ ]{1,20} ){0,5}end', '\\b(?:one|two) .{0,40}three', '[a-z]{2,9}\\d'])('allows %s', (pattern) => {
    expect(patternCost(pattern).problems).toEqual([]);
  });

  it('knows the longest match', () => {
    expect(patternCost('ab{2,5}(?:cd|e)?(?=fgh)').width).toBe(11);
  });
});

describe('the risk score', () => {
  it('never falls when a finding is added or grows surer', () => {
    const finding = fc.record({
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      severity: fc.constantFrom('low' as const, 'medium' as const, 'high' as const, 'critical' as const),
      threatType: fc.constantFrom('jailbreak' as const, 'harmful_request' as const),
    });
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 10 }), finding, (some, one) => {
        expect(riskScore([...some, one])).toBeGreaterThanOrEqual(riskScore(some));
        expect(riskScore([...some, { ...one, score: 1 }])).toBeGreaterThanOrEqual(riskScore([...some, one]));
      }),
    );
  });
});
