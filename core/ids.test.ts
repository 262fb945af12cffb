import { describe, expect, it } from 'vitest';
import { derivedId, newId, nowMicros, randomHex } from './ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  it('are UUIDv7, all different, and sort by the time they were made', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids.slice(0, 100)) expect(UUID.exec(id)?.[1]).toBe('7');
  });

  it('made from the same parts are the same, from other parts others', () => {
    expect(derivedId('threat', 'a', 'b')).toBe(derivedId('threat', 'a', 'b'));
    expect(derivedId('threat', 'a', 'b')).not.toBe(derivedId('threat', 'ab', ''));
    for (let i = 0; i < 200; i++) expect(UUID.exec(derivedId(String(i)))?.[1]).toBe('8');
  });

  it('of traces are hex of the right length', () => {
    expect(randomHex(4)).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(Array.from({ length: 5_000 }, () => randomHex(2))).size).toBe(5_000);
  });

  it('go with a clock that never goes back', () => {
    const times = Array.from({ length: 1_000 }, nowMicros);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    expect(Math.abs((times[0] as number) / 1_000 - Date.now())).toBeLessThan(5_000);
  });
});
