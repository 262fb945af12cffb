/**
 * How well sensitive data is found, on texts whose spans are labelled. Strict: type, start and end must all be right.
 * Data sets name types their own way, so both sides go through one table; what a set labels and we do not look for
 * (`TITLE`) is left out, and so is a finding of ours of a type that the set never labels. The subtle point is addresses:
 * some label house number, street, flat, town and code one by one and some as one, often in the same set, so on both
 * sides the parts of an address that follow one another count as one address.
 */
import { createFinder } from './find.ts';

export interface PiiRow {
  text: string;
  spans: { type: string; start: number; end: number }[];
}

export interface Score {
  precision: number;
  recall: number;
  f1: number;
}

export interface PiiScore extends Score {
  byType: Record<string, Score & { support: number }>;
}

/** Other names for our types, as public data sets have them. */
const SAME: Record<string, string> = {
  GPE: 'LOCATION',
  DOMAIN_NAME: 'URL',
  US_DRIVER_LICENSE: 'DRIVER_LICENSE',
  US_PASSPORT: 'PASSPORT',
  DATE_OF_BIRTH: 'DATE_TIME',
};
/** Labelled by some, personal to nobody. */
const LEFT_OUT: ReadonlySet<string> = new Set(['TITLE']);

/** Parts of an address, and what may stand between two of them. */
const ADDRESS_PARTS: ReadonlySet<string> = new Set(['STREET_ADDRESS', 'LOCATION', 'ZIP_CODE']);
const BETWEEN_PARTS = /^[\s,.>]{0,8}$/;

interface Span {
  type: string;
  start: number;
  end: number;
}

interface Tally {
  right: number;
  found: number;
  labelled: number;
}

export function evaluatePii(rows: readonly PiiRow[]): PiiScore {
  const find = createFinder(() => true, 0);
  // A set that labels dates of birth as such is measured on them; one that knows dates only, on dates.
  const labelsBirths = rows.some(({ spans }) => spans.some(({ type }) => type === 'DATE_OF_BIRTH'));
  const nameOf = (type: string): string => (type === 'DATE_OF_BIRTH' && labelsBirths ? type : (SAME[type] ?? type));
  const tallies = new Map<string, Tally>();
  const labelled = rows.map(({ text, spans }) =>
    joined(
      text,
      spans.filter(({ type }) => !LEFT_OUT.has(type)).map((span) => ({ ...span, type: nameOf(span.type) })),
    ),
  );
  for (const spans of labelled) for (const { type } of spans) tallies.set(type, { right: 0, found: 0, labelled: 0 });
  rows.forEach(({ text }, row) => {
    const open = new Set<string>();
    for (const { type, start, end } of labelled[row] as Span[]) {
      (tallies.get(type) as Tally).labelled++;
      open.add(`${type} ${start} ${end}`);
    }
    const found = find(text).map(({ type, start, end }) => ({ type: nameOf(type), start, end }));
    for (const { type, start, end } of joined(text, found)) {
      const tally = tallies.get(type);
      if (tally === undefined) continue;
      tally.found++;
      if (open.delete(`${type} ${start} ${end}`)) tally.right++;
    }
  });
  const all: Tally = { right: 0, found: 0, labelled: 0 };
  const byType: PiiScore['byType'] = {};
  for (const [type, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    all.right += tally.right;
    all.found += tally.found;
    all.labelled += tally.labelled;
    byType[type] = { ...scoreOf(tally), support: tally.labelled };
  }
  return { ...scoreOf(all), byType };
}

/** The spans in order, with the parts of each address made one. */
function joined(text: string, spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const previous = out.at(-1);
    const isPart = previous !== undefined && ADDRESS_PARTS.has(previous.type) && ADDRESS_PARTS.has(span.type);
    if (
      isPart &&
      (previous.type === 'STREET_ADDRESS' || span.type === 'STREET_ADDRESS') &&
      BETWEEN_PARTS.test(text.slice(previous.end, span.start))
    ) {
      out[out.length - 1] = { type: 'STREET_ADDRESS', start: previous.start, end: Math.max(previous.end, span.end) };
    } else out.push(span);
  }
  return out;
}

function scoreOf({ right, found, labelled }: Tally): Score {
  const precision = found === 0 ? 1 : right / found;
  const recall = labelled === 0 ? 1 : right / labelled;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
