/** W3C trace context: what is read, what is passed on, what is sampled. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomHex } from '../core/ids.ts';
import { isSampled, parseTraceparent, parseTracestate, recordHeaders, traceparent } from './context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const units = (max: number) => fc.array(fc.integer({ min: 0, max }), { maxLength: 600 }).map((all) => String.fromCharCode(...all));
const anyText = fc.oneof(units(0x7f), units(0xff_ff), fc.stringMatching(/^[a-z0-9=, -]{0,80}$/));

describe('a traceparent', () => {
  it('is read, with the flags that are not ours left out', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: false });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)?.sampled).toBe(true);
  });

  it('of a later version is read as far as it is known', () => {
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes`)?.traceId).toBe(TRACE);
  });

  it.each([
    '',
    'hello',
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01.`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('that is malformed is none: %s', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('that is written is read again', () => {
    fc.assert(
      fc.property(fc.boolean(), (sampled) => {
        const context = { traceId: randomHex(4), spanId: randomHex(2), sampled };
        expect(parseTraceparent(traceparent(context))).toEqual(context);
      }),
    );
  });

  it('never breaks the reader', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect([undefined, 'object']).toContain(parseTraceparent(text) && typeof parseTraceparent(text));
        const state = parseTracestate(text);
        expect(state === undefined || /^[\x20-\x7e]{1,512}$/.test(state)).toBe(true);
      }),
    );
  });
});

describe('a tracestate', () => {
  it('is passed on', () => {
    expect(parseTracestate('congo=t61rcWkgMzE, tenant@rojo=00f067aa0ba902b7')).toBe('congo=t61rcWkgMzE,tenant@rojo=00f067aa0ba902b7');
  });

  it('that is too long keeps its first members', () => {
    const members = Array.from({ length: 10 }, (_, n) => `k${n}=${'v'.repeat(100)}`);
    expect(parseTracestate(members.join(','))).toBe(members.slice(0, 4).join(','));
  });

  it.each(['', 'novalue', 'UPPER=1', 'a=1,b', `a=${'\u00e9'}`, Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(',')])(
    'that is malformed is dropped: %s',
    (header) => {
      expect(parseTracestate(header)).toBeUndefined();
    },
  );
});

describe('sampling', () => {
  const parent = (sampled: boolean) => ({ traceId: TRACE, spanId: SPAN, sampled });
  const ids = Array.from({ length: 4_000 }, () => randomHex(4));

  it('follows the parent where it may, and decides alone where there is none', () => {
    for (const ratio of [0, 1]) {
      expect(isSampled({ parentBased: true, ratio }, TRACE, parent(true))).toBe(true);
      expect(isSampled({ parentBased: true, ratio }, TRACE, parent(false))).toBe(false);
      expect(isSampled({ parentBased: false, ratio }, TRACE, parent(ratio === 0))).toBe(ratio === 1);
      expect(ids.every((id) => isSampled({ parentBased: true, ratio }, id, undefined) === (ratio === 1))).toBe(true);
    }
  });

  it('takes the share it should, and with a smaller one a part of the same traces', () => {
    const taken = (ratio: number) => ids.filter((id) => isSampled({ parentBased: false, ratio }, id, undefined));
    const quarter = taken(0.25);
    // 4,000 draws: more than seven deviations away is not chance.
    expect(Math.abs(quarter.length - 1_000)).toBeLessThan(200);
    const tenth = new Set(taken(0.1));
    expect(tenth.size).toBeGreaterThan(0);
    expect([...tenth].every((id) => quarter.includes(id))).toBe(true);
    expect(isSampled({ parentBased: false, ratio: 0.5 }, `${'0'.repeat(18)}8000000000000f`, undefined)).toBe(true);
    expect(isSampled({ parentBased: false, ratio: 0.5 }, `${'f'.repeat(18)}7fffffffffffff`, undefined)).toBe(false);
  });
});

describe('the headers of a record', () => {
  const trace = { traceId: TRACE, spanId: '1111111111111111', parentSpanId: SPAN };

  it('pass the caller’s decision and state on when traces are off', () => {
    const caller = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1' };
    expect(recordHeaders(trace, caller)).toEqual({ traceparent: `00-${TRACE}-1111111111111111-01`, tracestate: 'a=1' });
    expect(recordHeaders(trace, { ...caller, traceparent: `00-${TRACE}-${SPAN}-00` })['traceparent']).toMatch(/-00$/);
    expect(recordHeaders({ ...trace, parentSpanId: null }, {})).toEqual({ traceparent: `00-${TRACE}-1111111111111111-00` });
  });

  it('say what was decided when they are on', () => {
    const headers = recordHeaders({ ...trace, parentSpanId: null }, { tracestate: 'stray=1' }, { parentBased: true, ratio: 1 });
    expect(headers).toEqual({ traceparent: `00-${TRACE}-1111111111111111-01` });
  });
});
