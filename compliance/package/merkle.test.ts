import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climb, EMPTY_ROOT, leafHash, nodeHash, proofOf, rootOf } from './merkle.ts';

const leaves = (count: number) => Array.from({ length: count }, (_, i) => leafHash(`i-${i}`, hash('sha256', String(i))));

/** RFC 6962, section 2.1, word for word: the split is at the largest power of two below the number of leaves. */
function rfc6962(hashes: string[]): string {
  if (hashes.length === 0) return EMPTY_ROOT;
  if (hashes.length === 1) return hashes[0] as string;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return nodeHash(rfc6962(hashes.slice(0, half)), rfc6962(hashes.slice(half)));
}

describe('the tree', () => {
  it('has the shape of RFC 6962, whatever the number of leaves', () => {
    for (let count = 0; count <= 70; count++) expect(rootOf(leaves(count))).toBe(rfc6962(leaves(count)));
  });

  it('has the same root over the roots of its chunks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 2, 4, 8, 16, 64), (count, chunk) => {
        const all = leaves(count);
        const roots: string[] = [];
        for (let at = 0; at < count; at += chunk) roots.push(rootOf(all.slice(at, at + chunk)));
        expect(rootOf(roots)).toBe(rootOf(all));
      }),
    );
  });

  it('proves every leaf, and none of them in the place of another', () => {
    for (const count of [1, 2, 3, 5, 8, 13, 64, 100]) {
      const all = leaves(count);
      for (let i = 0; i < count; i++) {
        expect(climb(all[i] as string, proofOf(all, i))).toBe(rootOf(all));
        if (count > 1) expect(climb(all[(i + 1) % count] as string, proofOf(all, i))).not.toBe(rootOf(all));
      }
    }
  });

  it('changes its root when a leaf is changed, left out, added or moved', () => {
    const all = leaves(9);
    const swapped = [all[1], all[0], ...all.slice(2)] as string[];
    for (const other of [
      all.slice(1),
      all.slice(0, -1),
      [...all, leafHash('new', 'x')],
      swapped,
      [leafHash('i-0', 'x'), ...all.slice(1)],
    ]) {
      expect(rootOf(other)).not.toBe(rootOf(all));
    }
  });

  it('takes no node for a leaf', () => {
    const [a, b] = leaves(2) as [string, string];
    expect(leafHash(a, b)).not.toBe(nodeHash(a, b));
  });

  it('refuses a leaf that is not there', () => {
    expect(() => proofOf(leaves(3), 3)).toThrow(RangeError);
    expect(() => proofOf([], 0)).toThrow(RangeError);
  });
});
