/**
 * How long each class of events is kept: one table for every store, so that no two of them promise different things.
 * `interactions=30d/2y,audit=90d/7y`: hot, then cold. What a text does not name keeps its default.
 */
import { ParapetError } from './errors.ts';

export const RETENTION_CLASSES = ['interactions', 'audit', 'threats', 'metrics'] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/**
 * Days since the event; 0 is for ever. Hot: in the stores that answer queries; cold: in the lake (and, for metrics, as
 * hourly sums).
 */
export interface Retention {
  hotDays: number;
  coldDays: number;
}

/** The class of each view and topic; what people said of threats is kept as evidence is. */
const CLASSES = {
  interactions: 'interactions',
  assessed: 'interactions',
  threats: 'threats',
  audit: 'audit',
  verdicts: 'audit',
  incidents: 'threats',
} as const;

export function classOf(view: keyof typeof CLASSES): RetentionClass {
  return CLASSES[view];
}

export type RetentionTable = Record<RetentionClass, Retention>;

/**
 * A year is as long as the longest run of so many calendar years with its leap days: who must keep something for seven
 * years must not lose its last day.
 */
const DAYS_PER_YEAR = 365.25;

export const DAY_MS = 86_400_000;

const years = (count: number) => Math.ceil(count * DAYS_PER_YEAR);

export const RETENTION_DEFAULTS: RetentionTable = {
  interactions: { hotDays: 30, coldDays: years(2) },
  audit: { hotDays: 90, coldDays: years(7) },
  threats: { hotDays: 90, coldDays: years(2) },
  metrics: { hotDays: 7, coldDays: 90 },
};

/** Fifty years: ClickHouse's clock of TTLs ends in 2106, and beyond its end everything is old. Who means longer says `forever`. */
const MOST_DAYS = years(50);

const HOW = 'Write class=hot/cold, e.g. interactions=30d/2y,audit=90d/forever: a whole number of d or y, or forever.';

/** Reads the table. Throws PARAPET_CONFIG_INVALID naming the part that is wrong. */
export function parseRetention(text: string): RetentionTable {
  const table = { ...RETENTION_DEFAULTS };
  const named = new Set<RetentionClass>();
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [name = '', ages = '', ...more] = part.split('=').map((each) => each.trim());
    const known = RETENTION_CLASSES.find((each) => each === name);
    if (known === undefined) throw invalid(`"${name}" in "${part}" is none of ${RETENTION_CLASSES.join(', ')}.`);
    if (named.has(known)) throw invalid(`${known} is there twice.`);
    named.add(known);
    const [hot, cold, ...rest] = ages.split('/').map((each) => each.trim());
    if (hot === undefined || cold === undefined || more.length + rest.length > 0) throw invalid(`"${part}" is not class=hot/cold.`);
    const retention = { hotDays: days(hot, part), coldDays: days(cold, part) };
    if (outlives(retention.hotDays, retention.coldDays)) throw invalid(`In "${part}" cold must be at least as long as hot.`);
    table[known] = retention;
  }
  return table;
}

/** Whether what is kept for `days` is kept longer than what is kept for `others`. */
export function outlives(days: number, others: number): boolean {
  return others !== 0 && (days === 0 || days > others);
}

/** Milliseconds since 1970 before which an event is older than `days` at `now`; 0, before which nothing is, for ever. */
export function keptSince(days: number, now = Date.now()): number {
  return days === 0 ? 0 : Math.max(0, now - days * DAY_MS);
}

/** `30 d`, `for ever`: an age as people read it. */
export function renderDays(count: number): string {
  return count === 0 ? 'for ever' : `${count} d`;
}

function days(text: string, part: string): number {
  if (text === 'forever') return 0;
  const [, digits, unit] = /^(\d{1,6})([dy])$/.exec(text) ?? [];
  if (digits === undefined) throw invalid(`"${text}" in "${part}" is not an age.`);
  const inDays = unit === 'y' ? years(Number(digits)) : Number(digits);
  if (inDays < 1 || inDays > MOST_DAYS) throw invalid(`"${text}" in "${part}" must be between a day and fifty years, or forever.`);
  return inDays;
}

function invalid(message: string): ParapetError {
  return new ParapetError('PARAPET_CONFIG_INVALID', { message: `PARAPET_RETENTION: ${message}`, hint: HOW });
}
