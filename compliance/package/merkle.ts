/**
 * A Merkle tree over interactions, in the shape of RFC 6962 (section 2.1), so that one of them can be proven to belong to a
 * package without showing the others. The subtle point: what is hashed is text, not bytes, so that an auditor can walk a proof
 * with `printf` and `sha256sum` alone. Leaves and nodes begin with different words: neither can be passed off as the other.
 *
 * The tree is kept as the roots of its chunks. A chunk is as many leaves as a power of two (the last one may be fewer), which in
 * this shape is a subtree of its own: so a proof needs the leaves of one chunk and the roots of all, and a package of ten million
 * interactions carries two and a half thousand lines.
 */
import { hash } from 'node:crypto';

/** Leaves of a chunk. A power of two. */
export const CHUNK_LEAVES = 4_096;

/** Of a tree without leaves. */
export const EMPTY_ROOT = hash('sha256', 'parapet-empty');

/** One step of a proof: the hash of the other half, and on which side of ours it stands. */
export interface ProofStep {
  side: 'left' | 'right';
  hash: string;
}

/** `eventHash` is SHA-256 over the interaction's record as it stands in the log, lower-case hex. */
export function leafHash(interactionId: string, eventHash: string): string {
  return hash('sha256', `parapet-leaf:${interactionId}:${eventHash}`);
}

export function nodeHash(left: string, right: string): string {
  return hash('sha256', `parapet-node:${left}:${right}`);
}

/** Of the tree over these hashes, which are its leaves or the roots of its chunks, in their order. */
export function rootOf(hashes: readonly string[]): string {
  if (hashes.length === 0) return EMPTY_ROOT;
  let level = hashes;
  while (level.length > 1) level = levelAbove(level);
  return level[0] as string;
}

/** From the hash at `index` up to the root. Throws RangeError when there is none at `index`. */
export function proofOf(hashes: readonly string[], index: number): ProofStep[] {
  if (!(index >= 0 && index < hashes.length)) throw new RangeError(`There is no leaf ${index} of ${hashes.length}.`);
  const steps: ProofStep[] = [];
  let level = hashes;
  for (let at = index; level.length > 1; at = Math.floor(at / 2)) {
    const other = level[at % 2 === 0 ? at + 1 : at - 1];
    if (other !== undefined) steps.push({ side: at % 2 === 0 ? 'right' : 'left', hash: other });
    level = levelAbove(level);
  }
  return steps;
}

/** Pairs of neighbours; an odd one goes up as it is, which gives the shape of RFC 6962. */
function levelAbove(level: readonly string[]): string[] {
  const above: string[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i] as string, level[i + 1]];
    above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}

/** Where a proof leads from its leaf: the root, when it is right. */
export function climb(leaf: string, steps: readonly ProofStep[]): string {
  return steps.reduce((at, { side, hash: other }) => (side === 'left' ? nodeHash(other, at) : nodeHash(at, other)), leaf);
}
