/** The parts that need no engine: offsets, incidents, values, and how errors are read. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldThreats, type Incident, QUIET_MICROS, type Suspect } from '../../detection/incidents.ts';
import { isCollision, refusalOf, stateOf, unavailable } from './errors.ts';
import { advance, type Counted, isNew } from './offsets.ts';
import { decimalOf, microsOf, nameOf, nanosOf, timestampOf } from './values.ts';

describe('offsets', () => {
  it('are each counted once, whatever the batches, and what no batch had stays to be counted', () => {
    const batch = fc.record({ first: fc.nat(40), size: fc.nat(12), holes: fc.array(fc.nat(60)) });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 12 }), (batches) => {
        let state: Counted = { next: 0, gaps: [] };
        const counted = new Set<number>();
        for (const { first, size, holes } of batches) {
          const last = first + size;
          const offsets = [];
          for (let offset = first; offset <= last; offset++) if (!holes.includes(offset)) offsets.push(offset);
          const fresh = offsets.filter((offset) => isNew(state, offset));
          for (const offset of fresh) {
            expect(counted.has(offset)).toBe(false);
            counted.add(offset);
          }
          for (const offset of offsets) expect(counted.has(offset)).toBe(true);
          state = advance(state, { first, last }, fresh);
          for (let offset = 0; offset < state.next; offset++) expect(isNew(state, offset)).toBe(!counted.has(offset));
        }
      }),
    );
  });
});

describe('incidents', () => {
  const suspect = (n: number, minutes: number, more: Partial<Suspect> = {}): Suspect => ({
    threatId: `t${n}`,
    org: 'o',
    agentId: 'a',
    threatType: 'secret_leak',
    severity: 'high',
    at: minutes * 60_000_000 + QUIET_MICROS,
    ...more,
  });
  const fold = (suspects: Suspect[], standing: Incident[] = []) => foldThreats(suspects, standing, new Map());

  it('end when an hour has passed without a threat', () => {
    const counts = (minutes: number[]) => fold(minutes.map((at, n) => suspect(n, at))).map(({ threats }) => threats);
    expect(counts([0, 30, 89, 148])).toEqual([4]);
    expect(counts([0, 59.99])).toEqual([2]);
    expect(counts([0, 60])).toEqual([1, 1]);
    expect(counts([0, -59])).toEqual([2]);
  });

  it('are of one org, agent and type', () => {
    const others = [suspect(1, 1, { org: 'p' }), suspect(2, 1, { agentId: 'b' }), suspect(3, 1, { threatType: 'burst' })];
    expect(fold([suspect(0, 0), ...others])).toHaveLength(4);
  });

  it('have the highest severity and a title without content', () => {
    const [incident] = fold([suspect(0, 0), suspect(1, 1, { severity: 'critical' }), suspect(2, 2)]);
    expect(incident).toMatchObject({ severity: 'critical', title: 'Secret leak by a', threats: 3 });
  });

  it('take a late threat from before they were resolved, and none from after', () => {
    const [standing] = fold([suspect(0, 0)]);
    const resolved = { ...(standing as Incident), resolvedAt: suspect(0, 10).at };
    expect(fold([suspect(1, 10)], [resolved])[0]?.id).toBe(standing?.id);
    expect(fold([suspect(1, 11)], [resolved])[0]?.id).not.toBe(standing?.id);
  });

  it('are the same wherever the threats are cut into batches', () => {
    const minutes = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom('high', 'critical')), { maxLength: 30 });
    fc.assert(
      fc.property(minutes, fc.nat(30), fc.option(fc.integer({ min: 0, max: 400 })), (all, at, resolved) => {
        const suspects = all.map(([minute, severity], n) => suspect(n, minute, { severity }));
        const resolutions = new Map<string, number>();
        const [first] = fold(suspects.slice(0, 1));
        if (first !== undefined && resolved !== null) resolutions.set(first.id, suspect(0, resolved).at);
        const whole = foldThreats(suspects, [], resolutions);
        const head = foldThreats(suspects.slice(0, at), [], resolutions);
        const tail = foldThreats(suspects.slice(at), head, resolutions);
        const parts = [...head.filter(({ id }) => tail.every((other) => other.id !== id)), ...tail];
        const sorted = (incidents: Incident[]) => incidents.sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(sorted(parts)).toEqual(sorted(whole));
      }),
    );
  });
});

describe('values', () => {
  it('keep names as they are where PostgreSQL can hold them, and never make two into one', () => {
    expect(nameOf("Ünïcode, '; --\n😀")).toBe("Ünïcode, '; --\n😀");
    const text = fc.string({ unit: fc.constantFrom('a', '\0', '\uD800', '\uDC00', '\uFFFD', '~'), maxLength: 6 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(nameOf(a).isWellFormed() && !nameOf(a).includes('\0')).toBe(true);
        expect(nameOf(a) === nameOf(b)).toBe(a === b);
      }),
    );
    expect(Buffer.byteLength(nameOf('😀'.repeat(5_000)))).toBeLessThan(900);
  });

  it('are times to the microsecond and money to the billionth', () => {
    expect(timestampOf(1_700_000_000_000_001)).toBe('2023-11-14T22:13:20.000001Z');
    expect(timestampOf(-1)).toBe('1969-12-31T23:59:59.999999Z');
    expect(decimalOf(nanosOf(0.1, 'x') + nanosOf(0.2, 'x'))).toBe('0.300000000');
    expect(decimalOf(-1n)).toBe('-0.000000001');
    for (const at of [-1, 0.5, Number.NaN, 1e18]) expect(() => microsOf(at, 'x')).toThrow('x is not a time');
  });
});

describe('errors', () => {
  const answer = (code: string, more = {}) => Object.assign(new Error(`says "secret value"`), { code, severity: 'ERROR', ...more });

  it('of a record are told from those of the store', () => {
    for (const code of ['22001', '22P05', '23514', '54000']) expect(refusalOf(answer(code))).toContain(`state ${code}`);
    for (const code of ['53100', '53300', '57P01', '57014', '08006', '25006', '42501', '28P01', '42P01', '40P01', 'XX000']) {
      expect(refusalOf(answer(code))).toBeUndefined();
    }
    expect(refusalOf(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBeUndefined();
    expect([answer('40001'), answer('40P01'), answer('23505')].map(isCollision)).toEqual([true, true, false]);
  });

  it('do not quote values, keep their state, and have a hint for each state that people meet', () => {
    const refused = refusalOf(answer('23514', { table: 'agents', constraint: 'few' }));
    expect(refused).toBe('state 23514: a check constraint is not met (table agents, constraint few)');
    expect(unavailable('write', answer('22003')).message).not.toContain('secret');
    for (const code of ['28P01', '28000', '3D000', '42501', '25006', '53300', '53100', '57P03', '57014', '55P03', '42P01']) {
      const error = unavailable('write', answer(code));
      expect(stateOf(error)).toBe(code);
      expect(error.hint).not.toBe(unavailable('write', new Error('x')).hint);
    }
  });
});
