import { describe, expect, it } from 'vitest';
import { generate, type Row } from './generate.ts';
import { normalised, readSeeds, type Seeds, slotsOf } from './seeds.ts';

const rows = generate({ seed: 1 });

describe('rows made from our own seeds', () => {
  it('are the same for the same seed, and other ones for another', () => {
    expect(generate({ seed: 1 })).toEqual(rows);
    expect(generate({ seed: 2 })).not.toEqual(rows);
  });

  it('do not change in one language when the others are left out', () => {
    expect(generate({ seed: 1, languages: ['en'] })).toEqual(rows.filter(({ lang }) => lang === 'en'));
  });

  it('lean to no side in any language', () => {
    for (const [lang, ofLang] of Map.groupBy(rows, (row) => row.lang)) expect(share(ofLang), lang).toSatisfy(even);
  });

  it('lean to no side in any form of carrier in English', () => {
    const carried = rows.filter(({ lang, source }) => lang === 'en' && source.startsWith('own_carriers_'));
    for (const [source, ofForm] of Map.groupBy(carried, (row) => row.source)) expect(share(ofForm), source).toSatisfy(even);
  });

  it('leave no slot open', () => {
    expect(rows.filter(({ source, text }) => source.startsWith('own_carriers_') && slotsOf(text).length > 0)).toEqual([]);
  });

  it('have ids of their own, and no text twice in a language', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(new Set(rows.map(({ lang, text }) => `${lang} ${normalised(text)}`)).size).toBe(rows.length);
  });

  it('never carry both labels for one text', () => {
    const labels = Map.groupBy(rows, ({ text }) => normalised(text));
    expect([...labels.values()].filter((same) => new Set(same.map(({ label }) => label)).size > 1)).toEqual([]);
  });

  it('keep JSON carriers readable', () => {
    const json = rows.filter(({ source, text }) => source === 'own_carriers_tool_result' && text.startsWith('{"'));
    expect(json.length).toBeGreaterThan(0);
    // What the user asks about it may follow on a line of its own.
    const document = (text: string) => text.slice(0, Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1);
    for (const { id, text } of json) expect(() => JSON.parse(document(text)), id).not.toThrow();
  });
});

describe('the seeds', () => {
  const all = readSeeds();

  it('say nothing twice in a language', () => {
    for (const seeds of all) {
      const texts = textsOf(seeds).map(normalised);
      expect(
        texts.filter((text, at) => texts.indexOf(text) !== at),
        seeds.lang,
      ).toEqual([]);
    }
  });

  it('are written in English in every kind of file', () => {
    const english = all.find(({ lang }) => lang === 'en');
    expect(english?.fills).toBeDefined();
    expect(Math.min(english?.attacks.length ?? 0, english?.benign.length ?? 0, english?.carriers.length ?? 0)).toBeGreaterThan(50);
  });
});

function share(some: Row[]): number {
  return some.filter(({ label }) => label === 'attack').length / some.length;
}

function even(attacks: number): boolean {
  return attacks >= 0.35 && attacks <= 0.55;
}

function textsOf({ attacks, benign, pairs, payloads, carriers, conversations }: Seeds): string[] {
  return [
    ...[...attacks, ...benign, ...payloads, ...carriers].map(({ text }) => text),
    ...pairs.flatMap((pair) => [pair.attack, pair.benign]),
    ...conversations.map(({ turns }) => turns.join('\n')),
  ];
}
