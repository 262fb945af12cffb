/** Hashes of 32 bits (FNV-1a, then mixed): names and words are compared and counted by them, and cannot be read back. */
export const OFFSET = 0x811c9dc5;
export const PRIME = 0x01000193;

/** A hash of a name or any other string; never 0, which stands for "none". */
export function hashOf(text: string): number {
  let hash = OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return mix(hash);
}

/** The words of a text, hashed as `shapeOf` hashes them. */
export function wordHashes(text: string): number[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map(hashOf);
}

export function pairOf(first: number, second: number): number {
  return mix(Math.imul(first, 31) ^ second);
}

/** Spreads a hash over all bits; never 0. */
export function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0 || 1;
}
