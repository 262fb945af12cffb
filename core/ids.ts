/** Ids of the house. Random ones sort by time; derived ones are made from what they name, so a replay makes the same. */
import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';

/** UUIDv7: sorts by the time it was made. */
export const newId = uuidv7;

/** A UUID (version 8: custom) made from these parts and nothing else. */
export function derivedId(...parts: string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Now in microseconds since 1970, from the monotonic clock set to the wall clock at start: never goes back. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000);
}
