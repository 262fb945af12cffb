/**
 * What an evaluation is made of: labelled texts, one JSON object a line. A row crosses a border here, so it is checked
 * here; and since the texts are attacks, a complaint about a row never quotes it.
 */
import { z } from 'zod';
import type { PiiRow } from '../pii/evaluate.ts';

const threatRow = z.object({
  text: z.string(),
  label: z.enum(['attack', 'benign']),
  id: z.string().default(''),
  kind: z.string().default('unknown'),
  lang: z.string().default('unknown'),
  source: z.string().default('unknown'),
});

const piiRow = z
  .object({
    text: z.string(),
    spans: z.array(z.object({ type: z.string(), start: z.int().nonnegative(), end: z.int().nonnegative() })),
  })
  .refine(({ text, spans }) => spans.every(({ start, end }) => start < end && end <= text.length), {
    message: 'a span ends before it starts, or outside the text',
    path: ['spans'],
  });

export type ThreatRow = z.infer<typeof threatRow>;

/** A row, or what is wrong with it in words that are safe to print. */
export type Parsed<Row> = { row: Row } | { problem: string };

export const parseThreatRow = (line: Uint8Array): Parsed<ThreatRow> => parseRow(line, threatRow);
export const parsePiiRow = (line: Uint8Array): Parsed<PiiRow> => parseRow(line, piiRow);

/** The fields that rows can be left out by. */
export const FIELDS = ['source', 'kind', 'lang', 'label'] as const;
/** Values that a row must have, all of them, to be left out. */
export type Filter = { [Field in (typeof FIELDS)[number]]?: string };

/** The rows that no filter names. */
export function without(rows: readonly ThreatRow[], filters: readonly Filter[]): ThreatRow[] {
  return rows.filter(
    (row) => !filters.some((filter) => FIELDS.every((field) => filter[field] === undefined || filter[field] === row[field])),
  );
}

function parseRow<Row>(line: Uint8Array, schema: z.ZodType<Row>): Parsed<Row> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch {
    return { problem: 'is not UTF-8' };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'is not JSON' };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { row: parsed.data };
  const [issue] = parsed.error.issues;
  return { problem: `is no row: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}` };
}
