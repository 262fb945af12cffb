import { describe, expect, it } from 'vitest';
import { fewOfEach, leaveOut, type TrainAndScore } from './leave-out.ts';
import type { TrainingRow } from './rows.ts';

function rowsOf(source: string, label: TrainingRow['label'], count: number): TrainingRow[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${source}:${n}`,
    text: `${n}`,
    label,
    kind: '',
    lang: 'en',
    source,
    licence: 'MIT',
  }));
}

describe('leaving sources out', () => {
  // Two parts of one origin share their documents.
  const rows = [
    ...rowsOf('bipia_attack', 'attack', 40),
    ...rowsOf('bipia_context', 'benign', 40),
    ...rowsOf('jail', 'attack', 60),
    ...rowsOf('chat', 'benign', 80),
    ...rowsOf('few', 'attack', 10),
  ];
  const originOf = ({ source }: TrainingRow) => source.split('_', 1)[0];

  it('scores each row by a model that has not seen its origin', async () => {
    const held = new Set<string>();
    const score: TrainAndScore = async (train, some) => {
      const seen = new Set(train.map(originOf));
      for (const row of some) {
        expect(seen.has(originOf(row))).toBe(false);
        expect(held.has(row.id)).toBe(false);
        held.add(row.id);
      }
      return some.map(() => 0);
    };
    const { meanAuc, bySource } = await leaveOut(rows, score, { folds: 3, seed: 1 });
    expect(held.size).toBe(rows.length);
    // What tells nothing apart is as good as chance, and ten rows are too few to say anything.
    expect(meanAuc).toBe(0.5);
    expect(bySource.map(({ source, label, rows: count }) => `${source} ${label} ${count}`).sort()).toEqual([
      'bipia attack 40',
      'bipia benign 40',
      'chat benign 80',
      'jail attack 60',
    ]);
  });

  it('sets a source against all others of the other label, each counting the same', async () => {
    // `jail` lies above `chat` and below `bipia`'s documents.
    const height: Record<string, number> = { bipia_attack: 3, bipia_context: 2, jail: 1, chat: 0, few: 3 };
    const { bySource } = await leaveOut(rows, async (_, some) => some.map(({ source }) => height[source] as number), { folds: 3, seed: 1 });
    const auc = Object.fromEntries(bySource.map((each) => [`${each.source} ${each.label}`, each.auc]));
    const expected = { 'bipia attack': 1, 'jail attack': 1 / 2, 'chat benign': 1, 'bipia benign': 2 / 3 };
    for (const [name, value] of Object.entries(expected)) expect(auc[name], name).toBeCloseTo(value);
  });

  it('scores no more of a source and label than it may, and always the same', async () => {
    const counts: number[] = [];
    const score: TrainAndScore = async (_, some) => {
      counts.push(some.length);
      return some.map(() => 0);
    };
    await leaveOut(rows, score, { folds: 1, seed: 1, most: 20 });
    expect(counts).toEqual([90]);
    const ids = (dice: string) => fewOfEach(rows, 20, dice).map(({ id }) => id);
    expect(ids('a')).toEqual(ids('a'));
    expect(ids('a')).not.toEqual(ids('b'));
  });
});
