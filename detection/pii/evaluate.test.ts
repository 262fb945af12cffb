import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluatePii, type PiiRow } from './evaluate.ts';
import { lookalikes, marked, rowOf } from './examples/index.ts';
import { createFinder } from './find.ts';

describe('the score', () => {
  const row: PiiRow = { text: 'mail a@b.io or call', spans: [{ type: 'EMAIL_ADDRESS', start: 5, end: 11 }] };

  it('is full when every span is found exactly', () => {
    expect(evaluatePii([row])).toEqual({
      precision: 1,
      recall: 1,
      f1: 1,
      byType: { EMAIL_ADDRESS: { precision: 1, recall: 1, f1: 1, support: 1 } },
    });
  });

  it('gives nothing for a span that is one character off', () => {
    expect(evaluatePii([{ ...row, spans: [{ type: 'EMAIL_ADDRESS', start: 5, end: 10 }] }]).f1).toBe(0);
  });

  it('leaves out what is no entity of ours, on both sides', () => {
    expect(evaluatePii([{ text: 'Mr. X', spans: [{ type: 'TITLE', start: 0, end: 3 }] }]).byType).toEqual({});
  });

  it('reads the parts of an address that follow one another as one', () => {
    const text = 'Ship to 221 Baker Street, London';
    const spans = [
      { type: 'STREET_ADDRESS', start: 8, end: 24 },
      { type: 'GPE', start: 26, end: 32 },
    ];
    expect(evaluatePii([{ text, spans }])).toMatchObject({ f1: 1, byType: { STREET_ADDRESS: { support: 1 } } });
  });
});

describe('our own sentences', () => {
  const rows = Object.values(marked).flat().map(rowOf);

  it('are three hundred with the look-alikes, in sixteen languages', () => {
    expect(rows.length + lookalikes.length).toBeGreaterThanOrEqual(300);
    expect(Object.keys(marked).length).toBeGreaterThanOrEqual(16);
  });

  it('are found with an F1 of at least .9', () => {
    const { f1, precision, recall } = evaluatePii(rows);
    expect({ f1, precision, recall }.f1).toBeGreaterThanOrEqual(0.9);
  });

  it('hold nothing where only something like it stands', () => {
    const find = createFinder();
    const hidden = lookalikes.filter((text) => find(text).length > 0);
    expect(hidden.length, hidden.join('\n')).toBeLessThanOrEqual(lookalikes.length / 100);
  });
});

describe('the shared development set', () => {
  const path = new URL('../../../shared/data/pii/dev.jsonl', import.meta.url);
  it.skipIf(!existsSync(path))('has its structured types found with an F1 of at least .9 each', () => {
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as PiiRow);
    const { byType } = evaluatePii(rows);
    for (const type of ['CREDIT_CARD', 'EMAIL_ADDRESS', 'IBAN_CODE', 'IP_ADDRESS', 'PHONE_NUMBER', 'URL', 'US_SSN'])
      expect(byType[type]?.f1, type).toBeGreaterThanOrEqual(0.9);
  });
});
