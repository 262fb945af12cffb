/**
 * Charts as data, and as shapes that PDF and HTML paint each in their own way. A chart never carries a figure alone: the same
 * numbers stand in a table of the report or in a file of the package.
 */
import type { Evidence, Outcome, RequirementResult } from '../types.ts';
import type { Writer } from './words.ts';

/** What a colour stands for; painters know the colours. */
export type Tone = Outcome | 'one' | 'two' | 'three' | 'four' | 'five' | 'six';

export interface Chart {
  title: string;
  /** For readers who do not see it. */
  alt: string;
  /** `bars` lie and have long names; `columns` stand and have short ones. */
  kind: 'bars' | 'columns';
  categories: readonly string[];
  series: readonly { name: string; tone: Tone; values: readonly number[] }[];
  total: number;
}

export interface SectionOutcomes {
  id: string;
  title: string;
  counts: Readonly<Record<Outcome, number>>;
  requirements: readonly RequirementResult[];
}

export const OUTCOMES = ['pass', 'fail', 'gap', 'not_applicable'] as const satisfies readonly Outcome[];

const TONES: readonly Tone[] = ['one', 'two', 'three', 'four', 'five', 'six'];
const MOST_BARS = 14;
const MOST_COLUMNS = 100;

export function outcomesChart(sections: readonly SectionOutcomes[], writer: Writer): Chart {
  return chart(writer, {
    title: writer.words.outcomesBySection,
    kind: 'bars',
    categories: sections.map(({ id, title }) => (id === '?' ? title : id)),
    series: OUTCOMES.map((outcome) => ({
      name: writer.words[outcome],
      tone: outcome,
      values: sections.map(({ counts }) => counts[outcome]),
    })),
  });
}

/** Null where there is nothing to draw. */
export function interactionsChart(evidence: readonly Evidence[], writer: Writer): Chart | null {
  const found = evidence.find(({ collector }) => collector === 'interactions');
  if (found === undefined || found.gap !== null || !has(found, 'day', 'status', 'interactions')) return null;
  const byDay = new Map<string, Map<string, number>>();
  const statuses = new Map<string, number>();
  for (const row of found.rows) {
    const of = String(row['day']).slice(0, 10);
    const name = String(row['status']);
    const value = Number(row['interactions']);
    const counts = byDay.get(of) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + value);
    byDay.set(of, counts);
    statuses.set(name, (statuses.get(name) ?? 0) + value);
  }
  const days = [...byDay.keys()].sort();
  const byNumber = [...statuses].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
  const shown = byNumber.length > TONES.length ? byNumber.slice(0, TONES.length - 1) : byNumber;
  const groups = shown.map((name) => ({ name, members: [name] }));
  if (shown.length < byNumber.length) groups.push({ name: writer.words.others, members: byNumber.slice(shown.length) });
  const figure = (of: string, members: readonly string[]): number =>
    members.reduce((sum, name) => sum + (byDay.get(of)?.get(name) ?? 0), 0);
  return chart(writer, {
    title: writer.words.interactionsByDay,
    kind: 'columns',
    ...(days.length > MOST_COLUMNS ? monthly(days, groups, figure) : daily(days, groups, figure, writer)),
  });
}

type Groups = readonly { name: string; members: readonly string[] }[];
type Drawn = Pick<Chart, 'categories' | 'series'>;

function daily(
  days: readonly string[],
  groups: Groups,
  figure: (day: string, members: readonly string[]) => number,
  writer: Writer,
): Drawn {
  return {
    categories: days.map((day) => writer.day(day)),
    series: groups.map(({ name, members }, i) => ({
      name,
      tone: TONES[i] ?? 'six',
      values: days.map((day) => figure(day, members)),
    })),
  };
}

/** A year of days would be lines, not bars. */
function monthly(days: readonly string[], groups: Groups, figure: (day: string, members: readonly string[]) => number): Drawn {
  const months = [...new Set(days.map((day) => day.slice(0, 7)))];
  return {
    categories: months,
    series: groups.map(({ name, members }, i) => ({
      name,
      tone: TONES[i] ?? 'six',
      values: months.map((month) => days.filter((day) => day.startsWith(month)).reduce((sum, day) => sum + figure(day, members), 0)),
    })),
  };
}

export function threatsChart(evidence: readonly Evidence[], writer: Writer): Chart | null {
  const found = evidence.find(({ collector }) => collector === 'threats');
  if (found === undefined || found.gap !== null || !has(found, 'threat_type', 'threats')) return null;
  const types = new Map<string, number>();
  for (const row of found.rows) {
    const type = String(row['threat_type']);
    types.set(type, (types.get(type) ?? 0) + Number(row['threats']));
  }
  const sorted = [...types].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shown = sorted.length > MOST_BARS ? sorted.slice(0, MOST_BARS - 1) : sorted;
  const rest = sorted.slice(shown.length).reduce((sum, [, value]) => sum + value, 0);
  const bars = rest === 0 ? shown : [...shown, [writer.words.others, rest] as const];
  return chart(writer, {
    title: writer.words.threatsByType,
    kind: 'bars',
    categories: bars.map(([name]) => name),
    series: [{ name: writer.words.threatsByType, tone: 'one', values: bars.map(([, value]) => value) }],
  });
}

const has = ({ columns, rows }: Evidence, ...names: string[]): boolean =>
  rows.length > 0 && names.every((name) => columns.some((column) => column.name === name));

function chart({ words, fill, number }: Writer, parts: Omit<Chart, 'alt' | 'total'>): Chart {
  const { title, categories, series } = parts;
  const sums = series.map(({ values }) => values.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const heights = categories.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const highest = heights.indexOf(Math.max(...heights));
  const told = [
    ...(series.length > 1 ? [`${series.map(({ name }, i) => `${name}: ${number(sums[i] ?? 0)}`).join(', ')}.`] : []),
    ...(highest < 0 ? [] : [fill(words.peak, { category: categories[highest] ?? '', value: heights[highest] ?? 0 })]),
  ];
  return { ...parts, total, alt: fill(words.chartAlt, { title, categories: categories.length, total, series: told.join(' ') }) };
}
