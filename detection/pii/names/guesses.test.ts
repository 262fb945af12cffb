import { describe, expect, it } from 'vitest';
import { createFinder } from '../find.ts';

const guess = createFinder(() => true, 0);
const sure = createFinder();

/** What is found of a type, as it stands in the text. */
const all = (text: string, type: string): string[] => guess(text).flatMap((f) => (f.type === type ? [text.slice(f.start, f.end)] : []));

describe('a guess', () => {
  it.each([
    ['somebody who is spoken to', 'PERSON', 'Brunhild, could you open the window?', ['Brunhild']],
    ['somebody who is called', 'PERSON', 'Come down from there, Ottokar!', ['Ottokar']],
    ['a relative', 'PERSON', 'We named him Tancred last week.', ['Tancred']],
    [
      'who was named in full elsewhere',
      'PERSON',
      'A letter by Eric Quillfeather. Nobody answers Quillfeather.',
      ['Eric Quillfeather', 'Quillfeather'],
    ],
    ['a name that small words lead on', 'PERSON', 'I met Anna van der Molen.', ['Anna van der Molen']],
    ['founders in a list', 'PERSON', 'It has three founders: Tarn, Wick and Orrell.', ['Tarn', 'Wick', 'Orrell']],
    ['a firm by what it is', 'ORGANIZATION', 'Quorvex is a small design agency.', ['Quorvex']],
    ['a firm of partners', 'ORGANIZATION', 'Tarn, Wick and Orrell is a law firm.', ['Tarn, Wick and Orrell']],
    ['a firm by who works there', 'ORGANIZATION', 'She spent a year at Bluebottle as a cook.', ['Bluebottle']],
    ['a firm that everybody knows', 'ORGANIZATION', 'They moved it all to Siemens.', ['Siemens']],
    ['a firm above its street', 'ORGANIZATION', 'Eric Quillfeather\nQuorvex\n12 Elm Road', ['Quorvex']],
    ['a town by what stands before it', 'LOCATION', 'the mayor of Zwickelrode spoke', ['Zwickelrode']],
    ['a town by its ending', 'LOCATION', 'a road leads to Harrowbury now', ['Harrowbury']],
    ['a town that small words lead on', 'LOCATION', 'based in Aldea de la Sierra', ['Aldea de la Sierra']],
    ['a town above its country', 'LOCATION', 'KROTTENAU\nAustria', ['KROTTENAU', 'Austria']],
    ['a code after a town', 'ZIP_CODE', 'a shop in Zwickelrode 40213 that sells tea', ['40213']],
    ['a corner', 'STREET_ADDRESS', 'the corner of Lindenweg 4 and Harbour Steps', ['the corner of Lindenweg 4 and Harbour Steps']],
    [
      'numbers at both ends of a street',
      'STREET_ADDRESS',
      'bring it 318 Uusmaa 46\n Riisa\n Estonia 62488',
      ['318 Uusmaa 46\n Riisa\n Estonia 62488'],
    ],
  ])('finds %s', (_what, type, text, names) => {
    expect(all(text, type)).toEqual(names);
  });

  it.each([
    ['a heading', 'The Annual Budget Report'],
    ['a title', 'Guide to Forest Law'],
    ['an abbreviation', 'The files are in PDF.'],
  ])('takes %s for nobody and no place', (_what, text) => {
    expect([...all(text, 'PERSON'), ...all(text, 'LOCATION')]).toEqual([]);
  });

  it('hides nothing by itself', () => {
    for (const text of [
      'Brunhild, could you open the window?',
      'Come down from there, Ottokar!',
      'bring it 318 Uusmaa 46\n Riisa\n Estonia 62488',
    ])
      expect(sure(text), text).toEqual([]);
  });
});

describe('an address', () => {
  const addresses = (text: string): string[] =>
    sure(text).flatMap((f) => (f.type === 'STREET_ADDRESS' ? [text.slice(f.start, f.end)] : []));

  it.each([
    ['begins with its flat', 'Suite 41 12 Elm Road, Leeds', 'Suite 41 12 Elm Road, Leeds'],
    ['goes on over the empty line of a form to its country', '12 Elm Road\nTartu\n\n Estonia', '12 Elm Road\nTartu\n\n Estonia'],
    ['ends before a phone number below it', '12 Elm Road\nLeeds 40213\n4155 55 26', '12 Elm Road\nLeeds 40213'],
    ['may be a ship', 'mail USS Marlin\nFPO AE 09512 please', 'USS Marlin\nFPO AE 09512'],
    ['has a street of two words', 'an der Langen Straße 33 wohnt er', 'Langen Straße 33'],
  ])('%s', (_what, text, address) => {
    expect(addresses(text)).toEqual([address]);
  });

  it.each(['During 1971 they grew.', 'The plan for Spring 1932 failed.', 'Watergate 1972 is a date.'])('is none of a year: %s', (text) => {
    expect(addresses(text)).toEqual([]);
  });
});
