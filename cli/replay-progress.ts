/** What a replay has on disk: enough to go on after a kill, and no more than a batch can change. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TopicId } from '../log/topics.ts';
import type { ReplaySource } from './replay-source.ts';

/** How far one partition is. From `next` up to `tried` a batch was begun, so its rows may be there, wholly or in part. */
export interface Place {
  next: number;
  tried: number;
}

export interface Remembered {
  /** The rebuild's name in its store. */
  label: string;
  source: ReplaySource;
  from: number | null;
  to: number | null;
  /** By `<topic>/<partition>`. */
  places: Record<string, Place>;
  /** Records read. */
  done: number;
  skipped: number;
  /** Records written, by the hour of their event (hours since 1970): a store may have forgotten the oldest by the end. */
  written: Record<number, number>;
  /** The exchange had begun. */
  swapping: boolean;
}

export const HOUR_MS = 3_600_000;

export const placeOf = (topic: TopicId, partition: number) => `${topic}/${partition}`;

/** Records written of events at or after `since` (milliseconds since 1970, a full hour). */
export function writtenSince({ written }: Remembered, since: number): number {
  return Object.entries(written).reduce((sum, [hour, count]) => (Number(hour) * HOUR_MS >= since ? sum + count : sum), 0);
}

/** The first hour of which a record was written, in milliseconds since 1970. */
export function firstWritten({ written }: Remembered): number | undefined {
  const hours = Object.entries(written).flatMap(([hour, count]) => (count > 0 ? [Number(hour) * HOUR_MS] : []));
  return hours.length === 0 ? undefined : hours.reduce((first, hour) => Math.min(first, hour));
}

export function recall(path: string): Remembered | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Remembered;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all. */
export function remember(path: string, state: Remembered): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

export function forget(path: string): void {
  rmSync(path, { force: true });
}
