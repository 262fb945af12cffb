import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from './packing.ts';
import { createState, decodeState, encodeState, SCOPES } from './state.ts';

describe('packed bytes', () => {
  it('are the same again, and never longer', () => {
    const mostlyZeros = fc.array(fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, fc.integer({ min: 0, max: 255 })), {
      maxLength: 3_000,
    });
    fc.assert(
      fc.property(mostlyZeros, (values) => {
        const bytes = Uint8Array.from([0xb5, ...values]);
        const packed = pack(bytes);
        expect(packed.length).toBeLessThanOrEqual(bytes.length);
        expect(Buffer.compare(unpack(packed), bytes)).toBe(0);
      }),
    );
  });

  it('make little of a state that knows little', () => {
    for (const scope of SCOPES) {
      const bytes = encodeState(createState(scope));
      expect(pack(bytes).length).toBeLessThan(bytes.length / 10);
      expect(decodeState(unpack(pack(bytes)))).toEqual(createState(scope));
    }
  });

  it('never make a crash of bytes that are none', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void unpack(Uint8Array.from([0xb6, ...bytes]))));
  });
});
