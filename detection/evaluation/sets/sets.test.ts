import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseThreatRow, type ThreatRow } from '../rows.ts';

const HERE = import.meta.dirname;
const SEEDS = `${HERE}/../../../models/data/seeds`;
const SHINGLE_WORDS = 8;

const ATTACKS = [
  'instruction_override',
  'prompt_extraction',
  'jailbreak_roleplay',
  'data_exfiltration',
  'tool_injection',
  'indirect_injection',
  'delimiter_forgery',
];
const BENIGN = [
  'benign_trigger_words',
  'benign_roleplay',
  'benign_fiction',
  'benign_security_question',
  'benign_email',
  'benign_document',
  'benign_code',
  'benign_tool_result',
  'benign_instruction',
  'benign_conversation',
];

const lookalikes = linesOf('lookalikes.jsonl');
const languages = linesOf('languages.jsonl');

describe.each([
  ['lookalikes.jsonl', 'own_lookalikes', lookalikes],
  ['languages.jsonl', 'own_languages', languages],
] as const)('%s', (_, source, lines) => {
  const rows = rowsOf(lines);

  it('holds valid rows, numbered from one, each with its source and its licence', () => {
    expect(rows.length).toBe(lines.length);
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_row, index) => `${source}:${index + 1}`));
    for (const row of rows) {
      expect(row.source, row.id).toBe(source);
      expect(row.label === 'attack' ? ATTACKS : BENIGN, row.id).toContain(row.kind);
      expect(row.lang, row.id).toMatch(/^[a-z]{2}$/);
      expect(row.text.trim(), row.id).toBe(row.text);
      expect(row.text.isWellFormed(), row.id).toBe(true);
      expect(row.text.length, row.id).toBeGreaterThan(0);
    }
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ licence: 'Apache-2.0' });
  });

  it('says nothing twice', () => {
    const first = new Map<string, string>();
    const twice: string[] = [];
    for (const { id, text } of rows) {
      const words = wordsOf(text).join(' ');
      const earlier = first.get(words);
      if (earlier === undefined) first.set(words, id);
      else twice.push(`${id} repeats ${earlier}`);
    }
    expect(twice).toEqual([]);
  });
});

describe('the look-alikes', () => {
  const rows = rowsOf(lookalikes);

  it('are harmless, at least 640, and about a quarter are longer than 400 characters', () => {
    expect(rows.filter(({ label }) => label !== 'benign')).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(640);
    const long = rows.filter(({ text }) => text.length > 400).length / rows.length;
    expect(long).toBeGreaterThan(0.22);
    expect(long).toBeLessThan(0.3);
  });

  it('have at least 30 rows of each kind', () => {
    const kinds = Map.groupBy(rows, ({ kind }) => kind);
    for (const kind of BENIGN.filter((each) => each !== 'benign_conversation'))
      expect(kinds.get(kind)?.length ?? 0, kind).toBeGreaterThanOrEqual(30);
  });
});

describe('the languages', () => {
  const byLanguage = Map.groupBy(rowsOf(languages), ({ lang }) => lang);

  it('are at least 16, and English is none of them', () => {
    expect(byLanguage.size).toBeGreaterThanOrEqual(16);
    expect(byLanguage.has('en')).toBe(false);
  });

  it.each([...byLanguage])('%s has 14 attacks of all kinds and 20 harmless texts, half of them look-alikes', (_lang, rows) => {
    const attacks = rows.filter(({ label }) => label === 'attack');
    const benign = rows.filter(({ label }) => label === 'benign');
    expect(attacks.length).toBeGreaterThanOrEqual(14);
    expect(new Set(attacks.map(({ kind }) => kind))).toEqual(new Set(ATTACKS));
    expect(benign.length).toBeGreaterThanOrEqual(20);
    const lookalike = benign.filter(({ kind }) => ['benign_trigger_words', 'benign_roleplay', 'benign_security_question'].includes(kind));
    expect(lookalike.length).toBeGreaterThanOrEqual(benign.length / 2 - 1);
  });
});

describe('what detectors are trained on', () => {
  const heldOut = new Map<string, string>();
  for (const { id, text } of [...rowsOf(lookalikes), ...rowsOf(languages)])
    for (const shingle of shinglesOf(text)) heldOut.set(shingle, id);

  it('shares no run of eight words with these sets', () => {
    const shared: string[] = [];
    const files = globSync('*/*.json*', { cwd: SEEDS });
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      for (const text of stringsOf(parsed(readFileSync(`${SEEDS}/${file}`, 'utf8'))))
        for (const shingle of shinglesOf(text)) {
          const id = heldOut.get(shingle);
          if (id !== undefined) shared.push(`${file} shares words with ${id}`);
        }
    expect([...new Set(shared)]).toEqual([]);
  });

  it('would be caught if it did, in scripts with and without spaces', () => {
    const row = (lang: string): string =>
      rowsOf(languages).find((each) => each.lang === lang && shinglesOf(each.text).length > 0)?.text ?? '';
    for (const lang of ['de', 'zh', 'ja', 'ar'])
      expect(
        shinglesOf(`… ${row(lang).toUpperCase()} !`).some((shingle) => heldOut.has(shingle)),
        lang,
      ).toBe(true);
  });
});

function linesOf(file: string): string[] {
  return readFileSync(`${HERE}/${file}`, 'utf8').trimEnd().split('\n');
}

function rowsOf(lines: readonly string[]): ThreatRow[] {
  return lines.map((line) => {
    const read = parseThreatRow(new TextEncoder().encode(line));
    if ('problem' in read) throw new Error(`a line ${read.problem}`);
    return read.row;
  });
}

/** The words of a text in small letters; the segmenter also finds them where no spaces are written. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of new Intl.Segmenter('und', { granularity: 'word' }).segment(text.normalize('NFKC').toLowerCase()))
    if (isWordLike) words.push(segment);
  return words;
}

function shinglesOf(text: string): string[] {
  const words = wordsOf(text);
  return words.slice(SHINGLE_WORDS - 1).map((_, start) => words.slice(start, start + SHINGLE_WORDS).join(' '));
}

/** A JSON file is one value; a JSONL file is one a line. */
function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content
      .split('\n')
      .filter(Boolean)
      .map((line): unknown => JSON.parse(line));
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}
