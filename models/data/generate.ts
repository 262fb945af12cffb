/**
 * Training rows from our own seeds: the same seed number and seed files make the same bytes. A detector learns whatever differs,
 * so a carrier stands with attacks and, as often, with harmless payloads or bare; and no language may lean to one side.
 *
 * node models/data/generate.ts OUT.jsonl [--seed N] [--languages en,de]
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benignKindOf, compose, filler } from './carriers.ts';
import { type Dice, diceOf, shuffled } from './dice.ts';
import { type AttackKind, type BenignKind, type Carrier, LONGEST_TEXT, normalised, readSeeds, type Seeds, type Words } from './seeds.ts';

export interface Row {
  id: string;
  text: string;
  label: 'attack' | 'benign';
  kind: AttackKind | BenignKind | 'indirect_injection';
  lang: string;
  source: string;
  licence: 'Apache-2.0';
}

/** Rows of one carrier: as many with attacks as without. Of these, a few bare: more would be copies of one another. */
const ATTACKS_PER_CARRIER = 5;
const HARMLESS_PER_CARRIER = 3;
const BARE_PER_CARRIER = 2;
/** No payload more often than this, however few there are in a language. */
const USES_OF_A_PAYLOAD = 8;
/** Attacks among a language's rows: at least, at most. What is too much of one side is left out. */
const SHARE = { least: 0.36, most: 0.54 };

/** Rows of every language that has seeds; where one has attacks only, or benign texts only, it has none to give. */
export function generate({ seed, languages, from }: { seed: number; languages?: string[]; from?: string }): Row[] {
  const all = readSeeds({ languages, from });
  const spare = (all.find(({ fills }) => fills !== undefined) ?? readSeeds({ languages: ['en'] })[0])?.fills;
  return all.flatMap((seeds) => {
    const words = seeds.fills ?? spare;
    if (words === undefined) throw new Error(`No fills.json for ${seeds.lang}, and none in English to take its place.`);
    const rows = [
      ...direct(seeds),
      ...pairs(seeds),
      ...carried(seeds, words, seed),
      ...conversations(seeds, diceOf(seed, seeds.lang, 'talk')),
    ];
    return balanced(distinct(rows), diceOf(seed, seeds.lang, 'balance'));
  });
}

function direct({ lang, attacks, benign }: Seeds): Row[] {
  const source = 'own_direct';
  return [
    ...attacks.map(({ kind, text }, n) => row({ id: `${lang}:attack:${n}`, text, label: 'attack', kind, lang, source })),
    ...benign.map(({ kind, text }, n) => row({ id: `${lang}:benign:${n}`, text, label: 'benign', kind, lang, source })),
  ];
}

function pairs({ lang, pairs: both }: Seeds): Row[] {
  const source = 'own_pairs';
  return both.flatMap(({ kind, attack, benign }, n) => [
    row({ id: `${lang}:${n}:attack`, text: attack, label: 'attack', kind, lang, source }),
    row({ id: `${lang}:${n}:benign`, text: benign, label: 'benign', kind: 'benign_trigger_words', lang, source }),
  ]);
}

function carried({ lang, carriers, payloads }: Seeds, words: Words, seed: number): Row[] {
  const attacks = deck(
    payloads.filter(({ kind }) => kind !== 'harmless'),
    diceOf(seed, lang, 'attacks'),
  );
  const harmless = deck(
    payloads.filter(({ kind }) => kind === 'harmless'),
    diceOf(seed, lang, 'harmless'),
  );
  return carriers.flatMap((carrier, n) => {
    const dice = diceOf(seed, lang, 'carrier', n);
    const composed = (payload?: string): string => compose(carrier, payload, filler(words, dice), dice);
    const make = (id: string, text: string, label: Row['label'], kind: Row['kind']): Row =>
      row({ id: `${lang}:${n}:${id}`, text, label, kind, lang, source: `own_carriers_${carrier.form}` });
    const bare = bareTexts(carrier, () => composed());
    const calm = harmless.draw(HARMLESS_PER_CARRIER + BARE_PER_CARRIER - bare.length);
    const hostile = attacks.draw(Math.min(ATTACKS_PER_CARRIER, calm.length + bare.length));
    const benignKind = benignKindOf(carrier.form);
    return [
      ...hostile.map(({ kind, text }, i) =>
        make(`attack:${i}`, composed(text), 'attack', kind === 'harmless' ? 'indirect_injection' : kind),
      ),
      ...calm.map(({ text }, i) => make(`harmless:${i}`, composed(text), 'benign', benignKind)),
      ...bare.map((text, i) => make(`bare:${i}`, text, 'benign', benignKind)),
    ];
  });
}

/** A carrier without fills is bare in one way only. */
function bareTexts({ text }: Carrier, compose: () => string): string[] {
  const wanted = text.split('{{').length > 2 ? BARE_PER_CARRIER : 1;
  return [...new Set(Array.from({ length: wanted }, compose))];
}

function conversations({ lang, conversations: all }: Seeds, dice: Dice): Row[] {
  return all.map(({ label, kind, turns }, n) => {
    const named = dice() < 0.5;
    const text = turns.map((turn, i) => (named ? `${i % 2 === 0 ? 'User' : 'Assistant'}: ${turn}` : turn)).join('\n\n');
    return row({ id: `${lang}:${n}`, text, label, kind, lang, source: 'own_conversations' });
  });
}

function row({ id, ...rest }: Omit<Row, 'licence'>): Row {
  return { id: `${rest.source}:${id}`, ...rest, licence: 'Apache-2.0' };
}

/** Cards are drawn to the end before one comes again, so all are used alike; when each was used often enough the deck is empty. */
function deck<T>(cards: readonly T[], dice: Dice): { draw(count: number): T[] } {
  let left: T[] = [];
  let rounds = 0;
  return {
    draw(count) {
      const hand = new Set<T>();
      while (hand.size < Math.min(count, cards.length)) {
        if (left.length === 0) {
          if (rounds === USES_OF_A_PAYLOAD) break;
          left = shuffled(cards, dice);
          rounds += 1;
        }
        const at = left.findIndex((card) => !hand.has(card));
        if (at < 0) left = [];
        else for (const card of left.splice(at, 1)) hand.add(card);
      }
      return [...hand];
    },
  };
}

/** Each text once, short enough. One that stands on both sides is a mistake in the seeds. */
function distinct(rows: Row[]): Row[] {
  const seen = new Map<string, Row>();
  return rows.filter((one) => {
    const key = normalised(one.text);
    const other = seen.get(key);
    if (other !== undefined && other.label !== one.label) throw new Error(`${one.id} and ${other.id} are the same text with both labels.`);
    seen.set(key, other ?? one);
    return other === undefined && one.text.length <= LONGEST_TEXT;
  });
}

/** Leaves out rows of the side that is too many, direct ones first: a carrier's rows belong together. */
function balanced(rows: Row[], dice: Dice): Row[] {
  const attacks = rows.filter(({ label }) => label === 'attack').length;
  const benign = rows.length - attacks;
  const mostAttacks = Math.floor((benign * SHARE.most) / (1 - SHARE.most));
  const mostBenign = Math.floor((attacks * (1 - SHARE.least)) / SHARE.least);
  const [heavier, excess] =
    attacks > mostAttacks ? (['attack', attacks - mostAttacks] as const) : (['benign', benign - mostBenign] as const);
  if (excess <= 0) return rows;
  const candidates = shuffled(
    rows.filter(({ label }) => label === heavier),
    dice,
  );
  const isDirect = ({ source }: Row): boolean => source === 'own_direct';
  const inOrder = [...candidates.filter(isDirect), ...candidates.filter((one) => !isDirect(one))];
  const left = new Set(inOrder.slice(0, excess));
  return rows.filter((one) => !left.has(one));
}

function counts(rows: Row[]): string {
  const by = (field: 'label' | 'kind' | 'lang' | 'source'): string[] => {
    const groups = Map.groupBy(rows, (one) => one[field]);
    return [...groups].sort(([, a], [, b]) => b.length - a.length).map(([name, { length }]) => `  ${name} ${length}`);
  };
  return [`${rows.length} rows`, 'label', ...by('label'), 'kind', ...by('kind'), 'lang', ...by('lang'), 'source', ...by('source')].join(
    '\n',
  );
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string', default: '1' }, languages: { type: 'string' } },
  });
  const [out] = positionals;
  const seed = Number(values.seed);
  if (out === undefined || !Number.isInteger(seed)) {
    console.error('node models/data/generate.ts OUT.jsonl [--seed N] [--languages en,de]');
    process.exit(2);
  }
  const rows = generate({ seed, languages: values.languages?.split(',') });
  writeFileSync(out, rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
  console.log(counts(rows));
}
