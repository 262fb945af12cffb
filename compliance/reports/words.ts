/**
 * What reports say in each language, and how each reader writes numbers and dates. Dates are always in UTC: a report read in
 * Madrid tells the same hours as one read in Berlin.
 */
import type { Cell, EvidenceColumn, Language, Reason } from '../types.ts';
import { de } from './words/de.ts';
import { en, type Words } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';

export const WORDS: Readonly<Record<Language, Words>> = { en, de, fr, es };

/** British English, because it writes the day before the month as the other three do. */
export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR', es: 'es-ES' };

/** Ways of writing that a reader knows; made once for a report, since Intl is slow to start. */
export interface Writer {
  language: Language;
  words: Words;
  number(value: number): string;
  /** Without the words "UTC": tables say it in their head. */
  instant(iso: string): string;
  day(iso: string): string;
  /** The text with `{name}` filled. */
  fill(text: string, values: Readonly<Record<string, Cell>>): string;
  say(reason: Reason): string;
  cell(value: Cell, column?: EvidenceColumn): string;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/;

export function writerFor(language: Language): Writer {
  const locale = LOCALES[language];
  const words = WORDS[language];
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  // The cost of one call is far below a cent.
  const small = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const instants = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' });
  const days = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', dateStyle: 'medium' });
  const written = (format: Intl.DateTimeFormat, iso: string): string => {
    const at = Date.parse(iso);
    return Number.isNaN(at) ? iso : format.format(at);
  };
  const number = (value: number): string => (Math.abs(value) < 1 ? small : numbers).format(value);
  const instant = (iso: string): string => written(instants, iso);
  const day = (iso: string): string => written(days, iso);
  const cell = (value: Cell, column?: EvidenceColumn): string => {
    if (value === null) return '–';
    if (column?.kind === 'personal') return words.sealed;
    if (typeof value === 'number') return number(value);
    if (typeof value === 'boolean') return value ? words.yes : words.no;
    if (column?.kind === 'time' && column.name === 'day') return day(value);
    return column?.kind === 'time' || INSTANT.test(value) ? instant(value) : value;
  };
  const fill = (text: string, values: Readonly<Record<string, Cell>>): string =>
    text.replace(/\{(\w+)\}/g, (place, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined ? place : cell(value);
    });
  return {
    language,
    words,
    number,
    instant,
    day,
    fill,
    say: ({ text, values }) => fill(text[language], values),
    cell,
  };
}

/** A reason as its reader sees it. */
export function say(reason: Reason, language: Language): string {
  return writerFor(language).say(reason);
}
