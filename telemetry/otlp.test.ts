/** What the encoder writes is OTLP, whatever the texts hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRequest, encodeSpan, KIND, type Span } from './otlp.ts';
import { parseRequest } from './testing/collector.ts';

const span = (more: Partial<Span> = {}): Span => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: null,
  remoteParent: false,
  traceState: undefined,
  name: 'chat',
  kind: KIND.server,
  startedAt: 1_700_000_000_123_456,
  endedAt: 1_700_000_000_123_999,
  attributes: {},
  links: [],
  droppedLinks: 0,
  error: undefined,
  ...more,
});

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => !/^0+$/.test(text));
/** Half surrogates, NUL, quotes, line separators, long ones. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.constantFrom('\ud800', 'a\udfff', '\0', '"\\', '\u2028', '😀'.repeat(200), `${'x'.repeat(255)}😀`, '__proto__'),
  fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
);
const value = fc.oneof(
  oddText,
  fc.double(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.array(oddText, { maxLength: 3 }),
  fc.constantFrom(undefined, null),
);
const attributes = fc
  .uniqueArray(fc.tuple(oddText, value), { maxLength: 8, selector: ([key]) => key.slice(0, 256).toWellFormed() })
  .map((entries) => Object.fromEntries(entries));
const anySpan: fc.Arbitrary<Span> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: fc.option(hex(16)),
  remoteParent: fc.boolean(),
  traceState: fc.constantFrom(undefined, 'a=b,c=d'),
  name: oddText,
  kind: fc.constantFrom(...Object.values(KIND)),
  startedAt: fc.nat(2 ** 52),
  endedAt: fc.nat(2 ** 52),
  attributes,
  links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16) }), { maxLength: 3 }),
  droppedLinks: fc.nat(1_000),
  error: fc.option(oddText, { nil: undefined }),
});

describe('the encoder', () => {
  it('writes OTLP for any span', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 4 }), attributes, (spans, resource) => {
        const seen = parseRequest(encodeRequest(resource, spans.map(encodeSpan)));
        expect(seen.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(spans.map(({ traceId, spanId }) => [traceId, spanId]));
        for (const [index, { startedAt, endedAt }] of seen.entries()) {
          const given = spans[index] as Span;
          expect(startedAt).toBe(BigInt(given.startedAt) * 1_000n);
          expect(endedAt).toBe(BigInt(Math.max(given.startedAt, given.endedAt)) * 1_000n);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps values as they are, and leaves out what has none', () => {
    const [seen] = parseRequest(
      encodeRequest({ 'service.name': 'é' }, [
        encodeSpan(
          span({
            parentSpanId: '00f067aa0ba902b7',
            remoteParent: true,
            traceState: 'vendor=1',
            attributes: { a: 'text', b: 7, c: -0.5, d: false, e: ['x', 'y'], f: undefined, g: null, h: Number.NaN, i: '' },
            links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
            droppedLinks: 3,
            error: 'PARAPET_VENDOR_CUT',
          }),
        ),
      ]),
    );
    expect(seen).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'vendor=1',
      flags: 0x301,
      name: 'chat',
      kind: 2,
      startedAt: 1_700_000_000_123_456_000n,
      endedAt: 1_700_000_000_123_999_000n,
      attributes: { a: 'text', b: 7, c: -0.5, d: false, e: ['x', 'y'], i: '' },
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
      droppedLinks: 3,
      status: { code: 2, message: 'PARAPET_VENDOR_CUT' },
      resource: { 'service.name': 'é' },
    });
  });

  it('cuts long texts', () => {
    const [seen] = parseRequest(encodeRequest({}, [encodeSpan(span({ attributes: { long: 'x'.repeat(10_000) } }))]));
    expect(seen?.attributes['long']).toBe('x'.repeat(256));
  });
});
