import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIdentifying, labelOf } from './entities.ts';
import { CONTEXT, createFinder, type Found, settle } from './find.ts';
import { createNameFinder } from './names/index.ts';
import { readable } from './readable.ts';
import { recognisers } from './recognisers/index.ts';

const find = createFinder();
const findNames = createNameFinder(isIdentifying);
const wanted = recognisers
  .filter(({ type }) => isIdentifying(type))
  .map((recogniser) => ({
    ...recogniser,
    words: recogniser.needs.words?.map((word) => new RegExp(word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'i')),
  }));

/** The plain way: every recogniser over the whole text, the words it needs looked for one by one. */
function findPlainly(text: string): Found[] {
  const candidates: Found[] = [];
  for (const { type, pattern, valid, context, confidence, words } of wanted) {
    if (words !== undefined && !words.some((word) => word.test(text))) continue;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      pattern.lastIndex = match.index + 1;
      const value = match.groups?.['value'] ?? match[0];
      const start = match.index + match[0].length - value.length;
      if (valid !== undefined && !valid(value)) continue;
      if (context !== undefined && !context.test(text.slice(Math.max(0, start - CONTEXT), start))) continue;
      candidates.push({ start, end: start + value.length, type, label: labelOf(type), confidence });
    }
  }
  findNames(text, candidates);
  return settle(candidates);
}

function textsOf(path: string | URL): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { text: string }).text);
}

const KEY = 'q7Zp4Xw9Kd2Rb8Tn5Vh3Ys6Mf1Jg0LcUaEeOiHxWvQrPzNtBkDyGmSjC4h8K2w6T';
const pieces = [
  ...[...'0123456789 .-()+:@/_#,"\'=\n'],
  ...['4111 1111 1111 1111', '4111-1111-1111-1111', '378282246310005', 'GB82 WEST 1234 5698 7654 32', 'de89370400440532013000', 'DE89'],
  ...['460-89-9847', '460 89 9847', '943 476 5919', '106.31.73.20', '1.2.3.4', '2001:db8::ff00:42:8329', '1:2:3:4:5:6:7:8', '::1f', 'a::b'],
  ...['ann.lee+news@mail.example.org', 'a@b.io', '@x.org', 'ann@', '+49 30 901820', '0049 30 1234567', '(415) 555-2671', '541-714-1388', '030 12 34 56'],
  ...['1 (415) 555-2671', '60 56 85 91', '+1 (0)30 ', '(0', '1984-05-03', '3 May 1984', '1st of june, 85', 'C01X00T47', 'F162823540116'],
  ...['born ', 'birth ', 'd.o.b. ', 'DOB: ', 'naissance ', 'geboren ', 'née le ', 'geburtsdatum ', 'ssn ', 'Social Security ', 'NHS ', 'patient '],
  ...['passport ', 'Reisepass ', 'driver license ', 'LICENCE no ', 'DL ', 'FÜHRERSCHEIN ', 'permis de conduire ', 'phone ', 'TEL ', 'téléphone ', 'ring '],
  ...['password is ', 'pwd=', 'PassPhrase: ', 'hunter22x', 'secret ', 'api_key = "', `sk-${KEY.slice(0, 40)}`, 'AKIA', `AKIA${'QYLPMN5HHHFPZAM2'}`],
  ...[`Bearer ${KEY.slice(0, 30)}`, `ghp_${KEY.slice(0, 36)}`, 'postgres://app:s3cr3tpw@db.internal:5432/x', 'İ', 'ſ', 'K', '\ud800', '😀', '０１', 'é'],
]; // biome-ignore format: a list reads better wide

describe('the masker with its survey', () => {
  const check = (written: string): void => {
    const { text } = readable(written);
    expect(find(text), text.slice(0, 200)).toEqual(findPlainly(text));
  };

  it('finds what every recogniser over the whole text would find, in real prompts', () => {
    for (const text of textsOf(new URL('../../demo/prompts.jsonl', import.meta.url))) check(text);
  });

  const shared = new URL('../../../shared/data/pii/dev.jsonl', import.meta.url);
  it.skipIf(!existsSync(shared))('and in sentences made of personal data, alone and in paragraphs', () => {
    const texts = textsOf(shared);
    texts.forEach((text, i) => {
      check(text);
      if (i % 10 === 0) check(texts.slice(i, i + 10).join(i % 20 === 0 ? '\n' : ' '));
    });
  });

  it('and in any mixture of the pieces personal data is made of', () => {
    const mixture = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(fc.property(mixture, check), { numRuns: 3000 });
    const dense = fc.string({ unit: fc.constantFrom(...'0019.-() +:@aFxé'), maxLength: 60 });
    fc.assert(fc.property(dense, check), { numRuns: 3000 });
  });
});
