/** Ids of the house. Random ones sort by time; derived ones are made from what they name, so a replay makes the same. */
import { hash, randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

const pool = new Uint32Array(1_024);
let used = pool.length;

/** 32 random bits; drawn from the system a thousand words at a time, because each draw costs more than an id. */
function nextUint32(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] as number;
}

const generator = new V7Generator({ nextUint32 });

/** UUIDv7: sorts by the time it was made. */
export function newId(): string {
  return generator.generate().toString();
}

const hexPool = Buffer.alloc(4_096);
let hexUsed = hexPool.length;

/** Random lower-case hex of 8 × `words` digits, for trace and span ids. */
export function randomHex(words: number): string {
  const bytes = words * 4;
  if (hexUsed + bytes > hexPool.length) {
    randomFillSync(hexPool);
    hexUsed = 0;
  }
  hexUsed += bytes;
  return hexPool.toString('hex', hexUsed - bytes, hexUsed);
}

/** A UUID (version 8: custom) made from these parts and nothing else. */
export function derivedId(...parts: string[]): string {
  const hex = hash('sha256', JSON.stringify(parts)).slice(0, 32);
  const variant = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Now in microseconds since 1970, from the monotonic clock set to the wall clock at start: never goes back. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000);
}
