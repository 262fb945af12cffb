import { describe, expect, it } from 'vitest';
import { type Counted, createCounter } from './tally.ts';

const HOUR_MS = 3_600_000;
const one = (interactionId: string, gatewaySequence: number, more: Partial<Counted> = {}): Counted => ({
  interactionId,
  gatewayId: 'gw-1',
  gatewaySequence,
  startedAt: 0,
  status: 'answered',
  ...more,
});

describe('a counter of interactions', () => {
  it('counts by hour and status, and what is there twice as distinct once, where it was first', () => {
    const counter = createCounter([]);
    for (const each of [
      one('a', 1, { startedAt: HOUR_MS }),
      one('b', 2),
      one('b', 2),
      one('c', 3, { status: 'blocked' }),
      one('a', 1, { startedAt: HOUR_MS - 1 }),
    ])
      expect(counter.count(each)).toBe(true);
    expect(counter.tallies()).toEqual([
      { hour: '1970-01-01T00:00:00.000Z', status: 'answered', rows: 3, distinct: 1 },
      { hour: '1970-01-01T00:00:00.000Z', status: 'blocked', rows: 1, distinct: 1 },
      { hour: '1970-01-01T01:00:00.000Z', status: 'answered', rows: 1, distinct: 1 },
    ]);
  });

  it('takes a number for no name: a gateway that lost its spool begins at 1 again', () => {
    const counter = createCounter([]);
    for (const each of [one('a', 1), one('b', 1), one('c', 1, { gatewayId: 'gw-2' })]) counter.count(each);
    expect(counter.tallies()).toMatchObject([{ rows: 3, distinct: 3 }]);
  });

  it('leaves out what lies beyond its gateway’s horizon', () => {
    const counter = createCounter([{ gatewayId: 'gw-1', through: 5, open: [2] }]);
    const counted = [1, 2, 5, 6].filter((number) => counter.count(one(`i-${number}`, number)));
    expect(counted).toEqual([1, 5]);
    expect(counter.count(one('x', 6, { gatewayId: 'gw-2' }))).toBe(true);
    expect(counter.tallies()).toMatchObject([{ rows: 3 }]);
  });
});
