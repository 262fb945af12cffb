/** Which partition a key lives in: murmur2 over its UTF-8 bytes, as Kafka's own clients do it, so that all agree. */
import { placingPart } from '../keys.ts';

const REMEMBERED_KEYS = 10_000;

export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (const end = length - 3; at < end; at += 4) {
    let word =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, 0x5bd1e995);
    word ^= word >>> 24;
    hash = Math.imul(hash, 0x5bd1e995) ^ Math.imul(word, 0x5bd1e995);
  }
  const rest = length - at;
  if (rest === 3) hash ^= (bytes[at + 2] as number) << 16;
  if (rest >= 2) hash ^= (bytes[at + 1] as number) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}

export type Partitioner = (key: string, partitions: number) => number;

/** Keys come again and again (one an agent), so their hashes are remembered. */
export function createPartitioner(): Partitioner {
  const hashes = new Map<string, number>();
  return (key, partitions) => {
    const place = placingPart(key);
    let hash = hashes.get(place);
    if (hash === undefined) {
      hash = murmur2(Buffer.from(place, 'utf8')) & 0x7fffffff;
      if (hashes.size >= REMEMBERED_KEYS) hashes.clear();
      hashes.set(place, hash);
    }
    return hash % partitions;
  };
}
