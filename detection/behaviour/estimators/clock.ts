/**
 * When a key is active: hours of the day (UTC) and days of the week, and on how many days it was seen at all. What is
 * unusual is said against neighbours too: who works from nine is not a stranger at half past eight.
 */
import type { Estimator } from './fields.ts';

export interface Clock extends Estimator {
  readonly hours: Uint16Array;
  readonly weekdays: Uint16Array;
  /** Different days seen, and the last one. */
  readonly days: Uint32Array;
}

const FULL = 60_000;

export function createClock(): Clock {
  const hours = new Uint16Array(24);
  const weekdays = new Uint16Array(7);
  const days = new Uint32Array(2);
  return { hours, weekdays, days, fields: [hours, weekdays, days] };
}

export function tick({ hours, weekdays, days }: Clock, hour: number, weekday: number, day: number): void {
  raise(hours, hour);
  raise(weekdays, weekday);
  if (day > (days[1] as number)) {
    days[0] = (days[0] as number) + 1;
    days[1] = day;
  }
}

/** The share of activity in this hour and its neighbours, 0–1. */
export function hourShare({ hours }: Clock, hour: number): number {
  const near = (hours[(hour + 23) % 24] as number) + (hours[hour] as number) + (hours[(hour + 1) % 24] as number);
  return near / Math.max(1, total(hours));
}

export function weekdayShare({ weekdays }: Clock, weekday: number): number {
  return (weekdays[weekday] as number) / Math.max(1, total(weekdays));
}

/** In how many hours of the day there was a noticeable part of the activity. */
export function hoursAwake({ hours }: Clock): number {
  const least = total(hours) / 200;
  let awake = 0;
  for (let i = 0; i < 24; i++) if ((hours[i] as number) > least) awake++;
  return awake;
}

function raise(counts: Uint16Array, at: number): void {
  counts[at] = (counts[at] as number) + 1;
  if ((counts[at] as number) >= FULL) for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) >>> 1;
}

function total(counts: Uint16Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] as number;
  return sum;
}
