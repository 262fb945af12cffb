/**
 * How often each of any number of things was seen, in a few bytes: never too low while nothing fades, seldom too high.
 * All counts are halved every half-life of event time, so that it speaks of lately.
 */
import type { Estimator } from './fields.ts';

export interface CountMin extends Estimator {
  readonly cells: Uint8Array;
  /** When the counts were last halved, seconds. */
  readonly halvedAt: Float64Array;
}

const ROWS = 3;
const COLUMNS = 64;

export function createCountMin(): CountMin {
  const cells = new Uint8Array(ROWS * COLUMNS);
  const halvedAt = new Float64Array(1);
  return { cells, halvedAt, fields: [cells, halvedAt] };
}

/** Counts a hashed thing and says how often it was seen before, at most 255. */
export function countItem({ cells }: CountMin, hash: number): number {
  let least = 255;
  for (let row = 0; row < ROWS; row++) least = Math.min(least, cells[cellOf(hash, row)] as number);
  // Only the cells that hold the least are raised: the others already count something else.
  for (let row = 0; row < ROWS; row++) {
    const cell = cellOf(hash, row);
    if (cells[cell] === least && least < 255) cells[cell] = least + 1;
  }
  return least;
}

export function countOf({ cells }: CountMin, hash: number): number {
  let least = 255;
  for (let row = 0; row < ROWS; row++) least = Math.min(least, cells[cellOf(hash, row)] as number);
  return least;
}

export function fade({ cells, halvedAt }: CountMin, atSeconds: number, halfLifeSeconds: number): void {
  const since = halvedAt[0] as number;
  if (since === 0) halvedAt[0] = atSeconds;
  const halvings = Math.floor((atSeconds - since) / halfLifeSeconds);
  if (since === 0 || halvings <= 0) return;
  halvedAt[0] = since + halvings * halfLifeSeconds;
  const shift = Math.min(8, halvings);
  for (let i = 0; i < cells.length; i++) cells[i] = (cells[i] as number) >>> shift;
}

export function mergeCountMin(into: CountMin, other: CountMin): void {
  for (let i = 0; i < into.cells.length; i++) into.cells[i] = Math.min(255, (into.cells[i] as number) + (other.cells[i] as number));
}

function cellOf(hash: number, row: number): number {
  let h = Math.imul(hash ^ (0x9e3779b9 * (row + 1)), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return row * COLUMNS + ((h ^ (h >>> 16)) & (COLUMNS - 1));
}
