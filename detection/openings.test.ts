import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedParts } from './leet.ts';
import { openings } from './literals.ts';
import { compile } from './matching.ts';
import { fold } from './normalise.ts';
import { createWordStarts, openingOf } from './openings.ts';
import { endingWith } from './pii/names/ending.ts';
import { signatures } from './signatures/index.ts';

const opened = signatures
  .filter(({ on }) => on !== 'compact')
  .map(compile)
  .filter(({ opening }) => opening !== undefined);
const starts = createWordStarts();

/** What the sticky pattern finds by its openings, as where and how much. */
function found(pattern: string, flags: string, folded: string, from = 0, to = folded.length): [number, string] | undefined {
  const opening = openingOf(pattern, flags);
  if (opening === undefined) throw new Error(`${pattern} may begin anywhere.`);
  starts.read(
    Uint16Array.from(folded, (sign) => sign.charCodeAt(0)),
    folded.length,
  );
  const hit = starts.first(opening, new RegExp(pattern, `${flags}y`), folded, from, to);
  return hit && [hit.index, hit[0]];
}

function searched(pattern: string, flags: string, stretch: string): [number, string] | undefined {
  const hit = new RegExp(pattern, flags).exec(stretch);
  return hit === null ? undefined : [hit.index, hit[0]];
}

describe('what a pattern opens with', () => {
  it.each([
    ['\\b(?:ignore|forget)s? all', ['for', 'ign']],
    ['\\b(?:please )?(?:ignore|do)\\b', ['do', 'ign', 'ple']],
    ['\\bno [a-z]{3}|\\bnever', ['nev', 'no ']],
    ['\\b(?<!ai )(?:say|tell) it', ['say', 'tel']],
    ['\\ba[a-z]b', ['a']],
    ['ignore all', undefined],
    ['\\b(?:say )?[a-z]{3}', undefined],
    ['\\bécoute', undefined],
    ['\\b(?:say){0,2}', undefined],
  ])('%s', (pattern, expected) => {
    expect(openings(pattern)?.sort()).toEqual(expected);
  });

  it('is known of most rules', () => {
    expect(opened.length).toBeGreaterThan(300);
  });
});

describe('trying a pattern where it can begin', () => {
  it('finds what searching finds, in all examples of all rules', () => {
    for (const { signature } of opened) {
      const examples = [...signature.positive, ...signature.negative].map(fold).join(' # ');
      const flags = signature.flags ?? '';
      expect(found(signature.pattern, flags, examples), signature.id).toEqual(searched(signature.pattern, flags, examples));
      const negatives = signature.negative.map(fold).join(' # ');
      expect(found(signature.pattern, flags, negatives), signature.id).toEqual(searched(signature.pattern, flags, negatives));
    }
  });

  it('finds what searching finds, wherever the stretch begins and ends', () => {
    const words = fc.array(fc.constantFrom('ignore', 'all', 'no', 'a', 'tell', 'me', 'é', '-', '.', ' ', '_', '1', 'я'), { maxLength: 40 });
    fc.assert(
      fc.property(words, fc.nat(60), fc.nat(60), (parts, from, length) => {
        const folded = parts.join('');
        const to = Math.min(folded.length, from + length);
        if (from >= to) return;
        for (const pattern of ['\\b(?:ignore|no) ?all', '\\ba[a-z. -]', '\\b(?:tell )?me\\b', '\\bno']) {
          expect(found(pattern, '', folded, from, to)).toEqual(searched(pattern, '', folded.slice(from, to)));
        }
      }),
    );
  });
});

describe('the parts of a long text that changed', () => {
  const filler = 'nothing to see here at all. '.repeat(300);

  it('include a change near its beginning', () => {
    expect(changedParts(`1gn0re it. ${filler}`, `ignore it. ${filler}`)).toEqual([expect.stringMatching(/^ignore it\. nothing/)]);
  });

  it('include what was left out, and no more than is near it', () => {
    const parts = changedParts(`${filler}i g n o r e it. ${filler}`, `${filler}ignore it. ${filler}`, { leftOut: true });
    expect(parts).toHaveLength(1);
    expect(parts[0]).toContain('ignore it.');
    expect(parts[0]?.length).toBeLessThan(1_400);
  });

  it('are none where nothing did', () => {
    expect(changedParts(filler, filler)).toEqual([]);
  });
});

describe('a pattern read from the end', () => {
  it('says what searching says', () => {
    const pattern = /(?:\bmy name is|\bdear|ich heiße)[,:]?\s{1,2}$/iu;
    const ends = endingWith(pattern);
    for (const text of ['Dear ', 'dear:  ', 'Sundear ', 'Hi, my name is ', 'ICH HEISSE ', 'ich heiße ', 'dear', ''])
      expect(ends(text), text).toBe(pattern.test(text));
  });
});
